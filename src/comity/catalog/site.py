"""The catalogue as a folder of HTML pages.

Invariant: it opens from a disk without a network; each page allows no more than its own style, and the first its own
script. The folder is written beside and then takes its place whole; one that is not a catalogue is never replaced.
"""

from __future__ import annotations

import shutil
import uuid
from typing import TYPE_CHECKING

from comity.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from comity.catalog.catalog import Catalog

MARK = "catalog.jsonld"
"""The file by which a folder is known to be a catalogue."""


def write_site(
    catalog: Catalog, folder: Path, *, base: str | None = None, publisher: str | None = None
) -> int:
    """Write the site into ``folder``, in place of one that it holds already; the number of pages."""
    from comity.catalog.dcat import dcat_text

    folder = folder.absolute()
    _check(folder)
    beside = folder.with_name(f".{folder.name}.{uuid.uuid4()}.part")
    pages = 0
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside.mkdir()
        for name, content in site_pages(catalog):
            path = beside / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(content, "utf-8")
            pages += 1
        (beside / MARK).write_text(dcat_text(catalog, base=base, publisher=publisher), "utf-8")
        _put_in_place(beside, folder)
    except OSError as error:
        raise QueryError(
            "query.cannot-write",
            "The site cannot be written",
            file=error.filename or folder,
            found=error.strerror,
            remedy="choose another --site; what was in the folder is as it was",
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return pages


def site_pages(catalog: Catalog) -> Iterator[tuple[str, str]]:
    """Every page: its file, from the root of the site, and its HTML."""
    from comity.catalog.code_page import code_page
    from comity.catalog.column_page import column_page
    from comity.catalog.index_page import index_page
    from comity.catalog.place import file_of
    from comity.catalog.quality_page import quality_page
    from comity.catalog.record_page import record_page
    from comity.catalog.source_page import source_page

    at = f" of {catalog.published_at:%Y-%m-%d %H:%M} UTC" if catalog.published_at else ""
    footer = f"Release {catalog.release}{at}; this page was made {catalog.made_at:%Y-%m-%d %H:%M} UTC."
    types = list(catalog.standard.record_types.values())
    yield "index.html", index_page(catalog, footer)
    yield "quality.html", quality_page(catalog, footer)
    for record_type in types:
        yield file_of("record type", record_type.name), record_page(catalog, record_type, footer)
        for column in record_type.own_columns:
            name = f"{record_type.name}.{column.name}"
            yield file_of("column", name), column_page(catalog, [record_type], column, footer)
    for column in catalog.standard.envelope:
        yield file_of("column", column.name), column_page(catalog, types, column, footer)
    for source in catalog.sources:
        yield file_of("source", source.source_id), source_page(catalog, source, footer)
    for codes in catalog.standard.code_lists.values():
        yield file_of("code list", codes.name), code_page(catalog, codes, footer)


def _check(folder: Path) -> None:
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARK).is_file():
        raise QueryError(
            "query.not-a-catalog",
            "The folder holds something else than a catalogue, and would be replaced",
            file=folder,
            remedy="name a new or empty folder",
        )


def _put_in_place(beside: Path, folder: Path) -> None:
    if not folder.exists():
        beside.rename(folder)
        return
    old = beside.with_suffix(".old")
    folder.rename(old)
    try:
        beside.rename(folder)
    except OSError:
        old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)
