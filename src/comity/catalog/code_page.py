"""The page of a code list: every code with its label and what it rests on, and the columns that take it.

Invariant: a code can be linked to by its own place in the page.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from comity.catalog.frame import Html, facts, page, table
from comity.catalog.place import anchor, link
from comity.catalog.record_page import column_name

if TYPE_CHECKING:
    from comity.catalog.catalog import Catalog
    from comity.catalog.frame import Cell
    from comity.standard import CodeList


def code_page(catalog: Catalog, codes: CodeList, footer: str) -> str:
    """The page as HTML."""
    used = dict.fromkeys(
        link("column", column_name(each, column))
        for each in catalog.standard.record_types.values()
        for column in each.columns
        if codes.name in (column.code_list, *(field.code_list for field in column.fields))
    )
    more = list(dict.fromkeys(name for code in codes.codes.values() for name in code.attributes))
    tree = any(code.parent for code in codes.codes.values())
    rows: list[tuple[Cell, ...]] = [
        (
            Html(f'<code id="{anchor(code.code)}">{escape(code.code)}</code>'),
            code.label,
            *((code.parent or "",) if tree else ()),
            *(code.attributes.get(name, "") for name in more),
            code.status.replace("_", " "),
            code.evidence,
        )
        for code in codes.codes.values()
    ]
    heads = ("Code", "Label", *(("Under",) if tree else ()), *more, "Status", "Rests on")
    body = [
        facts(
            (
                ("code list", Html(f"<code>{escape(codes.name)}</code>")),
                ("version", codes.version),
                ("after", codes.origin),
                ("used by", Html(", ".join(used))),
            )
        ),
        table(heads, rows, caption=f"{len(rows):,} codes"),
    ]
    return page(codes.title, body, footer)
