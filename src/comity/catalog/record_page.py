"""The page of a record type: what it is, who holds it, and how much of every column each country fills.

Invariant: every column of the standard stands in it, also those that nobody fills.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from comity.catalog.frame import Html, facts, page, paragraph, shaded, table
from comity.catalog.place import link
from comity.catalog.text import unit_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from comity.catalog.catalog import Catalog
    from comity.standard import Column, RecordType


def record_page(catalog: Catalog, record_type: RecordType, footer: str) -> str:
    """The page as HTML."""
    held = catalog.of_type(record_type.name)
    countries = sorted({each.owner_country for each in held})
    records = catalog.records(record_type.name)
    told = facts(
        (
            ("name in SQL", Html(f"<code>{record_type.name}</code>")),
            ("after", record_type.origin),
            ("records", f"{records:,}"),
        )
    )
    heads = ("Source", "Owner", "Last published", "Records")
    envelope = [column for column in record_type.columns if column.envelope]
    body = [
        paragraph(record_type.description),
        told,
        "<h2>Who holds it</h2>" + table(heads, _holders(catalog, record_type), numbers=1)
        if held
        else paragraph("No source of this release gives records of this type."),
        "<h2>Columns</h2>",
        _matrix(catalog, record_type, countries, record_type.own_columns, "Its own columns"),
        "<h2>Columns of every record</h2>",
        _matrix(catalog, record_type, countries, envelope, "The envelope"),
        _retired(record_type),
    ]
    return page(record_type.title, body, footer)


def _holders(catalog: Catalog, record_type: RecordType) -> Iterable[tuple[str | Html, ...]]:
    for each in catalog.of_type(record_type.name):
        source = catalog.source(each.source_id)
        yield (
            Html(link("source", each.source_id)),
            f"{each.owner_country} {catalog.country(each.owner_country)}",
            source.published if source else "",
            f"{each.records:,}",
        )


def _matrix(
    catalog: Catalog,
    record_type: RecordType,
    countries: Sequence[str],
    columns: Iterable[Column],
    caption: str,
) -> str:
    rows = [
        (
            Html(link("column", column_name(record_type, column), column.name)),
            *(shaded(catalog.share(record_type.name, column.name, country)) for country in countries),
            Html(kind_of(column)),
            Html(escape(column.description), "told"),
        )
        for column in columns
    ]
    told = f"{caption}, and in how many of its records each country has a value" if countries else caption
    return table(("Column", *countries, "Type", "Meaning"), rows, caption=told)


def column_name(record_type: RecordType, column: Column) -> str:
    """How the page of a column is named: those of the envelope have one for all record types."""
    return column.name if column.envelope else f"{record_type.name}.{column.name}"


def kind_of(column: Column) -> str:
    """Type, unit and code list, as HTML."""
    codes = f" of {link('code list', column.code_list)}" if column.code_list else ""
    unit = f" in {escape(unit_words(column.unit))}" if column.unit else ""
    required = ", required" if column.required else ""
    return f"{escape(column.type)}{codes}{unit}{required}"


def _retired(record_type: RecordType) -> str:
    if not record_type.retired:
        return ""
    names = ", ".join(column.name for column in record_type.retired)
    return paragraph(f"Retired, and no longer in the views: {names}")
