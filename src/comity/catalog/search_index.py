"""What the search of the site looks in.

Invariant: it is a block of data inside the page, so it needs no request, and nothing in it can end the block.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from comity.catalog.place import anchor, file_of
from comity.catalog.record_page import column_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comity.catalog.catalog import Catalog

Entry = tuple[str, str, str, str]
"""Kind, name, what is said of it, address from the root of the site."""


def entries(catalog: Catalog) -> Iterator[Entry]:
    """All that can be found, the more general first."""
    standard = catalog.standard
    for each in standard.record_types.values():
        yield "record type", each.name, f"{each.title}. {each.description}", file_of("record type", each.name)
    for source in catalog.sources:
        owner = f"{catalog.country(source.owner_country)} {source.authority}".strip()
        told = ". ".join(part for part in (source.title, owner, source.description) if part)
        yield "source", source.source_id, told, file_of("source", source.source_id)
    for column in standard.envelope:
        yield "column of every record", column.name, column.description, file_of("column", column.name)
    for each in standard.record_types.values():
        for column in each.own_columns:
            name = column_name(each, column)
            yield "column", name, column.description, file_of("column", name)
    for codes in standard.code_lists.values():
        yield "code list", codes.name, codes.title, file_of("code list", codes.name)
    for source in catalog.sources:
        page = file_of("source", source.source_id)
        for field in source.fields:
            told = " ".join(part for part in (f"of {source.source_id}.", field.description) if part)
            yield "source field", field.path, told, f"{page}#{anchor(field.path)}"
    for codes in standard.code_lists.values():
        page = file_of("code list", codes.name)
        for code in codes.codes.values():
            yield f"code of {codes.name}", code.code, code.label, f"{page}#{anchor(code.code)}"


def data_block(catalog: Catalog) -> str:
    """The entries as an element that the script of the page reads."""
    text = json.dumps(list(entries(catalog)), ensure_ascii=False, separators=(",", ":"))
    # In JSON these signs only stand in texts, where they may be written by number.
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return f'<script type="application/json" id="entries">{text}</script>'
