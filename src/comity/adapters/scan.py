"""The SQL that turns a part into ``source_row`` and the declared fields, whatever kind the part is.

Invariant: every row of a part that was not refused comes out once, with its own row number and all declared
fields in their order: VARCHAR, VARCHAR[] for ``many``, JSON[] for ``records``; what a part lacks is null.

``row_number() over ()`` numbers a ``csv`` part in the order of the file as long as DuckDB preserves
insertion order, which is its default; leave it on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from comity.adapters.encoding import MAX_LINE
from comity.adapters.field_spec import SOURCE_ROW
from comity.adapters.part import PLACEHOLDER
from comity.adapters.sql import quoted_name, quoted_text
from comity.adapters.zoned import zoned_sql
from comity.mappings.text_steps import cells_as_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comity.adapters.adapter import Adapter
    from comity.adapters.field_spec import FieldSpec
    from comity.adapters.formats import CsvFormat, FixedWidthFormat
    from comity.adapters.part import Part


def scan_sql(part: Part, adapter: Adapter) -> str:
    """A SELECT over one part. Empty cells and the format's ``missing`` texts are null.

    A part that may be a stretch of its export's file is laid down first (``stretch.lay_down``).
    """
    missing = adapter.formats[part.format].missing
    match part.kind:
        case "csv":
            cells = _csv_cells(part, adapter, missing)
            fields = _present(part, adapter)
        case "table":
            cells = f"SELECT * FROM {_parquet(part)}"
            fields = _present(part, adapter)
            fields = {
                field.name: sql if field.records else _without(missing, sql, many=field.many)
                for field, sql in zip(adapter.fields, fields.values(), strict=True)
            }
        case "record":
            cells = f"SELECT {SOURCE_ROW}, record FROM {_parquet(part)}"
            fields = {field.name: _from_json(field, missing) for field in adapter.fields}
        case "line":
            cells = f"SELECT {SOURCE_ROW}, line FROM {_parquet(part)}"
            encoding = cast("FixedWidthFormat", adapter.formats[part.format]).encoding
            fields = {field.name: _from_line(field, missing, encoding) for field in adapter.fields}
    chosen = ", ".join(f"{sql} AS {quoted_name(name)}" for name, sql in fields.items())
    return f"SELECT {SOURCE_ROW}, {chosen} FROM ({cells})"


def raw_sql(part: Part, adapter: Adapter, which: str | None = None) -> str:
    """A SELECT of ``source_row`` and ``raw`` of all rows, or of those whose number is in the SELECT ``which``.

    Raw is the line, the record, or the cells as JSON by their names.
    """
    only = f"WHERE {SOURCE_ROW} IN ({which})" if which else ""
    match part.kind:
        case "csv":
            cells = _csv_cells(part, adapter, ())
        case "table":
            cells = f"SELECT * FROM {_parquet(part)}"
        case "record":
            return f"SELECT {SOURCE_ROW}, record::VARCHAR AS raw FROM {_parquet(part)} {only}"
        case "line":
            return f"SELECT {SOURCE_ROW}, line AS raw FROM {_parquet(part)} {only}"
    return cells_as_json(_columns(part, adapter), f"({cells}) {only}")


def _columns(part: Part, adapter: Adapter) -> Sequence[str]:
    return part.columns or [field.name for field in adapter.fields]


def _present(part: Part, adapter: Adapter) -> dict[str, str]:
    columns = set(_columns(part, adapter))
    return {
        field.name: quoted_name(field.name) if field.name in columns else f"CAST(NULL AS {_type(field)})"
        for field in adapter.fields
    }


def _csv_cells(part: Part, adapter: Adapter, missing: Sequence[str]) -> str:
    format = cast("CsvFormat", adapter.formats[part.format])
    columns = _columns(part, adapter)
    types = ", ".join(f"{quoted_text(name)}: 'VARCHAR'" for name in columns)
    quote = quoted_text(format.quote or "")
    # No cell is the mark of a refused row alone, so with nothing missing no cell becomes null.
    nulls = ", ".join(map(quoted_text, missing)) or quoted_text(PLACEHOLDER + "\u0001")
    rows = (
        f"SELECT {part.first_row} - 1 + row_number() OVER () AS {SOURCE_ROW}, * "
        f"FROM read_csv({quoted_text(str(part.path))}, auto_detect = false, header = false, "
        f"columns = {{{types}}}, delim = {quoted_text(format.delimiter)}, quote = {quote}, "
        f"escape = {quote}, new_line = '\\n', nullstr = [{nulls}], "
        # Read side by side, DuckDB guesses where in a cell with line ends it is, and can guess wrong.
        f"parallel = false, max_line_size = {2 * MAX_LINE})"
    )
    if not part.marked:
        return rows
    return (
        f"SELECT * FROM ({rows}) WHERE {quoted_name(columns[0])} IS DISTINCT FROM {quoted_text(PLACEHOLDER)}"
    )


def _from_json(field: FieldSpec, missing: Sequence[str]) -> str:
    """The value at the field's path, or at the first of its other paths that has one."""
    values = [_pointer("record", path) for path in (field.path or field.name, *field.aliases)]
    value = values[0] if len(values) == 1 else f"coalesce({', '.join(values)})"
    if not (field.many or field.records):
        return _without(missing, f"({value} ->> '$')")
    # A single value stands for a list of one: such a list is often written only when there are several.
    items = f"json_extract({value}, '$[*]')"
    single = f"[{value}]"
    if field.many:
        items, single = f"json_extract_string({value}, '$[*]')", f"[{value} ->> '$']"
    listed = (
        f"CASE json_type({value}) WHEN 'ARRAY' THEN {items} WHEN 'NULL' THEN NULL "
        f"ELSE CASE WHEN {value} IS NOT NULL THEN {single} END END"
    )
    return f"({listed})" if field.records else _without(missing, f"({listed})", many=True)


def _pointer(column: str, path: str) -> str:
    steps = "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in path.split("."))
    return f"nullif(json_extract({column}, {quoted_text(steps)}), 'null'::JSON)"


def _from_line(field: FieldSpec, missing: Sequence[str], encoding: str) -> str:
    """Blanks at the end are the record's padding, not the value's."""
    text = f"rtrim(substr(line, {field.start}, {field.length}))"
    if field.zoned is not None:
        text = zoned_sql(text, field.zoned, encoding)
    return _without(missing, text)


def _without(missing: Sequence[str], sql: str, *, many: bool = False) -> str:
    if not missing:
        return sql
    words = ", ".join(map(quoted_text, missing))
    if many:
        return f"list_transform({sql}, lambda item: CASE WHEN item NOT IN ({words}) THEN item END)"
    return f"CASE WHEN {sql} NOT IN ({words}) THEN {sql} END"


def _type(field: FieldSpec) -> str:
    return "JSON[]" if field.records else "VARCHAR[]" if field.many else "VARCHAR"


def _parquet(part: Part) -> str:
    return f"read_parquet({quoted_text(str(part.path))})"
