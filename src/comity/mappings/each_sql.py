"""Several records from one row: a nested list, the parts of a cell, or the columns of a wide row.

Invariant: every item keeps its row's ``source_row`` and its own number in the row (from 1), so that rows still add up;
the item's fields join the row's under names of their own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from comity.errors import MappingError, nearest
from comity.mappings.rule import SplitEach, Unpivot
from comity.mappings.source_field import SourceField
from comity.mappings.text_steps import sql_name, sql_text, trimmed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Each = str | SplitEach | Unpivot | None
ELEMENT = '"element nr"'
# Names of working columns; a field of the source may have none of them.
TAKEN = re.compile(r"source_row|element nr|(part|nr|sql) [0-9]+", re.IGNORECASE)


@dataclass(frozen=True)
class Level:
    """One level of items: the list, the names that one item and its number have, and the fields inside it.

    ``source``: the field of the row that the list is, or is in.
    """

    source: str
    items: str
    item: str
    number: str
    present: str
    fields: dict[str, SourceField]
    sql: dict[str, str]


def items_sql(each: Each, fields: Sequence[SourceField], source: str) -> tuple[str, dict[str, SourceField]]:
    """A SELECT over the step ``source`` with source_row, the item's number and every field in reach; and those."""
    known = {field.name: field for field in fields}
    if each is None:
        return f"SELECT *, 1 AS {ELEMENT} FROM {source}", known
    if isinstance(each, Unpivot):
        return _unpivoted(each, known, source)
    levels = levels_of(each, known)
    columns, tables = ["s.*"], [f"{source} AS s"]
    reach = dict(known)
    for level in levels:
        tables.append(
            f"unnest({level.items}) WITH ORDINALITY AS u{len(tables)}({level.item}, {level.number})"
        )
        columns += [f"{sql} AS {sql_name(name)}" for name, sql in level.sql.items()]
        reach |= level.fields
    element = levels[0].number
    for level in levels[1:]:
        element = f"({element}) * 100000 + {level.number}"
    where = " AND ".join(level.present for level in levels)
    sql = f"SELECT {', '.join(columns)}, {element} AS {ELEMENT} FROM {', '.join(tables)} WHERE {where}"
    return sql, reach


def cells_of(fields: dict[str, SourceField]) -> dict[str, str]:
    """Field → SQL of its cell: every text trimmed once, and missing where nothing is left."""
    return {
        name: trimmed(sql_name(name)) if field.shape == "text" else sql_name(name)
        for name, field in fields.items()
    }


def cells_sql(items: str, fields: dict[str, SourceField]) -> str:
    """The items with every cell."""
    cells = ", ".join(
        sql if sql == sql_name(name) else f"{sql} AS {sql_name(name)}"
        for name, sql in cells_of(fields).items()
    )
    return f"SELECT source_row, {ELEMENT}, {cells} FROM ({items})"


def used_by(each: Each) -> dict[str, None]:
    """The source's fields that are used up by making items; of a list of records, each field must be used itself."""
    if isinstance(each, SplitEach):
        return {each.split: None}
    return dict.fromkeys(each.unpivot) if isinstance(each, Unpivot) else {}


def levels_of(each: str | SplitEach, known: Mapping[str, SourceField]) -> list[Level]:
    """The levels of a list of records (``evidence``, or ``evidence.custody`` in it), or of the parts of a cell."""
    if isinstance(each, SplitEach):
        _check_text(each.split, known)
        fields = _new_fields(known, SourceField(each.as_), SourceField(f"{each.as_}#", position=True))
        items = f"string_split(coalesce({sql_name(each.split)}, ''), {sql_text(each.on)})"
        item, number = _names(1)
        texts = {each.as_: f"trim({item})", f"{each.as_}#": f"CAST({number} AS VARCHAR)"}
        return [Level(each.split, items, item, number, f"trim({item}) <> ''", fields, texts)]
    levels: list[Level] = []
    inside, above, prefix = dict(known), "", ""
    path = _path_of(each, known)
    for depth, name in enumerate(path, 1):
        field = inside[name]
        item, number = _names(depth)
        items = (
            sql_name(name) if depth == 1 else _json_items(f"{above} -> {sql_text(_path(field.path or name))}")
        )
        prefix = f"{prefix}.{name}" if prefix else name
        fields = {f"{prefix}#": SourceField(f"{prefix}#", position=True)}
        sql = {f"{prefix}#": f"CAST({number} AS VARCHAR)"}
        inside = {child.name: child for child in field.children}
        for child in field.children:
            if child.shape != "records":
                child_name = f"{prefix}.{child.name}"
                fields[child_name] = SourceField(child_name, child.shape, (), child.path, child.sensitivity)
                sql[child_name] = _child(item, child)
        levels.append(Level(path[0], items, item, number, "true", fields, sql))
        above = item
    return levels


def _names(depth: int) -> tuple[str, str]:
    return f'"part {depth}"', f'"nr {depth}"'


def _path_of(each: str, known: Mapping[str, SourceField]) -> list[str]:
    """The names of the lists of records from the outer to the inner one; a field's name may itself hold dots."""
    names: list[str] = []
    inside, rest = known, each
    while rest:
        found = [name for name in inside if rest == name or rest.startswith(f"{name}.")]
        if not found:
            raise MappingError(
                "mapping.unknown-field", f"The source has no field '{each}'", remedy=nearest(rest, inside)
            )
        name = max(found, key=len)
        if inside[name].shape != "records":
            raise MappingError(
                "mapping.not-records",
                f"'{name}' is no list of records",
                found=each,
                remedy="declare it in the adapter with 'records:', or write 'each: {split: …}' for the parts of a text",
            )
        names.append(name)
        inside, rest = {child.name: child for child in inside[name].children}, rest[len(name) + 1 :]
    return names


def _unpivoted(
    each: Unpivot, known: dict[str, SourceField], source: str
) -> tuple[str, dict[str, SourceField]]:
    for column in each.unpivot:
        _check_text(column, known)
    fields = _new_fields(known, SourceField(each.name), SourceField(each.value))
    pairs = ", ".join(
        f"{{'label': {sql_text(label)}, 'cell': {sql_name(column)}}}"
        for column, label in each.unpivot.items()
    )
    where = "WHERE nullif(trim(u.item.cell), '') IS NOT NULL" if each.skip_missing else ""
    sql = (
        f"SELECT s.*, u.item.label AS {sql_name(each.name)}, u.item.cell AS {sql_name(each.value)}, "
        f"u.nr AS {ELEMENT} FROM {source} AS s, unnest([{pairs}]) WITH ORDINALITY AS u(item, nr) {where}"
    )
    return sql, known | fields


def _new_fields(known: Mapping[str, SourceField], *fields: SourceField) -> dict[str, SourceField]:
    taken = {name.casefold() for name in known}
    for field in fields:
        if field.name.casefold() in taken:
            raise MappingError(
                "mapping.name-taken",
                f"The source has a field '{field.name}' already",
                remedy="choose another name for what 'each' makes",
            )
        taken.add(field.name.casefold())
    return {field.name: field for field in fields}


def _check_text(name: str, known: Mapping[str, SourceField]) -> None:
    if name not in known:
        raise MappingError(
            "mapping.unknown-field", f"The source has no field '{name}'", remedy=nearest(name, known)
        )
    if known[name].shape != "text":
        raise MappingError(
            "mapping.rule-does-not-fit",
            f"'{name}' is a list and no text",
            remedy="name a field that holds text",
        )


def _child(item: str, child: SourceField) -> str:
    path = sql_text(_path(child.path or child.name))
    if child.shape == "list":
        return f"CAST({_json_items(f'{item} -> {path}', 'VARCHAR')} AS VARCHAR[])"
    return f"{item} ->> {path}"


def _json_items(json: str, kind: str = "JSON") -> str:
    """A JSON array as a list, a single value as a list of one, nothing as an empty list."""
    return (
        f"CASE json_type({json}) WHEN 'ARRAY' THEN from_json({json}, '[\"{kind}\"]') "
        f"WHEN 'NULL' THEN [] ELSE CASE WHEN ({json}) IS NULL THEN [] ELSE [CAST({json} AS {kind})] END END"
    )


def _path(dotted: str) -> str:
    """A JSON pointer: unlike a path it takes names with quotes and stars."""
    return "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in dotted.split("."))
