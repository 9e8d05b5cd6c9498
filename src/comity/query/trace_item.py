"""The item of a row that became the record: an entry of a nested list, a part of a cell, a column of a wide row.

Invariant: the item is the one whose source key is the record's; where the mapping gives none today, there is none.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from comity.mappings.mapping import Branch
    from comity.mappings.source_field import SourceField


@dataclass(frozen=True)
class Item:
    """``branch``: the place of the kind of record among those that the mapping makes of a row, from 1.

    ``cells``: the fields of the item, which the row does not have by themselves.
    """

    branch: int
    key: tuple[str, ...]
    cells: dict[str, Any]


def find_item(
    connection: DuckDBPyConnection,
    mappings: Path,
    fields: Sequence[SourceField],
    record_type: str,
    source_key: str,
    row: str,
) -> Item | None:
    """The item of ``row``, a SELECT of one source row, that has ``source_key``."""
    from comity.mappings.mapping import load_mappings

    for file in load_mappings(mappings):
        if file.mapping.record != record_type:
            continue
        for number, branch in enumerate(file.mapping.branches(), 1):
            cells = _cells(connection, branch, fields, source_key, row)
            if cells is not None:
                return Item(number, branch.key or (), cells)
    return None


def _cells(
    connection: DuckDBPyConnection, branch: Branch, fields: Sequence[SourceField], source_key: str, row: str
) -> dict[str, Any] | None:
    from comity.mappings.each_sql import ELEMENT, cells_sql, items_sql
    from comity.mappings.expression import parse_expression
    from comity.mappings.reference import key_text
    from comity.mappings.value import Steps

    items, reach = items_sql(branch.each, fields, "one_row")
    key = key_text(branch.key or (), Steps(reach))
    where = f"({parse_expression(branch.where.sql, reach).sql})" if branch.where else "true"
    found = connection.execute(
        f"WITH one_row AS ({row}), items AS ({cells_sql(items, reach)}) "
        # Where keys are not unique, a mapping may number all but the first: key#2, key#3 …
        f"SELECT to_json(items)::VARCHAR FROM items WHERE {where} AND ({key} = $1 OR starts_with($1, {key} || '#'))",
        [source_key],
    ).fetchall()
    if not found:
        return None
    if len(found) > 1:
        return {}  # alike, and nothing tells which one it was
    of_the_row = {"source_row", ELEMENT.strip('"'), *(field.name for field in fields)}
    return {name: cell for name, cell in json.loads(found[0][0]).items() if name not in of_the_row}
