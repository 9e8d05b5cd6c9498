"""Instants: a text with an offset, or the local time of a zone.

Invariant: an instant is written only where the text names exactly one. The local hour that comes twice when summer
time ends, and the one that it skips, name none: both are flagged and neither is guessed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comity.errors import MappingError, nearest
from comity.mappings.date_sql import whole_years
from comity.mappings.probe import check_timestamp_format
from comity.mappings.text_steps import sql_text
from comity.mappings.value import Issue, Steps, Value, understood

if TYPE_CHECKING:
    from comity.mappings.rule import Rule
    from comity.standard import Column


def read_timestamp(rule: Rule, text: str, column: Column, steps: Steps) -> Value:
    """The instant that ``text`` names."""
    formats = rule.timestamp or ()
    for form in formats:
        check_timestamp_format(form)
    offsets = ["%z" in form for form in formats]
    if any(offsets) != all(offsets) or any(offsets) == (rule.zone is not None):
        raise MappingError(
            "mapping.timestamp-needs-zone",
            "A timestamp has an offset (%z) in every format, or the rule names the zone of its local time",
            found=", ".join(formats),
            remedy="add %z, or 'zone:' with an IANA name such as Europe/Stockholm",
        )
    reads = [whole_years(f"try_strptime({text}, {sql_text(form)})", text) for form in formats]
    read = reads[0] if len(reads) == 1 else f"coalesce({', '.join(reads)})"
    if rule.zone is None:
        return understood(text, steps.parse(column.name, read))
    _check_zone(rule.zone)
    return _local(text, steps.parse(f"{column.name} local", read), sql_text(rule.zone), column, steps)


def _local(text: str, local: str, zone: str, column: Column, steps: Steps) -> Value:
    # The offsets of the day before and of the day after are the same but around a change: then the local time is an
    # instant by the one, by the other, by both (the hour comes twice) or by neither (the hour was skipped).
    as_utc = f"timezone('UTC', {local})"
    before, after = (
        steps.parse(
            f"{column.name} {name}",
            f"{as_utc} - (timezone({zone}, {as_utc} {sign} INTERVAL 24 HOUR) - ({local} {sign} INTERVAL 24 HOUR))",
        )
        for name, sign in (("before", "-"), ("after", "+"))
    )
    by_before, by_after = f"timezone({zone}, {before}) = {local}", f"timezone({zone}, {after}) = {local}"
    ambiguous = f"({before} <> {after} AND {by_before} AND {by_after})"
    skipped = f"({before} <> {after} AND NOT {by_before} AND NOT {by_after})"
    value = (
        f"CASE WHEN {before} = {after} THEN {before} WHEN {ambiguous} THEN NULL "
        f"WHEN {by_before} THEN {before} WHEN {by_after} THEN {after} END"
    )
    return Value(
        value,
        (
            Issue(
                f"({text} IS NOT NULL AND {local} IS NULL)",
                "'unparseable'",
                "flag",
                "mapping.value-unparseable",
                text,
            ),
            Issue(ambiguous, "'ambiguous'", "flag", "mapping.value-ambiguous", text),
            Issue(skipped, "'no_such_local_time'", "flag", "mapping.value-unparseable", text),
        ),
    )


def _check_zone(zone: str) -> None:
    import zoneinfo

    if zone not in zoneinfo.available_timezones():
        raise MappingError(
            "mapping.unknown-zone",
            f"Nobody knows the time zone '{zone}'",
            remedy=nearest(zone, zoneinfo.available_timezones()),
        )
