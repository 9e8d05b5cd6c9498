"""Reading a text as what its column holds: date, code, truth value or text; numbers and instants have their own files.

Invariant: a text that cannot be read gives NULL and an Issue that keeps the text; nothing is guessed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comity.errors import MappingError, nearest
from comity.mappings.crosswalk import check_targets, load_crosswalk
from comity.mappings.lookup import DateLookup, ListCodesLookup
from comity.mappings.number_sql import read_number
from comity.mappings.text_steps import sql_text, text_step
from comity.mappings.timestamp_sql import read_timestamp
from comity.mappings.value import Issue, Steps, Value, understood

if TYPE_CHECKING:
    from comity.mappings.context import Context
    from comity.mappings.rule import Policy, Rule
    from comity.standard import Column

_INLINE_CODES = 400  # above this, membership of a code list is a join


def read_text(rule: Rule, raw: str, column: Column, steps: Steps, context: Context) -> Value:
    """The value of one text: the steps in their order, then what it is read as."""
    issues: list[Issue] = []
    cleaned = raw
    if rule.missing:
        words = " ".join(
            f"WHEN {sql_text(word)} THEN {sql_text(kind)}" for word, kind in rule.missing.items()
        )
        kind = steps.give(f"{column.name} missing", f"CASE {raw} {words} END")
        issues.append(Issue(f"{kind} IS NOT NULL", kind, "flag", "mapping.value-missing"))
        known = ", ".join(sql_text(word) for word in rule.missing)
        cleaned = f"CASE WHEN {raw} IN ({known}) THEN NULL ELSE {raw} END"
    text = steps.give(f"{column.name} text", _clean(rule, cleaned))
    value = _read(rule, text, column, steps, context)
    policy: Policy = rule.invalid or ("reject" if column.required else "flag")
    return Value(
        value.sql,
        (*issues, *(_with_policy(issue, policy) for issue in value.issues)),
        value.earliest,
        value.latest,
    )


def read_list(rule: Rule, field: str, column: Column, steps: Steps, context: Context) -> Value:
    """A list column from the text of a field, or from its list: the steps on every item, missing items dropped."""
    if not column.is_list:
        raise MappingError(
            "mapping.not-a-list",
            f"'{column.name}' holds one value, and the rule gives a list",
            remedy="remove 'split'",
        )
    if rule.codes is None:
        if column.code_list:
            raise _needs_codes(column)
        return Value(steps.give(f"{column.name} items", _items(rule, field)))
    codes, name = _codes(rule, column, context)
    kind = ListCodesLookup(_items(rule, "text"), tuple(codes.items()))
    table = steps.look_up(steps.give(f"{column.name} text", field), kind)
    unknown = f"{table}.unmapped"
    issue = Issue(f"({unknown} <> '')", "'unmapped'", rule.unmapped, "mapping.code-unmapped", unknown, name)
    return Value(f"{table}.codes", (issue,))


def _items(rule: Rule, field: str) -> str:
    """The items of ``field``, cleaned; of a field that is a list already, its items."""
    listed = field
    if isinstance(rule.split, str):
        listed = f"string_split({field}, {sql_text(rule.split)})"
    elif rule.split is not None:
        listed = f"regexp_split_to_array({field}, {sql_text(rule.split.regex)})"
    item = _clean(rule, "trim(x)")
    if rule.missing:
        words = ", ".join(sql_text(word) for word in rule.missing)
        item = f"CASE WHEN trim(x) IN ({words}) THEN NULL ELSE {item} END"
    return f"list_filter(list_transform({listed}, lambda x: nullif({item}, '')), lambda x: x IS NOT NULL)"


def check_constant(value: object, column: Column, context: Context) -> None:
    """A constant is a code of its column's list."""
    if column.code_list is None:
        return
    codes = context.codes(column.code_list)
    for code in value if isinstance(value, tuple) else (value,):
        if str(code) not in codes:
            raise MappingError(
                "mapping.unknown-standard-code",
                f"The code list '{column.code_list}' has no code '{code}'",
                remedy=nearest(str(code), codes),
            )


def _clean(rule: Rule, text: str) -> str:
    if rule.replace:
        words = " ".join(f"WHEN {sql_text(a)} THEN {sql_text(b)}" for a, b in rule.replace.items())
        text = f"CASE {text} {words} ELSE {text} END"
    if rule.extract is not None:
        text = f"regexp_extract({text}, {sql_text(rule.extract)}, {rule.group})"
    for step in rule.apply:
        text = text_step(step, text)
    if rule.pad is not None:
        pad, width = sql_text(rule.pad.with_), rule.pad.width
        # An empty text stays empty: zeros alone would be a value that nobody wrote.
        text = f"CASE WHEN length({text}) BETWEEN 1 AND {width - 1} THEN lpad({text}, {width}, {pad}) ELSE {text} END"
    return f"nullif(trim({text}), '')" if rule.replace or rule.extract or rule.apply else text


def _with_policy(issue: Issue, policy: Policy) -> Issue:
    if issue.code == "mapping.code-unmapped":
        return issue
    return Issue(issue.when, issue.reason, policy, issue.code, issue.found, issue.crosswalk)


def _read(rule: Rule, text: str, column: Column, steps: Steps, context: Context) -> Value:
    if rule.codes is not None:
        return _read_codes(rule, text, column, steps, context)
    if rule.check is not None:
        return Value(steps.parse(column.name, f"check_{rule.check}({text})"))
    if column.partial_date is not None or rule.date is not None:
        return _read_date(rule, text, column, steps)
    if rule.timestamp is not None:
        return read_timestamp(rule, text, column, steps)
    if rule.boolean is not None:
        words = "".join(
            f" WHEN {text} IN ({', '.join(map(sql_text, options))}) THEN {value}"
            for options, value in ((rule.boolean.true, "true"), (rule.boolean.false, "false"))
        )
        return understood(text, steps.parse(column.name, f"CASE{words} END"))
    if column.type in ("integer", "bigint", "decimal", "double"):
        return read_number(rule, text, column, steps)
    if column.type == "code":
        if rule.sql is not None or rule.latin is not None:
            return _read_codes(rule.model_copy(update={"codes": "same"}), text, column, steps, context)
        raise _needs_codes(column)
    if column.type in ("boolean", "date", "timestamp"):
        if rule.sql is not None:
            return understood(text, steps.parse(column.name, f"TRY_CAST({text} AS {column.duckdb_type})"))
        raise MappingError(
            "mapping.rule-does-not-fit",
            f"'{column.name}' is a {column.type}, and the rule gives text",
            remedy=f"add '{column.type}:'",
        )
    if column.type.startswith("list"):
        return Value(f"CASE WHEN {text} IS NOT NULL THEN [{text}] END")
    return Value(text)


def _needs_codes(column: Column) -> MappingError:
    return MappingError(
        "mapping.rule-does-not-fit",
        f"'{column.name}' holds codes of the list '{column.code_list}', and the rule gives text",
        remedy="add 'codes:' with the name of a crosswalk, or 'codes: same'",
    )


def _codes(rule: Rule, column: Column, context: Context) -> tuple[dict[str, str | None], str]:
    """Source code → standard code, and the crosswalk's name."""
    if column.code_list is None and rule.codes == "same":
        raise MappingError(
            "mapping.rule-does-not-fit", f"'{column.name}' has no code list", remedy="remove 'codes'"
        )
    if rule.codes == "same":
        return {code: code for code in context.codes(column.code_list or "")}, f"same {column.code_list}"
    crosswalk = load_crosswalk(rule.codes or "", context.folder)
    if column.code_list is not None:
        check_targets(crosswalk, column.code_list, context.codes(column.code_list))
    return crosswalk.codes, rule.codes or ""


def _read_codes(rule: Rule, text: str, column: Column, steps: Steps, context: Context) -> Value:
    codes, name = _codes(rule, column, context)
    if rule.codes == "same" and len(codes) <= _INLINE_CODES:
        known = ", ".join(map(sql_text, codes))
        value = steps.parse(column.name, f"CASE WHEN {text} IN ({known}) THEN {text} END")
        unmapped = f"({text} IS NOT NULL AND {value} IS NULL)"
        issues = [Issue(unmapped, "'unmapped'", rule.unmapped, "mapping.code-unmapped", text, name)]
    else:
        alias = steps.join_codes(name, codes, text)
        value = f"{alias}.target"
        unmapped = f"({text} IS NOT NULL AND {alias}.code IS NULL)"
        issues = [Issue(unmapped, "'unmapped'", rule.unmapped, "mapping.code-unmapped", text, name)]
        if any(target is None for target in codes.values()):
            none = f"({alias}.code IS NOT NULL AND {alias}.target IS NULL)"
            issues.append(Issue(none, "'no_equivalent'", "flag", "mapping.value-missing", text))
    if column.type.startswith("list"):
        value = f"CASE WHEN {value} IS NOT NULL THEN [{value}] END"
    return Value(value, tuple(issues))


def _read_date(rule: Rule, text: str, column: Column, steps: Steps) -> Value:
    formats = rule.date
    if formats is None:
        raise MappingError(
            "mapping.rule-does-not-fit",
            f"'{column.name}' is a date, and the rule gives text",
            remedy="add 'date:' with the format, for example \"%Y-%m-%d\"",
        )
    partial = column.partial_date is not None
    table = steps.look_up(text, DateLookup(formats, rule.calendar, rule.pivot, rule.approximate))
    if not partial:
        return understood(text, f"CASE WHEN {table}.earliest = {table}.latest THEN {table}.earliest END")
    issues = understood(text, f"{table}.edtf").issues
    return Value(f"{table}.edtf", issues, f"{table}.earliest", f"{table}.latest")
