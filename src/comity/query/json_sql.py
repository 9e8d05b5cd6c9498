"""A value of any DuckDB type as SQL that ``to_json`` can turn into JSON as everybody reads it.

Invariant: moments are ISO 8601, those with a zone in UTC with a Z; JSON knows no NaN and no infinity, so they are
null; this holds at any depth of lists and structs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType

_NESTED = ("list", "array", "struct")


def json_value(value: str, type_: DuckDBPyType, depth: int = 0) -> str:
    """``value``, an SQL expression of that type."""
    kind = str(type_)
    children = cast("list[tuple[str, DuckDBPyType]]", type_.children if type_.id in _NESTED else [])
    if type_.id in ("list", "array"):
        item = f"v{depth}"
        inner = json_value(item, dict(children)["child"], depth + 1)
        return value if inner == item else f"list_transform({value}, lambda {item}: {inner})"
    if type_.id == "struct":
        fields = [(name, json_value(f"({value}).{_quoted(name)}", of, depth)) for name, of in children]
        if all(inner == f"({value}).{_quoted(name)}" for name, inner in fields):
            return value
        packed = ", ".join(f"{_quoted(name)} := {inner}" for name, inner in fields)
        return f"CASE WHEN {value} IS NOT NULL THEN struct_pack({packed}) END"
    if kind in ("DOUBLE", "FLOAT"):
        return f"CASE WHEN isfinite({value}) THEN {value} END"
    return moment(value, kind) or value


def moment(value: str, kind: str) -> str | None:
    """``value`` as text, when it is a moment."""
    if not kind.startswith("TIMESTAMP") or kind.endswith("]"):
        return None
    zone = "Z" if "TIME ZONE" in kind or "TIMESTAMPTZ" in kind else ""
    digits, none = ("%n", ".000000000") if kind.endswith("_NS") else ("%f", ".000000")
    return f"replace(strftime({value}, '%Y-%m-%dT%H:%M:%S.{digits}{zone}'), '{none}', '')"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
