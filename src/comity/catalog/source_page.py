"""The page of a source: whose it is, on what terms, how fresh, what it fills, what became of its fields, its quality.

Invariant: every declared field is there with the columns it becomes, or the reason why it is not used.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from comity.catalog.frame import Html, facts, page, paragraph, shaded, table
from comity.catalog.place import anchor, link
from comity.catalog.quality_page import checks_table
from comity.catalog.record_page import column_name
from comity.nightly.reports.chart import number, sparkline

if TYPE_CHECKING:
    from collections.abc import Iterable

    from comity.catalog.catalog import Catalog
    from comity.catalog.coverage import Held
    from comity.catalog.frame import Cell
    from comity.catalog.source_entry import SourceEntry


def source_page(catalog: Catalog, source: SourceEntry, footer: str) -> str:
    """The page as HTML."""
    owner = f"{source.owner_country} {catalog.country(source.owner_country)}"
    held = catalog.of_source(source.source_id)
    fresh = source.freshness
    told: list[tuple[str, Cell]] = [
        ("source", Html(f"<code>{escape(source.source_id)}</code>")),
        ("owner", ", ".join(each for each in (owner, source.authority) if each)),
        ("exports", ", ".join(each for each in (source.kind, fresh.due) if each)),
        ("overdue", Html('<span class="marked">yes</span>') if fresh.stale else ""),
        ("last published", f"{fresh.last_published:%Y-%m-%d %H:%M} UTC" if fresh.last_published else ""),
        ("last export", source.last_outcome),
        ("licence", source.licence),
        ("attribution", source.attribution),
        *((label.replace("_", " "), text) for label, text in (source.handling or {}).items()),
    ]
    body = [
        paragraph(source.description),
        facts(told),
        *(f'<p class="marked">{escape(note[0].upper() + note[1:])}</p>' for note in source.notes),
        *(_filled(catalog, each) for each in held),
        paragraph("" if held else "Nothing of it is in this release."),
        _fields(catalog, source),
        _quality(catalog, source),
    ]
    return page(source.name, body, footer)


def _filled(catalog: Catalog, held: Held) -> str:
    record_type = catalog.standard.record_types.get(held.record_type)
    head = f"<h2>{link('record type', held.record_type)}: {held.records:,} records</h2>"
    if record_type is None:
        return head
    lineage = next(
        (each for each in catalog.lineage_of(held.record_type)
         if each.source_id == held.source_id and not each.earlier),
        None,
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    empty = []
    for column in record_type.columns:
        flags = held.flagged.get(column.name, {})
        share = held.share(column.name)
        if column.envelope and not flags:
            continue
        if not share and not flags:
            empty.append(link("column", column_name(record_type, column), column.name))
            continue
        rules = lineage.of(column) if lineage else ()
        reads = dict.fromkeys(field for rule in rules for field in rule.reads)
        rows.append(
            (
                Html(link("column", column_name(record_type, column), column.name)),
                Html(", ".join(_field(catalog, held.source_id, field) for field in reads)),
                ", ".join(f"{count:,} {reason}" for reason, count in flags.items()),
                shaded(share),
            )
        )
    rest = f"<p><small>Not filled: {', '.join(empty)}</small></p>" if empty else ""
    return head + table(("Column", "Source fields", "Not taken over", "Share"), rows, numbers=1) + rest


def _field(catalog: Catalog, source_id: str, field: str) -> str:
    """A link to a declared field; what a mapping makes of a row itself, such as a position, is none."""
    source = catalog.source(source_id)
    declared = source is not None and any(each.path == field for each in source.fields)
    return f'<a href="#{anchor(field)}">{escape(field)}</a>' if declared else f"<code>{escape(field)}</code>"


def _fields(catalog: Catalog, source: SourceEntry) -> str:
    if not source.fields:
        return ""
    return "<h2>Fields</h2>" + table(
        ("Field", "Meaning", "Sensitivity", "Becomes"), _field_rows(catalog, source)
    )


def _field_rows(catalog: Catalog, source: SourceEntry) -> Iterable[tuple[Cell, ...]]:
    lineages = [each for each in catalog.lineage if each.source_id == source.source_id and not each.earlier]
    for field in source.fields:
        columns = []
        for each in lineages:
            record_type = catalog.standard.record_types.get(each.record_type)
            known = {column.name: column for column in record_type.columns} if record_type else {}
            columns += [
                link("column", column_name(record_type, known[name]), f"{each.record_type}.{name}")
                if record_type and name in known
                else f"<code>{escape(f'{each.record_type}.{name}')}</code>"
                for name in each.filled_from(field.path)
            ]
        if used := (source.used or {}).get(field.path):
            columns.append(escape(used))
        ignored = (source.ignored or {}).get(field.path)
        became = ", ".join(columns) or (f"not used: {escape(ignored)}" if ignored else "")
        yield (
            Html(f'<code id="{anchor(field.path)}">{escape(field.path)}</code>'),
            Html(escape(field.description), "told"),
            field.sensitivity,
            Html(became, "told"),
        )


def _quality(catalog: Catalog, source: SourceEntry) -> str:
    quality = catalog.quality
    held = quality.held.get(source.source_id)
    if held is None:
        return "<h2>Quality</h2>" + paragraph("No run has judged it yet.")
    last = quality.last(source.source_id)
    line = sparkline("checks that hold", held, " %")
    return (
        f"<h2>Quality</h2>{line}<p>{number(last)} % of its checks held when it was last judged. The line goes over the "
        f"last {len(quality.runs)} runs with results.</p>{checks_table(quality.checks[source.source_id])}"
    )
