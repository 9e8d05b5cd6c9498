"""How far the codes of every country are mapped, code list by code list.

Invariant: what is counted is said: lines of crosswalks from the files, values from the last release. A list that a
country does not use is not in it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from comity.store.view_sql import identifier, literal
from comity.workbench.codes.uses import SAME, all_crosswalks, crosswalk_uses

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from comity.nightly.source import Federation
    from comity.standard import Column, Standard
    from comity.workbench.codes.uses import Use


@dataclass(frozen=True)
class Coverage:
    """One code list as one source uses it. ``lines``: of its crosswalks, of which so many are reviewed and so many say
    that nothing fits. ``reached``: codes of the list that a line leads to, of ``codes``. ``mapped`` and ``unmapped``:
    records in the last release with a code, and with one that no crosswalk has; None where nothing is published.
    """

    code_list: str
    country: str
    source: str
    columns: tuple[str, ...]
    crosswalks: tuple[str, ...]
    lines: int
    reviewed: int
    without_equivalent: int
    reached: int
    codes: int
    mapped: int | None
    unmapped: int | None

    @property
    def share(self) -> float | None:
        """Of the records that have a code, the part whose code is mapped."""
        if self.mapped is None or self.unmapped is None or not self.mapped + self.unmapped:
            return None
        return self.mapped / (self.mapped + self.unmapped)


def coverage(
    federation: Federation, connection: DuckDBPyConnection | None, sources: tuple[str, ...] = ()
) -> tuple[Coverage, ...]:
    """By code list and country. ``connection``: the views of the last release, where there is one."""
    root, standard = federation.root, federation.standard
    countries = {source.source_id: source.adapter.owner.country for source in federation.sources}
    uses = crosswalk_uses(root, standard, sources)
    crosswalks = all_crosswalks(root, uses)
    counted = _counts(connection, uses, standard) if connection is not None else {}
    groups: dict[tuple[str, str], list[Use]] = defaultdict(list)
    for use in uses:
        if use.code_list is not None and use.source in countries:
            groups[use.code_list, use.source].append(use)
    found = []
    for (code_list, source), own in groups.items():
        names = tuple(dict.fromkeys(use.crosswalk for use in own))
        files = [crosswalks[source, name] for name in names if (source, name) in crosswalks]
        targets = {target for each in files for target in each.codes.values() if target is not None}
        columns = tuple(dict.fromkeys((use.record_type, use.column) for use in own))
        values = [counted[source, *column] for column in columns if (source, *column) in counted]
        codes = standard.code_lists[code_list].codes
        found.append(
            Coverage(
                code_list,
                countries[source],
                source,
                tuple(".".join(column) for column in columns),
                names,
                sum(len(each.codes) for each in files),
                sum(status == "reviewed" for each in files for status in each.statuses.values()),
                sum(target is None for each in files for target in each.codes.values()),
                len(codes if SAME in names else targets),
                len(codes),
                sum(mapped for mapped, _ in values) if values else None,
                sum(unmapped for _, unmapped in values) if values else None,
            )
        )
    return tuple(sorted(found, key=lambda each: (each.code_list, each.country, each.source)))


def _counts(
    connection: DuckDBPyConnection, uses: tuple[Use, ...], standard: Standard
) -> dict[tuple[str, str, str], tuple[int, int]]:
    """(source, record type, column) → records with a code, records with one that is unmapped."""
    columns: dict[str, dict[str, None]] = defaultdict(dict)
    for use in uses:
        columns[use.record_type][use.column] = None
    found = {}
    for record_type, names in columns.items():
        kind = standard.record_type(record_type)
        told = ", ".join(
            f"count(*) FILTER ({_filled(kind.column(name))}), "
            f"count(*) FILTER (list_contains(quality_flags, {literal(name + ':unmapped')}))"
            for name in names
        )
        rows = connection.execute(
            f"SELECT source_id, {told} FROM {identifier(record_type)} GROUP BY 1"
        ).fetchall()
        for source, *counts in rows:
            for place, name in enumerate(names):
                found[source, record_type, name] = (counts[2 * place], counts[2 * place + 1])
    return found


def _filled(column: Column) -> str:
    name = identifier(column.name)
    return f"len({name}) > 0" if column.is_list else f"{name} IS NOT NULL"
