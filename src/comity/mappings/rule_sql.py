"""One rule of a mapping, compiled to SQL.

Invariant: every origin and step of the grammar is handled here or in ``read_sql``; what a rule refers to and does not
find (a field, a code list, a step) is a MappingError with the nearest name.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from comity.errors import MappingError, nearest
from comity.mappings.constant import constant
from comity.mappings.context import item_of
from comity.mappings.expression import parse_expression
from comity.mappings.lookup import LatinLookup, NameWordsLookup
from comity.mappings.probe import check_pattern, type_of
from comity.mappings.read_sql import read_list, read_text
from comity.mappings.reference import field_named, field_text, joined_texts, reference
from comity.mappings.rule import Condition, Rule
from comity.mappings.text_steps import sql_name, sql_text
from comity.mappings.transliterate import LANGUAGES
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
        return constant(rule.constant, column, context)
    if rule.case is not None:
        return _case(rule, column, steps, context)
    if rule.first_of is not None:
        return _first_of([compile_rule(part, column, steps, context) for part in rule.first_of], column)
    if rule.list_ is not None:
        _fits(column, column.is_list, "holds one value, and the rule gives a list")
        item = item_of(column)
        return _list([compile_rule(part, item, steps, context) for part in rule.list_])
    if rule.structs is not None:
        _fits(column, column.type == "list<struct>", "has no parts, and the rule gives them")
        return _structs(rule.structs, column, steps, context)
    if rule.record is not None:
        _fits(column, column.type in ("text", "list<text>"), f"is a {column.type} and holds no record_id")
        return reference(rule.record, column, steps, context)
    if rule.hash is not None:
        _fits(column, column.type == "text", f"is a {column.type} and holds no hash")
        texts = [field_text(name, steps) for name in rule.hash]
        present = " OR ".join(f"{text} IS NOT NULL" for text in texts)
        return Value(steps.give(column.name, f"CASE WHEN {present} THEN sha256({joined_texts(texts)}) END"))
    if rule.latin is not None or rule.name_key is not None:
        _fits(column, column.type == "text", f"is a {column.type} and holds no name")
        return _latin(rule, steps) if rule.latin is not None else _name_key(rule.name_key or (), steps)
    if rule.sql is not None:
        return _sql(rule, column, steps, context)
    if rule.from_ is not None and (rule.split is not None or field_named(rule.from_, steps).shape == "list"):
        listed = rule.split is None
        given = sql_name(rule.from_) if listed else field_text(rule.from_, steps)
        return read_list(rule, given, column, steps, context)
    return read_text(rule, _text(rule, steps), column, steps, context)


def _fits(column: Column, fits: bool, why: str) -> None:
    if not fits:
        raise MappingError(
            "mapping.rule-does-not-fit",
            f"'{column.name}' {why}",
            remedy="fill another column with it, or this one by another rule",
        )


def _sql(rule: Rule, column: Column, steps: Steps, context: Context) -> Value:
    """The mapping's own SQL. Where it fails on a text, that is an issue as of any text that is not understood."""
    expression = parse_expression(rule.sql or "", steps.fields)
    for name in expression.fields:
        field_named(name, steps)
    kind = type_of(expression.sql, steps.fields.values())
    listed = kind.endswith("[]")
    tried = steps.attempt(f"CAST(({expression.sql}) AS VARCHAR{'[]' if listed else ''})")
    read = read_list if listed or rule.split is not None else read_text
    value = read(rule, f"{tried}.value", column, steps, context)
    failed = steps.give(f"{column.name} failed", f"{tried} IS NULL")
    cells = ", ".join(f"CAST({sql_name(name)} AS VARCHAR)" for name in expression.fields)
    found = steps.give(f"{column.name} cells", f"concat_ws(' | ', {cells})") if cells else "NULL"
    policy = rule.invalid or ("reject" if column.required else "flag")
    issue = Issue(failed, "'unparseable'", policy, "mapping.value-unparseable", found)
    return replace(value, issues=(*value.issues, issue))


def _text(rule: Rule, steps: Steps) -> str:
    if rule.join is not None:
        parts = ", ".join(field_text(name, steps) for name in rule.join)
        return f"nullif(concat_ws({sql_text(rule.with_)}, {parts}), '')"
    return field_text(rule.from_ or "", steps)


def _condition(condition: Condition, steps: Steps) -> str:
    text = field_text(condition.field, steps)
    if condition.missing is not None:
        sql = f"{text} IS {'NULL' if condition.missing else 'NOT NULL'}"
    elif condition.matches is not None:
        check_pattern(condition.matches)
        sql = f"coalesce(regexp_matches({text}, {sql_text(condition.matches)}), false)"
    else:
        words = ", ".join(sql_text(word) for word in condition.is_ or ())
        sql = f"coalesce({text} IN ({words}), false)"
    return steps.give(f"{condition.field} when", sql)


def _case(rule: Rule, column: Column, steps: Steps, context: Context) -> Value:
    """The value of the first branch whose condition holds; its issues count only where it is taken."""
    whens: list[str] = []
    values: list[Value] = []
    for branch in rule.case or ():
        whens.append(_condition(branch.when, steps))
        values.append(_outcome(branch.then, column, steps, context))
    if rule.else_ is not None:
        values.append(_outcome(rule.else_, column, steps, context))
    issues = []
    for number, value in enumerate(values):
        taken = " AND ".join([*(f"NOT {when}" for when in whens[:number]), *whens[number : number + 1]])
        issues += [replace(issue, when=f"({taken}) AND {issue.when}") for issue in value.issues]
    if any(value.earliest for value in values):
        first, last = ([getattr(value, day) or "NULL" for value in values] for day in ("earliest", "latest"))
        return Value(
            _chosen(whens, [value.sql for value in values]),
            tuple(issues),
            _chosen(whens, first),
            _chosen(whens, last),
        )
    return Value(_chosen(whens, [value.sql for value in values]), tuple(issues))


def _chosen(whens: list[str], values: list[str]) -> str:
    branches = " ".join(f"WHEN {when} THEN {value}" for when, value in zip(whens, values, strict=False))
    rest = f" ELSE {values[-1]}" if len(values) > len(whens) else ""
    return f"CASE {branches}{rest} END"


def _outcome(then: str | Rule, column: Column, steps: Steps, context: Context) -> Value:
    if not isinstance(then, str):
        return compile_rule(then, column, steps, context)
    if then in steps.fields:
        raise MappingError(
            "mapping.text-or-field",
            f"'{then}' is a field of the source, and a text alone is a constant here",
            found=then,
            remedy=f"write {{from: {then}}} for what the field holds, or {{constant: {then}}} for the text",
        )
    return constant(then, column, context)


def _first_of(values: list[Value], column: Column) -> Value:
    issues = tuple(issue for value in values for issue in value.issues)
    if column.is_list:  # an empty list is no value
        return Value(
            _chosen([f"len({value.sql}) > 0" for value in values], [value.sql for value in values]), issues
        )
    chosen = f"coalesce({', '.join(value.sql for value in values)})"
    if not any(value.earliest for value in values):
        return Value(chosen, issues)
    whens = [f"{value.sql} IS NOT NULL" for value in values]
    first, last = ([getattr(value, day) or "NULL" for value in values] for day in ("earliest", "latest"))
    return Value(chosen, issues, _chosen(whens, first), _chosen(whens, last))


def _list(values: list[Value]) -> Value:
    items = ", ".join(value.sql for value in values)
    issues = tuple(issue for value in values for issue in value.issues)
    return Value(f"list_filter([{items}], lambda x: x IS NOT NULL)", issues)


def _structs(
    structs: tuple[dict[str, str | Rule], ...], column: Column, steps: Steps, context: Context
) -> Value:
    items: list[tuple[str, str]] = []
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
        # A part that is not understood is a flag of the whole column and rejects no record.
        values = {
            name: compile_rule(rule, replace(known[name], required=False), steps, context)
            for name, rule in struct.items()
        }
        present = " OR ".join(
            f"{values[name].sql} IS NOT NULL"
            for name, rule in struct.items()
            if isinstance(rule, str) or rule.constant is None
        )
        packed = ", ".join(
            f"{sql_name(name)} := CAST({values[name].sql if name in values else 'NULL'} AS {field.duckdb_type})"
            for name, field in known.items()
        )
        items.append((present or "true", f"struct_pack({packed})"))
        issues += [issue for value in values.values() for issue in value.issues]
    if len(items) == 1:
        (present, packed), *_ = items
        return Value(f"CASE WHEN {present} THEN [{packed}] ELSE [] END", tuple(issues))
    listed = ", ".join(f"CASE WHEN {present} THEN {packed} END" for present, packed in items)
    return Value(f"list_filter([{listed}], lambda x: x IS NOT NULL)", tuple(issues))


def _parts(names: tuple[str, ...], steps: Steps, kind: LookupKind) -> tuple[list[str], list[str]]:
    """The parts of a name as given, and the values that ``kind`` has for them."""
    texts = [steps.give(f"{name} text", field_text(name, steps)) for name in names]
    return texts, [f"{steps.look_up(text, kind)}.value" for text in texts]


def _joined(values: list[str]) -> tuple[str, str]:
    """The values that have a letter with a space between them, and whether there is one.

    The two stand apart, for ``nullif`` would work out what it is given twice.
    """
    parts = ", ".join(f"nullif({value}, '')" for value in values)
    return f"concat_ws(' ', {parts})", "(" + " OR ".join(f"{value} <> ''" for value in values) + ")"


def _latin(rule: Rule, steps: Steps) -> Value:
    if rule.language is not None and rule.language not in LANGUAGES:
        raise MappingError(
            "mapping.unknown-language",
            f"No transliteration table is that of '{rule.language}'",
            remedy=nearest(rule.language, LANGUAGES),
        )
    texts, values = _parts(rule.latin or (), steps, LatinLookup(rule.language))
    unknown = " OR ".join(
        f"({text} IS NOT NULL AND {value} IS NULL)" for text, value in zip(texts, values, strict=True)
    )
    joined, some = _joined(values)
    sql = f"CASE WHEN {some} AND NOT ({unknown}) THEN {joined} END"
    given = f"concat_ws(' ', {', '.join(texts)})"
    issue = Issue(unknown, "'no_transliteration'", "flag", "mapping.value-unparseable", given)
    return Value(sql, (issue,))


def _name_key(names: tuple[str, ...], steps: Steps) -> Value:
    _, values = _parts(names, steps, NameWordsLookup())
    joined, some = _joined(values)
    sorted_words = (
        f"CASE WHEN {some} THEN list_aggregate(list_sort(string_split({joined}, ' ')), 'string_agg', ' ') END"
    )
    if len(values) == 2:
        # Most names are one word and one word, and need no list.
        first, second = values
        one_each = (
            f"{first} <> '' AND {second} <> '' AND NOT contains({first}, ' ') AND NOT contains({second}, ' ')"
        )
        pair = f"least({first}, {second}) || ' ' || greatest({first}, {second})"
        return Value(f"CASE WHEN {one_each} THEN {pair} ELSE {sorted_words} END")
    return Value(sorted_words)
