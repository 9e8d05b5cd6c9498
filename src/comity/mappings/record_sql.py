"""The standard's columns of a record, as SQL over the last step of a mapping.

Invariant: every column of the record type has one expression of exactly its type: by its rule, by the owner's
agreement, or NULL. What only a night knows (export, receipt, version) stands as a name in angle brackets until then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comity.mappings.text_steps import sql_name, sql_text

if TYPE_CHECKING:
    from comity.mappings.context import Context, Envelope
    from comity.mappings.value import Value
    from comity.standard import Column, RecordType

BY_ENGINE = frozenset(
    """
    record_id source_id source_key owner_country export_id source_row mapping_version first_seen last_changed
    quality_flags
    """.split()
)
RUN_VALUES = ("export_id", "mapping_version", "received", "received_day")
# A grade means nothing outside its scheme: the agreement's never stands in for one that a row lacks.
_GRADES = ("source_grade", "information_grade")
_WAITING = ("export_id", "mapping_version", "first_seen", "last_changed", "review_due", "purge_after")


def targets(record_type: RecordType) -> dict[str, Column]:
    """The columns that a mapping may fill: its own, and those of the envelope that are not the engine's."""
    return {
        column.name: column
        for column in record_type.columns
        if column.name not in BY_ENGINE and not column.retired and column.partial_date in (None, column.name)
    }


def record_columns(
    record_type: RecordType, values: dict[str, Value], key: str, record_id: str, context: Context
) -> tuple[tuple[str, str], ...]:
    """Name and SQL of every column, in the standard's order."""
    engine = {
        "record_id": record_id,
        "source_key": key,
        "source_id": sql_text(context.source),
        "owner_country": sql_text(context.envelope.owner_country),
        "export_id": "<export_id>",
        "source_row": "source_row",
        "mapping_version": "<mapping_version>",
        "first_seen": "<received>",
        "last_changed": "<received>",
        "quality_flags": "flags",
    }
    agreed = _agreed(context.envelope)
    columns = []
    for column in record_type.columns:
        if column.retired:
            continue
        sql = engine.get(column.name) or _value(column, values, agreed)
        columns.append((column.name, sql if sql.startswith("<") else f"CAST({sql} AS {column.duckdb_type})"))
    return tuple(columns)


def constant_columns(record_type: RecordType, values: dict[str, Value]) -> frozenset[str]:
    """The columns that are the same in every record of an export."""
    names = {column.name for column in record_type.columns if not column.retired}
    varying = {"record_id", "source_key", "source_row", "quality_flags"}
    for name, value in values.items():
        if not value.constant:
            varying |= {name, f"{name}_earliest", f"{name}_latest"} & names
    return frozenset(names - varying)


def fill(column: str, sql: str, run: dict[str, str]) -> str:
    """The SQL of ``column`` with a night's values in the places that ``record_columns`` left for them."""
    # Only there: the same words in someone's text are text.
    for name in RUN_VALUES if column in _WAITING else ():
        sql = sql.replace(f"<{name}>", run[name])
    return sql


def _value(column: Column, values: dict[str, Value], agreed: dict[str, str]) -> str:
    name = column.name
    base = column.partial_date or name
    default = agreed.get(name, "[]" if column.required and column.is_list else "NULL")
    if base not in values or (values[base].earliest is None and name != base):
        return default
    own = _constant(values[base], name == base, name) if values[base].constant else sql_name(name)
    if column.is_list and default not in ("NULL", "[]"):
        return f"CASE WHEN len({own}) > 0 THEN {own} ELSE {default} END"  # an empty list states nothing
    return own if default == "NULL" or name in _GRADES else f"coalesce({own}, {default})"


def _constant(value: Value, is_base: bool, name: str) -> str:
    if is_base:
        return value.sql
    return (value.earliest if name.endswith("_earliest") else value.latest) or "NULL"


def _agreed(envelope: Envelope) -> dict[str, str]:
    purge = f"CAST(<received_day> + {envelope.purge_after} AS DATE)" if envelope.purge_after else "NULL"
    return {
        "confidentiality": sql_text(envelope.confidentiality),
        "handling_codes": _texts(envelope.handling_codes),
        "handling_conditions": _text(envelope.handling_conditions),
        "permitted_purposes": _texts(envelope.permitted_purposes),
        "recipients_allow": _texts(envelope.recipients_allow),
        "recipients_deny": _texts(envelope.recipients_deny),
        "evaluation_scheme": sql_text(envelope.evaluation_scheme),
        "source_grade": _text(envelope.source_grade),
        "information_grade": _text(envelope.information_grade),
        "sensitive_categories": _texts(envelope.sensitive_categories),
        "review_due": f"CAST(<received_day> + {envelope.review_after} AS DATE)",
        "purge_after": purge,
        "legal_hold": "false",
    }


def _text(value: str | None) -> str:
    return sql_text(value) if value is not None else "NULL"


def _texts(values: tuple[str, ...]) -> str:
    return "[" + ", ".join(map(sql_text, values)) + "]"
