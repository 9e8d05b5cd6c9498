"""The first page: search, record types by country, sources with owner and freshness, code lists.

Invariant: whatever has a page of its own can be reached from here, also without the script.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from comity.catalog.frame import Html, page, paragraph, shaded, table
from comity.catalog.place import link
from comity.catalog.search_index import data_block

if TYPE_CHECKING:
    from collections.abc import Iterable

    from comity.catalog.catalog import Catalog
    from comity.catalog.frame import Cell

_SEARCH = (
    '<div id="search" role="search" hidden><label for="ask">Search record types, columns, codes, sources and their '
    'fields</label><input id="ask" type="search" autocomplete="off" spellcheck="false">'
    '<p id="count" role="status"></p><ul id="found"></ul></div>'
)


def index_page(catalog: Catalog, footer: str) -> str:
    """The page as HTML."""
    standard = catalog.standard
    records = sum(held.records for held in catalog.held)
    told: list[tuple[str, str]] = [
        (str(catalog.release), "release"),
        (f"{records:,}", "records"),
        (str(len(catalog.sources)), "sources"),
        (str(len(catalog.countries)), "countries and bodies"),
        (str(sum(source.freshness.stale for source in catalog.sources)), "sources overdue"),
    ]
    listed = "".join(f"<li><b>{escape(value)}</b>{label}</li>" for value, label in told)
    body = [
        _SEARCH,
        f'<ul class="facts">{listed}</ul>',
        paragraph(standard.description),
        "<h2>Record types</h2>" + _record_types(catalog),
        '<h2 id="sources">Sources</h2>' + _sources(catalog),
        "<h2>Columns of every record</h2><p>"
        + ", ".join(link("column", column.name, root="") for column in standard.envelope)
        + "</p>",
        "<h2>Code lists</h2><p>"
        + ", ".join(link("code list", name, root="") for name in sorted(standard.code_lists))
        + "</p>",
        '<p>For other catalogues: <a href="catalog.jsonld">DCAT 3 as JSON-LD</a>.</p>',
    ]
    script = Path(__file__).with_name("search.js").read_text("utf-8")
    return page(
        f"Catalogue of the {standard.title}", body, footer, root="", script=script, after=data_block(catalog)
    )


def _record_types(catalog: Catalog) -> str:
    countries = catalog.countries

    def row(name: str, title: str) -> tuple[Cell, ...]:
        counts = [catalog.records(name, country) for country in countries]
        cells = [
            Html(f"{count:,}" if count else "–", "number" if count else "number none") for count in counts
        ]
        return (
            Html(link("record type", name, root="")),
            Html(escape(title), "list"),
            f"{sum(counts):,}",
            *cells,
        )

    rows = [row(each.name, each.title) for each in catalog.standard.record_types.values()]
    heads = ("Record type", "Title", "Records", *countries)
    return table(heads, rows, caption="Records of each country", numbers=len(countries) + 1)


def _sources(catalog: Catalog) -> str:
    rows: Iterable[tuple[Cell, ...]] = (
        (
            Html(link("source", source.source_id, source.name, root="")),
            Html(escape(f"{source.owner_country} {catalog.country(source.owner_country)}"), "list"),
            source.authority,
            Html(
                escape(source.published)
                + (' <span class="marked">overdue</span>' if source.freshness.stale else "")
            ),
            f"{source.records:,}",
            _held(catalog, source.source_id),
        )
        for source in catalog.sources
    )
    heads = ("Source", "Owner", "Authority", "Freshness", "Records", "Checks hold")
    return table(heads, rows, numbers=2)


def _held(catalog: Catalog, source_id: str) -> Html:
    last = catalog.quality.last(source_id)
    return shaded(None if last is None else last / 100)
