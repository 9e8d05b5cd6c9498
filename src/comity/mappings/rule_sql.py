"""One rule of a mapping, compiled to SQL.

Invariant: every origin and step of the grammar is handled here or in ``read_sql``; what a rule refers to and does not
find (a field, a code list, a step) is a MappingError with the nearest name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comity.errors import MappingError, nearest
from comity.mappings.context import item_of
from comity.mappings.expression import parse_expression
from comity.mappings.lookup import LatinLookup, NameWordsLookup
from comity.mappings.read_sql import check_constant, read_list, read_text
from comity.mappings.rule import Case, Condition, Rule
from comity.mappings.text_steps import sql_name, sql_text
from comity.mappings.value import Issue, Steps, Value

if TYPE_CHECKING:
    from comity.mappings.context import Context
    from comity.mappings.lookup import LookupKind
    from comity.standard import Column


def compile_rule(rule: str | Rule, column: Column, steps: Steps, context: Context) -> Value:
    """The value of ``column`` by ``rule``; a bare text is the name of the field that is copied."""
    if isinstance(rule, str):
        rule = Rule.model_validate({"from": rule})
    if rule.constant is not None:
        return Value(_constant(rule.constant, column, context), constant=True)
    if rule.case is not None:
        return _case(rule, column, steps, context)
    if rule.first_of is not None:
        return _first_of([compile_rule(part, column, steps, context) for part in rule.first_of])
    if rule.list_ is not None:
        item = item_of(column)
        return _list([compile_rule(part, item, steps, context) for part in rule.list_])
    if rule.structs is not None:
        return _structs(rule.structs, column, steps, context)
    if rule.record is not None:
        return Value(_record_id(rule.record.record, rule.record.key, steps, context))
    if rule.hash is not None:
        parts = " || '|' || ".join(f"coalesce({field_text(name, steps)}, '')" for name in rule.hash)
        present = " OR ".join(f"{field_text(name, steps)} IS NOT NULL" for name in rule.hash)
        return Value(steps.give(column.name, f"CASE WHEN {present} THEN sha256({parts}) END"))
    if rule.latin is not None:
        return _latin(rule, steps)
    if rule.name_key is not None:
        return _name_key(rule.name_key, steps)
    if rule.from_ is not None and (rule.split is not None or _field(rule.from_, steps).shape == "list"):
        return read_list(rule, sql_name(rule.from_), column, steps, context)
    return read_text(rule, _text(rule, steps, context), column, steps, context)


def field_text(name: str, steps: Steps) -> str:
    """A field's text, which the step ``cell`` trimmed: NULL when nothing is left."""
    field = _field(name, steps)
    if field.shape == "list":
        return f"array_to_string({sql_name(name)}, ';')"
    return sql_name(name)


def key_text(names: tuple[str, ...], steps: Steps) -> str:
    """The source key: the key fields' texts joined by ``|``; NULL when all are missing."""
    texts = [field_text(name, steps) for name in names]
    if len(texts) == 1:
        return texts[0]
    joined = " || '|' || ".join(f"coalesce({text}, '')" for text in texts)
    # A position alone is no key: it is there even where the row has nothing of its own.
    own = [text for name, text in zip(names, texts, strict=True) if not name.endswith("#")]
    return f"CASE WHEN coalesce({', '.join(own or texts)}) IS NOT NULL THEN {joined} END"


def record_id_sql(record_type: str, key: str, context: Context) -> str:
    """128 bits of SHA-256 over owner, source, record type and source key: the same tomorrow as today."""
    prefix = sql_text(f"{context.envelope.owner_country}|{context.source}|{record_type}|")
    return f"left(sha256({prefix} || {key}), 32)"


def _field(name: str, steps: Steps):  # type: ignore[no-untyped-def]
    if name not in steps.fields:
        raise MappingError(
            "mapping.unknown-field", f"The source has no field '{name}'", remedy=nearest(name, steps.fields)
        )
    steps.used[name] = None
    return steps.fields[name]


def _text(rule: Rule, steps: Steps, context: Context) -> str:
    if rule.sql is not None:
        expression = parse_expression(rule.sql, steps.fields)
        for name in expression.fields:
            _field(name, steps)
        return f"CAST(({expression.sql}) AS VARCHAR)"
    if rule.join is not None:
        parts = ", ".join(field_text(name, steps) for name in rule.join)
        return f"nullif(concat_ws({sql_text(rule.with_)}, {parts}), '')"
    return field_text(rule.from_ or "", steps)


def _constant(value: object, column: Column, context: Context) -> str:
    check_constant(value, column, context)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(sql_text(str(item)) for item in value) + "]"
    text = sql_text(str(value))
    return f"[{text}]" if column.type.startswith("list") else text


def _condition(condition: Condition, steps: Steps) -> str:
    text = field_text(condition.field, steps)
    if condition.missing is not None:
        sql = f"{text} IS {'NULL' if condition.missing else 'NOT NULL'}"
    elif condition.matches is not None:
        sql = f"coalesce(regexp_matches({text}, {sql_text(condition.matches)}), false)"
    else:
        words = ", ".join(sql_text(word) for word in condition.is_ or ())
        sql = f"coalesce({text} IN ({words}), false)"
    return steps.give(f"{condition.field} when", sql)


def _case(rule: Rule, column: Column, steps: Steps, context: Context) -> Value:
    def value_of(then: str | Rule) -> Value:
        return (
            Value(_constant(then, column, context))
            if isinstance(then, str)
            else compile_rule(then, column, steps, context)
        )

    cases: tuple[Case, ...] = rule.case or ()
    sql, issues, before = "CASE", [], "true"
    for case in cases:
        when, value = _condition(case.when, steps), value_of(case.then)
        sql += f" WHEN {when} THEN {value.sql}"
        issues += [_only_when(issue, f"({before}) AND {when}") for issue in value.issues]
        before += f" AND NOT {when}"
    if rule.else_ is not None:
        value = value_of(rule.else_)
        sql += f" ELSE {value.sql}"
        issues += [_only_when(issue, before) for issue in value.issues]
    return Value(sql + " END", tuple(issues))


def _only_when(issue: Issue, condition: str) -> Issue:
    return Issue(
        f"({condition}) AND {issue.when}",
        issue.reason,
        issue.policy,
        issue.code,
        issue.found,
        issue.crosswalk,
    )


def _first_of(values: list[Value]) -> Value:
    issues = tuple(issue for value in values for issue in value.issues)
    if any(value.earliest for value in values):
        whens = [(f"{value.sql} IS NOT NULL", value) for value in values]
        earliest = " ".join(f"WHEN {when} THEN {value.earliest or 'NULL'}" for when, value in whens)
        latest = " ".join(f"WHEN {when} THEN {value.latest or 'NULL'}" for when, value in whens)
        edtf = f"coalesce({', '.join(value.sql for value in values)})"
        return Value(edtf, issues, f"CASE {earliest} END", f"CASE {latest} END")
    return Value(f"coalesce({', '.join(value.sql for value in values)})", issues)


def _list(values: list[Value]) -> Value:
    items = ", ".join(value.sql for value in values)
    issues = tuple(issue for value in values for issue in value.issues)
    return Value(f"list_filter([{items}], lambda x: x IS NOT NULL)", issues)


def _structs(
    structs: tuple[dict[str, str | Rule], ...], column: Column, steps: Steps, context: Context
) -> Value:
    items: list[str] = []
    issues: list[Issue] = []
    known = {field.name: field for field in column.fields}
    for struct in structs:
        for name in struct:
            if name not in known:
                raise MappingError(
                    "mapping.unknown-column",
                    f"'{column.name}' has no part '{name}'",
                    remedy=nearest(name, known),
                )
        values = {name: compile_rule(rule, known[name], steps, context) for name, rule in struct.items()}
        present = " OR ".join(
            f"{values[name].sql} IS NOT NULL"
            for name, rule in struct.items()
            if isinstance(rule, str) or rule.constant is None
        )
        packed = ", ".join(
            f"{sql_name(name)} := CAST({values[name].sql if name in values else 'NULL'} AS {field.duckdb_type})"
            for name, field in known.items()
        )
        items.append(f"CASE WHEN {present or 'true'} THEN struct_pack({packed}) END")
        issues += [issue for value in values.values() for issue in value.issues]
    return Value(f"list_filter([{', '.join(items)}], lambda x: x IS NOT NULL)", tuple(issues))


def _record_id(record_type: str, key: tuple[str, ...], steps: Steps, context: Context) -> str:
    if record_type not in context.standard.record_types:
        raise MappingError(
            "mapping.unknown-record-type",
            f"The standard has no record type '{record_type}'",
            remedy=nearest(record_type, context.standard.record_types),
        )
    text = steps.give(f"{record_type} key", key_text(key, steps))
    return steps.parse(f"{record_type} id", record_id_sql(record_type, text, context))


def _parts(names: tuple[str, ...], steps: Steps, kind: LookupKind) -> tuple[list[str], list[str]]:
    """The parts of a name as given, and the values that ``kind`` has for them."""
    texts = [steps.give(f"{name} text", field_text(name, steps)) for name in names]
    return texts, [f"{steps.look_up(text, kind)}.value" for text in texts]


def _joined(values: list[str]) -> str:
    parts = ", ".join(f"nullif({value}, '')" for value in values)
    return f"concat_ws(' ', {parts})"


def _latin(rule: Rule, steps: Steps) -> Value:
    texts, values = _parts(rule.latin or (), steps, LatinLookup(rule.language))
    unknown = " OR ".join(
        f"({text} IS NOT NULL AND {value} IS NULL)" for text, value in zip(texts, values, strict=True)
    )
    sql = f"CASE WHEN NOT ({unknown}) THEN nullif({_joined(values)}, '') END"
    given = f"concat_ws(' ', {', '.join(texts)})"
    issue = Issue(unknown, "'no_transliteration'", "flag", "mapping.value-unparseable", given)
    return Value(sql, (issue,))


def _name_key(names: tuple[str, ...], steps: Steps) -> Value:
    _, values = _parts(names, steps, NameWordsLookup())
    sorted_words = f"nullif(array_to_string(list_sort(string_split({_joined(values)}, ' ')), ' '), '')"
    if len(values) == 2:
        # Most names are one word and one word, and need no list.
        first, second = values
        one_each = (
            f"{first} <> '' AND {second} <> '' AND NOT contains({first}, ' ') AND NOT contains({second}, ' ')"
        )
        pair = f"least({first}, {second}) || ' ' || greatest({first}, {second})"
        return Value(f"CASE WHEN {one_each} THEN {pair} ELSE {sorted_words} END")
    return Value(sorted_words)
