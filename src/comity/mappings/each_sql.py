"""Several records from one row: a nested list, the parts of a cell, or the columns of a wide row.

Invariant: every item keeps its row's ``source_row`` and its own ``element`` (from 1), so that rows still add up; the
item's fields join the row's under names of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comity.errors import MappingError, nearest
from comity.mappings.rule import SplitEach, Unpivot
from comity.mappings.source_field import SourceField
from comity.mappings.text_steps import sql_name, sql_text, trimmed

if TYPE_CHECKING:
    from collections.abc import Sequence

Each = str | SplitEach | Unpivot | None


def items_sql(each: Each, fields: Sequence[SourceField], source: str) -> tuple[str, dict[str, SourceField]]:
    """A SELECT over the step ``source`` with source_row, element and every field in reach; and those fields."""
    known = {field.name: field for field in fields}
    if each is None:
        return f"SELECT *, 1 AS element FROM {source}", known
    if isinstance(each, SplitEach):
        _known(each.split, known)
        parts = f"string_split(coalesce({sql_name(each.split)}, ''), {sql_text(each.on)})"
        sql = (
            f"SELECT s.*, trim(u.item) AS {sql_name(each.as_)}, CAST(u.nr AS VARCHAR) AS {sql_name(each.as_ + '#')}, "
            f"u.nr AS element FROM {source} AS s, unnest({parts}) WITH ORDINALITY AS u(item, nr) "
            "WHERE trim(u.item) <> ''"
        )
        return sql, known | _texts(each.as_, each.as_ + "#")
    if isinstance(each, Unpivot):
        for column in each.unpivot:
            _known(column, known)
        pairs = ", ".join(
            f"{{'label': {sql_text(label)}, 'cell': {sql_name(column)}}}"
            for column, label in each.unpivot.items()
        )
        where = "WHERE nullif(trim(u.item.cell), '') IS NOT NULL" if each.skip_missing else ""
        sql = (
            f"SELECT s.*, u.item.label AS {sql_name(each.name)}, u.item.cell AS {sql_name(each.value)}, "
            f"u.nr AS element FROM {source} AS s, unnest([{pairs}]) WITH ORDINALITY AS u(item, nr) {where}"
        )
        return sql, known | _texts(each.name, each.value)
    return _nested(each, known, source)


def cells_sql(items: str, fields: dict[str, SourceField]) -> str:
    """The items with every text trimmed once, and missing where nothing is left."""
    cells = ", ".join(
        f"{trimmed(sql_name(name))} AS {sql_name(name)}" if field.shape == "text" else sql_name(name)
        for name, field in fields.items()
    )
    return f"SELECT source_row, element, {cells} FROM ({items})"


def used_by(each: Each) -> dict[str, None]:
    """The source's fields that are used up by making items; of a list of records, each field must be used by itself."""
    if isinstance(each, SplitEach):
        return {each.split: None}
    return dict.fromkeys(each.unpivot) if isinstance(each, Unpivot) else {}


def _nested(each: str, known: dict[str, SourceField], source: str) -> tuple[str, dict[str, SourceField]]:
    """``evidence`` or ``evidence.custody``: each level is unnested, outer items keep their fields."""
    levels: list[SourceField] = []
    reach = known
    for name in each.split("."):
        inside = {child.name: child for child in levels[-1].children} if levels else reach
        _known(name, inside)
        if inside[name].shape != "records":
            raise MappingError(
                "mapping.not-records", f"'{each}' is no list of records", remedy="declare it with 'records:'"
            )
        levels.append(inside[name])
    columns, tables, nr = ["s.*"], [f"{source} AS s"], []
    fields = dict(known)
    prefix = ""
    for depth, level in enumerate(levels, 1):
        prefix = f"{prefix}{level.name}"
        items = (
            f"s.{sql_name(level.name)}"
            if depth == 1
            else _json_items(f"u{depth - 1}.item -> {sql_text(_path(level.path or level.name))}")
        )
        tables.append(f"unnest({items}) WITH ORDINALITY AS u{depth}(item, nr)")
        columns.append(f"CAST(u{depth}.nr AS VARCHAR) AS {sql_name(prefix + '#')}")
        fields[prefix + "#"] = SourceField(prefix + "#")
        nr.append(f"u{depth}.nr")
        for child in level.children:
            if child.shape == "records":
                continue
            name = f"{prefix}.{child.name}"
            columns.append(f"{_child(f'u{depth}.item', child)} AS {sql_name(name)}")
            fields[name] = SourceField(name, child.shape, (), child.path, child.sensitivity)
        prefix += "."
    element = nr[0] if len(nr) == 1 else " * 100000 + ".join(f"({n})" for n in nr)
    return f"SELECT {', '.join(columns)}, {element} AS element FROM {', '.join(tables)}", fields


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
    return "$" + "".join(f'."{part}"' for part in dotted.split("."))


def _known(name: str, known: dict[str, SourceField]) -> None:
    if name not in known:
        raise MappingError(
            "mapping.unknown-field", f"The source has no field '{name}'", remedy=nearest(name, known)
        )


def _texts(*names: str) -> dict[str, SourceField]:
    return {name: SourceField(name) for name in names}
