"""The page of a column: its meaning, who fills it, and the way back to the source's fields by which rule.

Invariant: every source that holds the record type is in both tables, also one that does not fill the column.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from comity.catalog.frame import Html, facts, page, paragraph, shaded, table
from comity.catalog.place import link
from comity.catalog.text import column_facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from comity.catalog.catalog import Catalog
    from comity.catalog.frame import Cell
    from comity.catalog.lineage import Lineage, Rule
    from comity.standard import Column, RecordType


def column_page(catalog: Catalog, record_types: Sequence[RecordType], column: Column, footer: str) -> str:
    """The page as HTML; ``record_types``: the one that has it, or all for a column of the envelope."""
    several = len(record_types) > 1
    title = column.name if several else f"{record_types[0].name}.{column.name}"
    told = [(label, _fact(label, text, column)) for label, text in column_facts(column)]
    where = (
        "every record type"
        if several
        else Html(link("record type", record_types[0].name, record_types[0].title))
    )
    names = [each.name for each in record_types]
    lineages = [each for each in catalog.lineage if each.record_type in names]
    body = [
        paragraph(column.description),
        facts((("of", where), *told)),
        "<h2>Coverage</h2>" + _coverage(catalog, names, column, several),
        "<h2>Lineage</h2>"
        + _lineage(catalog, [each for each in lineages if not each.earlier], column, several),
        _before(catalog, [each for each in lineages if each.earlier], column, several),
    ]
    return page(title, body, footer)


def _fact(label: str, text: str, column: Column) -> Cell:
    if label == "code list" and column.code_list:
        return Html(link("code list", column.code_list))
    return Html(f"<code>{escape(text)}</code>") if label == "pattern" else text


def _coverage(catalog: Catalog, names: Sequence[str], column: Column, several: bool) -> str:
    rows: list[tuple[Cell, ...]] = []
    for held in catalog.held:
        if held.record_type not in names:
            continue
        flags = ", ".join(
            f"{count:,} {reason}" for reason, count in held.flagged.get(column.name, {}).items()
        )
        which = (Html(link("record type", held.record_type)),) if several else ()
        rows.append(
            (
                Html(link("source", held.source_id)),
                f"{held.owner_country} {catalog.country(held.owner_country)}",
                *which,
                flags,
                f"{held.filled.get(column.name, 0):,}",
                f"{held.records:,}",
                shaded(held.share(column.name)),
            )
        )
    if not rows:
        return paragraph("No source of this release gives records that have this column.")
    between = ("Record type",) if several else ()
    head = ("Source", "Owner", *between, "Not taken over", "Filled", "Records", "Share")
    return table(head, rows, numbers=3)


def _lineage(catalog: Catalog, lineages: Iterable[Lineage], column: Column, several: bool) -> str:
    rows: list[tuple[Cell, ...]] = []
    for lineage in lineages:
        rules = lineage.of(column)
        which = (Html(link("record type", lineage.record_type)),) if several else ()
        rows.append(
            (
                Html(link("source", lineage.source_id)),
                *which,
                Html("<br>".join(_fields(catalog, lineage, rule) for rule in rules), "list"),
                Html("<br>".join(rule_html(rule) for rule in rules) or "not filled by this source", "rule"),
                Html(f"<code>{escape(lineage.mapping_version)}</code>"),
            )
        )
    if not rows:
        return paragraph("Nothing of this release fills it.")
    between = ("Record type",) if several else ()
    return table(("Source", *between, "Source fields", "Rule", "Mapping version"), rows)


def _fields(catalog: Catalog, lineage: Lineage, rule: Rule) -> str:
    source = catalog.source(lineage.source_id)
    known = {field.path for field in source.fields} if source else set()
    return ", ".join(
        link("source", lineage.source_id, field, at=field)
        if field in known
        else f"<code>{escape(field)}</code>"
        for field in rule.reads
    )


def rule_html(rule: Rule) -> str:
    """A rule as it stands in the mapping; what the engine does is said in words."""
    kind = f"{escape(rule.kind)}: " if rule.kind else ""
    text = escape(rule.text)
    return f"{kind}<code>{text}</code>" if rule.by == "mapping" else f"{kind}{text}"


def _before(catalog: Catalog, lineages: Sequence[Lineage], column: Column, several: bool) -> str:
    """Records of earlier exports keep the mapping that made them."""
    if not lineages:
        return ""
    return (
        f"<details><summary>{len(lineages)} earlier mapping versions, whose records are still in the release</summary>"
        f"{_lineage(catalog, lineages, column, several)}</details>"
    )
