"""The files of a proposal, as text: adapter, mapping, crosswalks, suite.

Invariant: every value that is not decided is a TODO, which no loader takes; the rest is complete, so that the files
load once the last TODO is gone. No value of a record stands in them but codes that many rows have.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comity.workbench.rules import MANY, Written

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence

    from comity.standard import RecordType, Standard
    from comity.workbench.known_codes import KnownCodes
    from comity.workbench.look import Export
    from comity.workbench.match import Matched, Proposal
    from comity.workbench.table import SampleField, Table

_WIDTH = 118
_DATE_IN_NAME = re.compile(r"\d{4}-?\d{2}-?\d{2}|\d{4,}")


@dataclass(frozen=True)
class Owner:
    source: str
    country: str
    authority: str


@dataclass(frozen=True)
class Database:
    """``variable``: of the environment, holds the URL."""

    variable: str
    query: str


def adapter_yaml(
    export: Export, matched: Matched, owner: Owner, shape: RecordType, database: Database | None
) -> str:
    """``adapter.yaml``. What only the owner's agreement says is a TODO."""
    lines = [
        *_comment(
            f"Proposed by `comity adapter new` from {', '.join(export.files) or 'a query'}: {_looked(export)}. Each "
            "TODO is for a person to decide; until then no run takes the source."
        ),
        f"source: {owner.source}",
        f"title: {flow(owner.source.replace('-', ' ').capitalize())}",
        f"owner: {flow({'country': owner.country, 'authority': owner.authority})}",
        "delivery:",
    ]
    if database is not None:
        url = "${" + database.variable + "}"
        lines += ["  database:", f"    url: {flow(url)}", f"    query: {flow(database.query)}"]
    else:
        patterns, order = _patterns(export.files)
        lines.append(f"  files: {flow(patterns)}")
        if order:
            lines.append(f"  order: {flow(order)}")
    lines += [
        "  # full: an export is the whole register, and what is missing from it was withdrawn; delta or window:",
        "  # it brings some records and the others stay.",
        "  kind: TODO full, delta or window",
        "  due: irregular",
        *_formats(export.tables),
        "fields:",
        *(line for field in export.fields for line in _field(field, _sensitivity(field, matched, shape), 2)),
        "# The owner's conditions, from the agreement; the codes: comity standard codes confidentiality, … purpose.",
        "handling:",
        "  confidentiality: TODO",
        "  handling_codes: []",
        "  permitted_purposes: [TODO]",
        "  evaluation_scheme: NONE",
        "retention: {review_after: TODO for example 3 years, purge_after: TODO for example 10 years}",
        f"volume: {flow(_volume(export))}",
    ]
    return "\n".join(lines) + "\n"


def mapping_yaml(
    export: Export, matched: Matched, owner: Owner, shape: RecordType, rules: Mapping[str, tuple[Proposal, Written]],
    columns: Mapping[str, tuple[str, Any]], derived: Mapping[str, tuple[str, Any]],
) -> str:  # fmt: skip
    """The mapping. ``rules``: field → what fills it; ``columns``: further columns with the reason for each, and those
    that are ``derived`` from fields above them.
    """
    lines = [
        *_comment(
            f"Proposed by `comity adapter new`: {_looked(export)}. Above each rule stands how sure it is, 0 to 1, and "
            "why. A rule with a TODO is a guess: correct it, or remove the TODO."
        ),
        f"source: {owner.source}",
        f"record: {shape.name}",
    ]
    if matched.near:
        doubt = f"TODO the record type is not plain: {' or '.join(matched.near)}? --record decides it"
        lines.append(f"description: {flow(doubt)}")
    if matched.key_doubt:
        lines += _comment(matched.key_doubt)
    key = [f"TODO {matched.key[0]}" if matched.key else "TODO"] if matched.key_doubt else list(matched.key)
    lines += [f"key: {flow(key)}", "duplicates: keep_first", "fields:"]
    for column, (reason, rule) in columns.items():
        lines += _comment(reason, "  ")
        lines.append(f"  {column}: {flow(rule)}")
    ignored: dict[str, str] = {}
    for name, (proposal, written) in rules.items():
        for line in _comment(
            f"{proposal.confidence:.2f}  {name}: {'; '.join(proposal.reasons) or 'no reason'}", "  "
        ):
            lines.append(line)
        doubts = [*proposal.doubts, *written.doubts]
        for place, (column, rule) in enumerate(written.rules.items()):
            lines.append(
                f"  {flow(column)}: {flow(_with_todo(rule, doubts) if doubts and not place else rule)}"
            )
    for column, (reason, rule) in derived.items():
        lines += _comment(reason, "  ")
        lines.append(f"  {column}: {flow(rule)}")
    for proposal in matched.proposals:
        if proposal.field in rules or proposal.as_key:
            continue
        ignored[proposal.field] = (
            proposal.ignore or f"TODO {'; '.join(proposal.doubts)} ({'; '.join(proposal.reasons)})"
        )
    for field in export.fields:
        if field.records:
            ignored[field.name] = (
                "TODO a list of records: map it with 'each', perhaps to a record type of its own, or say why not"
            )
    if ignored:
        lines += ["ignored:", *(f"  {flow(name)}: {flow(reason)}" for name, reason in ignored.items())]
    return "\n".join(lines) + "\n"


def crosswalk_csv(
    counted: Counter[str], code_list: str, known: KnownCodes, standard: Standard
) -> tuple[str, int, int]:
    """The lines of a crosswalk; how many of them are not decided, and how many rare codes were left out."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("source_code", "label", "standard_code", "relation", "status", "reviewer", "date"))
    undecided = rare = 0
    codes = standard.code_lists[code_list].codes
    for value, count in sorted(counted.items(), key=lambda each: (-each[1], each[0])):
        found = known.code(code_list, value)
        if found is not None:
            code = found[0]
            relation = (
                "exact"
                if value.casefold() in (code.casefold(), codes[code].label.casefold())
                else "TODO exact?"
            )
            if "crosswalk" in found[1] or "language" in found[1]:
                relation = "exact"
            writer.writerow((value, codes[code].label, code, relation, "proposed", "", ""))
            undecided += relation.startswith("TODO")
        elif count >= MANY:
            writer.writerow((value, "", "TODO", "TODO", "proposed", "", ""))
            undecided += 1
        else:
            rare += 1
    return out.getvalue(), undecided, rare


def suite_yaml(
    owner: Owner,
    shape: RecordType,
    rules: Mapping[str, tuple[Proposal, Written]],
    matched: Matched,
    rows: int,
) -> str:
    """What the sample lets one expect of every export: filled columns stay filled, and volumes stay near."""
    lines = [
        *_comment("Proposed by `comity adapter new`: thresholds from the sample, with room. "
                  "A rule that is too narrow warns and blocks nothing."),
        f"source: {owner.source}",
        f"record: {shape.name}",
        "expectations:",
    ]  # fmt: skip
    columns = {column.name: column for column in shape.columns}
    lines += _rule(
        "expect_row_count_to_change_by_at_most",
        {"decrease_percent": 30, "increase_percent": 50, "minimum_records": 100},
        f"{owner.source}.volume",
        "An export much smaller or larger than the last is most likely cut off or doubled.",
    )
    for name, (proposal, written) in rules.items():
        if proposal.undecided or written.doubts:
            continue
        column = next(iter(written.rules))
        values = matched.seen[name].values
        share = values.filled / rows if rows else 0.0
        if columns[column].is_list or columns[column].required or share < 0.3:
            continue
        mostly = max(0.0, math.floor((share - 0.05) * 20) / 20)
        lines += _rule(
            "expect_column_values_to_not_be_null",
            {"column": column, "mostly": mostly},
            f"{owner.source}.{column}-filled",
            f"In the sample {share:.0%} of the rows had it; far fewer is a field that the source lost.",
        )
    return "\n".join(lines) + "\n"


def _rule(kind: str, kwargs: Mapping[str, Any], name: str, why: str) -> list[str]:
    return [
        f"  - type: {kind}",
        f"    kwargs: {flow(kwargs)}",
        "    severity: warning",
        f"    meta: {flow({'id': name.replace('_', '-'), 'why': why})}",
    ]


def _with_todo(rule: Any, doubts: Sequence[str]) -> dict[str, Any]:
    whole = rule if isinstance(rule, Mapping) else {"from": rule}
    return {**whole, "TODO": "; ".join(dict.fromkeys(doubts))}


def flow(value: Any) -> str:
    """As YAML on one line; a text is quoted where it must be."""
    import yaml

    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=math.inf, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...").strip()


def _comment(text: str, indent: str = "") -> list[str]:
    import textwrap

    return textwrap.wrap(
        " ".join(text.split()),
        _WIDTH,
        initial_indent=f"{indent}# ",
        subsequent_indent=f"{indent}# ",
        break_on_hyphens=False,
    )


def _looked(export: Export) -> str:
    about = sum(table.estimated or table.rows for table in export.tables)
    if export.rows >= about:
        return f"all {export.rows:,} rows looked at"
    return f"{export.rows:,} rows looked at, of about {about:,} (head, tail and places between)"


def _patterns(names: Sequence[str]) -> tuple[list[str], str | None]:
    """Names without their dates, and the regular expression that sorts by them."""
    found = [re.sub(r"(\*[-_.]?)+\*", "*", _DATE_IN_NAME.sub("*", name)) for name in names]
    dated = all(re.search(r"\d{4}-?\d{2}-?\d{2}", name) for name in names)
    order = r"(\d{4}-?\d{2}-?\d{2})" if dated and names else None
    return list(dict.fromkeys(found)), order


def _formats(tables: Sequence[Table]) -> list[str]:
    lines: list[str] = []
    for number, table in enumerate(tables):
        lead = "  " if len(tables) == 1 else "  - "
        if number == 0:
            lines.append("format:")
        lines += [each for evidence in table.evidence for each in _comment(evidence, "  ")]
        for key, value in table.format.items():
            doubt = table.doubts.get(key)
            if doubt:
                lines += _comment(doubt, "    ")
            written = f"TODO {value}?" if doubt else "\t" if value == "\t" else value
            lines.append(f"{lead}{key}: {_tab(flow(written))}")
            lead = "  " if len(tables) == 1 else "    "
        for key, doubt in table.doubts.items():
            if key not in table.format:
                lines += [
                    *_comment(doubt, "    "),
                    f"{lead}{key}: {flow(f'TODO {1 if table.named else 0}?')}",
                ]
    return lines


def _tab(text: str) -> str:
    return text.replace("'\t'", '"\\t"').replace("'\n'", '"\\n"')


def _field(field: SampleField, sensitivity: str, indent: int) -> list[str]:
    entry: dict[str, Any] = {"name": field.name}
    if field.path:
        entry["path"] = field.path
    if field.aliases:
        entry["aliases"] = list(field.aliases)
    if field.start is not None:
        described = field.description or "TODO is the cut right?"
        entry |= {"start": field.start, "length": field.length, "description": described}
    if field.many:
        entry["many"] = True
    if field.optional:
        entry["optional"] = True
    if sensitivity != "none":
        entry["sensitivity"] = sensitivity
    pad = " " * indent
    if not field.records:
        return [f"{pad}- {flow(entry if len(entry) > 1 else field.name)}"]
    lines = [f"{pad}- name: {flow(field.name)}"]
    lines += [f"{pad}  {key}: {flow(value)}" for key, value in entry.items() if key != "name"]
    lines.append(f"{pad}  records:")
    for inner in field.records:
        lines += _field(inner, "none", indent + 4)
    return lines


def _sensitivity(field: SampleField, matched: Matched, shape: RecordType) -> str:
    columns = {column.name: column.sensitivity for column in shape.columns}
    for proposal in matched.proposals:
        if proposal.field == field.name:
            return columns.get(proposal.column or proposal.contested or "", "none")
    return "none"


def _volume(export: Export) -> dict[str, int]:
    about = max((table.estimated or table.rows for table in export.tables), default=1)
    return {"minimum_rows": max(1, about // 10), "maximum_rows": max(1000, about * 5)}
