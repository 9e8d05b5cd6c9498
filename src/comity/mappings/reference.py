"""Keys and references: the text that identifies a record in its source, and the record_id that is made of it.

Invariant: two keys have the same text only if all their parts are the same; a reference to a record gives the same
record_id as the mapping that makes the record, if both name the same fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comity.errors import MappingError, nearest
from comity.mappings.each_sql import Level, levels_of, used_by
from comity.mappings.text_steps import sql_name, sql_text, trimmed
from comity.mappings.value import Steps, Value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comity.mappings.context import Context
    from comity.mappings.rule import RecordReference
    from comity.mappings.source_field import SourceField
    from comity.standard import Column


def field_named(name: str, steps: Steps) -> SourceField:
    """The field in reach of that name, noted as used."""
    if name not in steps.fields:
        raise MappingError(
            "mapping.unknown-field", f"The source has no field '{name}'", remedy=nearest(name, steps.fields)
        )
    steps.use(name)
    return steps.fields[name]


def field_text(name: str, steps: Steps) -> str:
    """A field's text, which the first step trimmed: NULL when nothing is left."""
    return _text(field_named(name, steps), sql_name(name))


def key_text(names: tuple[str, ...], steps: Steps) -> str:
    """The source key of a record made of those fields; NULL when all of them are missing."""
    return _joined([(field_named(name, steps), field_text(name, steps)) for name in names])


def joined_texts(texts: Sequence[str]) -> str:
    """The texts with ``|`` between them, so that no two different lists of texts give the same."""
    plain = " || '|' || ".join(f"coalesce({text}, '')" for text in texts)
    if len(texts) == 1:
        return plain
    # A text with a bar in it would move the borders: then every bar and backslash of the parts is marked.
    marked = " || '|' || ".join(
        f"replace(replace(coalesce({text}, ''), '\\', '\\\\'), '|', '\\|')" for text in texts
    )
    return f"CASE WHEN contains(concat({', '.join(texts)}), '|') THEN {marked} ELSE {plain} END"


def record_id_sql(record_type: str, key: str, context: Context) -> str:
    """128 bits of SHA-256 over owner, source, record type and source key: the same tomorrow as today."""
    prefix = sql_text(f"{context.envelope.owner_country}|{context.source}|{record_type}|")
    return f"left(sha256({prefix} || {key}), 32)"


def reference(to: RecordReference, column: Column, steps: Steps, context: Context) -> Value:
    """The record_id of another record of the source, or with ``each`` the list of those of all its items."""
    if to.record not in context.standard.record_types:
        raise MappingError(
            "mapping.unknown-record-type",
            f"The standard has no record type '{to.record}'",
            remedy=nearest(to.record, context.standard.record_types),
        )
    if (to.each is not None) != column.is_list:
        raise MappingError(
            "mapping.rule-does-not-fit",
            f"'{column.name}' holds {'a list' if column.is_list else 'one value'}",
            remedy="give the reference 'each:' for a list, and none for one value",
        )
    if to.each is None:
        text = steps.give(f"{to.record} key", key_text(to.key, steps))
        return Value(steps.parse(f"{to.record} id", record_id_sql(to.record, text, context)))
    items = _references(to, levels_of(to.each, steps.fields), dict(steps.fields), steps, context)
    return Value(steps.give(f"{column.name} items", items))


def _references(
    to: RecordReference, levels: list[Level], fields: dict[str, SourceField], steps: Steps, context: Context
) -> str:
    """A list of record ids: the innermost level's key over the fields of all levels, as SQL over one row."""
    sql = {name: sql_name(name) for name in fields}
    for level in levels:
        fields |= level.fields
        sql |= {
            name: trimmed(expression) if level.fields[name].shape == "text" else expression
            for name, expression in level.sql.items()
        }
    inner = levels[-1]
    parts = []
    for name in to.key:
        if name not in fields:
            raise MappingError(
                "mapping.unknown-field", f"The source has no field '{name}'", remedy=nearest(name, fields)
            )
        if not fields[name].position:
            steps.use(name)
        parts.append((fields[name], _text(fields[name], sql[name])))
    # A list of records is accounted for field by field, so reading it is not yet using it.
    steps.read |= {levels[0].source: None}
    steps.used |= used_by(to.each)
    made = f"CASE WHEN {inner.present} THEN {record_id_sql(to.record, _joined(parts), context)} END"
    for level in reversed(levels):
        made = f"list_transform({level.items}, lambda {level.item}, {level.number}: {made})"
        if level is not levels[-1]:
            made = f"flatten({made})"
    return f"list_filter({made}, lambda x: x IS NOT NULL)"


def _text(field: SourceField, sql: str) -> str:
    if field.shape == "records":
        raise MappingError(
            "mapping.rule-does-not-fit",
            f"'{field.name}' is a list of records and no text",
            remedy="make records of it with 'each:', or take a part of it with 'sql:'",
        )
    if field.shape == "list":
        return f"nullif(array_to_string({sql}, ';'), '')"
    return sql


def _joined(parts: list[tuple[SourceField, str]]) -> str:
    texts = [text for _, text in parts]
    if len(texts) == 1:
        return texts[0]
    # A position alone is no key: it is there even where the row has nothing of its own.
    own = [text for field, text in parts if not field.position]
    return f"CASE WHEN coalesce({', '.join(own or texts)}) IS NOT NULL THEN {joined_texts(texts)} END"
