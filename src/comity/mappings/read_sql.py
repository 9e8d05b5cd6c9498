"""Reading a text as what its column holds: date, code, truth value or text; numbers and instants have their own files.

Invariant: a text that cannot be read gives NULL and an Issue that keeps the text; nothing is guessed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from comity.errors import MappingError
from comity.mappings.check_digit import CHECK_WORDS, weighted
from comity.mappings.crosswalk import check_targets, load_crosswalk
from comity.mappings.date_format import parse_format
from comity.mappings.lookup import DateLookup, ListCodesLookup
from comity.mappings.number_sql import read_number
from comity.mappings.probe import check_pattern
from comity.mappings.text_steps import BARE, EMPTYING, sql_text, text_step
from comity.mappings.timestamp_sql import read_timestamp
from comity.mappings.value import Issue, Steps, Value, understood

if TYPE_CHECKING:
    from comity.mappings.context import Context
    from comity.mappings.rule import Policy, Rule, Weighted
    from comity.standard import Column

_INLINE_CODES = 400  # above this, membership of a code list is a join


def read_text(rule: Rule, raw: str, column: Column, steps: Steps, context: Context) -> Value:
    """The value of one text: the steps in their order, then what it is read as."""
    _check_fit(rule, column)
    issues: list[Issue] = []
    # A value that is missing by the source's own word is understood: only a column that needs it rejects the row.
    absent: Policy = "reject" if column.required else "flag"
    replaced = _replaced(rule, raw)
    if rule.missing:
        words = " ".join(
            f"WHEN {sql_text(word)} THEN {sql_text(kind)}" for word, kind in rule.missing.items()
        )
        kind = steps.give(f"{column.name} missing", f"CASE {raw} {words} END")
        found = steps.give(f"{column.name} raw", raw) if column.required else "NULL"
        issues.append(Issue(f"{kind} IS NOT NULL", kind, absent, "mapping.value-missing", found))
    text = steps.give(f"{column.name} text", _cleaned(rule, replaced))
    policy: Policy = rule.invalid or ("reject" if column.required else "flag")
    if _can_lose(rule):
        before = steps.give(f"{column.name} before", replaced)
        unfound = f"NOT regexp_matches({before}, {sql_text(rule.extract)})" if rule.extract else "true"
        # The pattern is tried again only on a text that nothing is left of.
        lost = f"CASE WHEN {before} IS NOT NULL AND {text} IS NULL THEN {unfound} ELSE false END"
        issues.append(Issue(lost, "'unparseable'", policy, "mapping.value-unparseable", before))
    value = _read(rule, text, column, steps, context)
    policies: dict[str, Policy] = {"mapping.code-unmapped": rule.unmapped, "mapping.value-missing": absent}
    of_value = (replace(issue, policy=policies.get(issue.code, policy)) for issue in value.issues)
    return replace(value, issues=(*issues, *of_value))


def read_list(rule: Rule, field: str, column: Column, steps: Steps, context: Context) -> Value:
    """A list column from a text that is split, or from a list: the steps on every item, missing items dropped."""
    if not column.is_list:
        raise MappingError(
            "mapping.not-a-list",
            f"'{column.name}' holds one value, and the rule gives a list",
            remedy="remove 'split', or join the list's texts with sql: array_to_string(field, ';')",
        )
    _check_fit(rule, column)
    issues = _list_issues(rule, field, column, steps)
    if rule.codes is None:
        if column.code_list:
            raise _needs_codes(column)
        return Value(steps.give(f"{column.name} items", _items(rule, field)), issues)
    codes, name = _codes(rule, column, context), _crosswalk_name(rule, column)
    kind = ListCodesLookup(_items(rule, "text"), tuple(codes.items()))
    given = steps.give(f"{column.name} text", field)
    table = steps.look_up(given, kind)
    unknown = f"array_to_string({table}.unmapped, ';')"
    unmapped = Issue(
        f"(len({table}.unmapped) > 0)", "'unmapped'", rule.unmapped, "mapping.code-unmapped", unknown, name,
        f"{table}.unmapped",
    )  # fmt: skip
    none = Issue(f"{table}.no_equivalent", "'no_equivalent'", "flag", "mapping.value-missing", "NULL")
    return Value(f"{table}.codes", (*issues, unmapped, *([none] if None in codes.values() else [])))


def _list_issues(rule: Rule, field: str, column: Column, steps: Steps) -> tuple[Issue, ...]:
    """What is missing among the items by the rule's own words, and what its steps left nothing of."""
    issues: list[Issue] = []
    for kind in dict.fromkeys((rule.missing or {}).values()):
        words = ", ".join(sql_text(word) for word, of in (rule.missing or {}).items() if of == kind)
        items = _present(_split(rule, field), "nullif(trim(x), '')")
        found = steps.give(f"{column.name} {kind}", f"coalesce(list_has_any({items}, [{words}]), false)")
        issues.append(Issue(found, sql_text(kind), "flag", "mapping.value-missing"))
    if _can_lose(rule):
        unfound = f"NOT regexp_matches(x, {sql_text(rule.extract)})" if rule.extract else "true"
        replaced = _present(_split(rule, field), _replaced(rule, "nullif(trim(x), '')"))
        lost = f"list_filter({replaced}, lambda x: {_cleaned(rule, 'x')} IS NULL AND {unfound})"
        left = steps.give(f"{column.name} lost", f"array_to_string({lost}, ';')")
        policy = rule.invalid or "flag"
        issues.append(Issue(f"({left} <> '')", "'unparseable'", policy, "mapping.value-unparseable", left))
    return tuple(issues)


def _items(rule: Rule, field: str) -> str:
    """The items of ``field`` after the steps."""
    return _present(_split(rule, field), _cleaned(rule, _replaced(rule, "nullif(trim(x), '')")))


def _split(rule: Rule, field: str) -> str:
    if rule.split is None:
        return field
    if isinstance(rule.split, str):
        return f"string_split({field}, {sql_text(rule.split)})"
    check_pattern(rule.split.regex)
    return f"regexp_split_to_array({field}, {sql_text(rule.split.regex)})"


def _present(items: str, item: str) -> str:
    return f"list_filter(list_transform({items}, lambda x: {item}), lambda x: x IS NOT NULL)"


def _replaced(rule: Rule, text: str) -> str:
    """``text`` without the words for missing, and with the words that are replaced."""
    if rule.missing:
        words = ", ".join(sql_text(word) for word in rule.missing)
        text = f"CASE WHEN {text} IN ({words}) THEN NULL ELSE {text} END"
    if rule.replace:
        words = " ".join(f"WHEN {sql_text(a)} THEN {sql_text(b)}" for a, b in rule.replace.items())
        text = f"nullif(CASE {text} {words} ELSE {text} END, '')"
    return text


def _cleaned(rule: Rule, text: str) -> str:
    """``text`` after extraction, the steps of ``apply`` and padding; NULL when nothing is left."""
    if rule.extract is not None:
        check_pattern(rule.extract, rule.group)
        text = f"regexp_extract({text}, {sql_text(rule.extract)}, {rule.group})"
    for step in rule.apply:
        text = text_step(step, text)
    if rule.pad is not None:
        pad, width = sql_text(rule.pad.with_), rule.pad.width
        # An empty text stays empty: zeros alone would be a value that nobody wrote. Without a CASE, whose branches
        # DuckDB works out apart, the steps run once.
        missing = f"greatest(0, {width} - length({text})) * least(1, length({text}))"
        text = f"repeat({pad}, {missing}) || {text}"
    if rule.extract is None and not rule.apply:
        return text
    bare = bool(rule.apply) and rule.apply[-1] in BARE and (rule.pad is None or bool(rule.pad.with_.strip()))
    return f"nullif({text if bare else f'trim({text})'}, '')"


def _can_lose(rule: Rule) -> bool:
    """Whether the steps can leave nothing of a text without anyone having said that this may be."""
    if rule.extract is not None:
        return not rule.optional
    return any(step in EMPTYING for step in rule.apply)


_FITTING: dict[str | None, tuple[str, ...]] = {
    "integer": ("integer", "bigint", "decimal", "double"),
    "number": ("integer", "bigint", "decimal", "double"),
    "boolean": ("boolean",),
    "date": ("date",),
    "timestamp": ("timestamp",),
    "codes": ("code", "text", "list<code>", "list<text>"),
    "check": ("code", "text"),
}


def _check_fit(rule: Rule, column: Column) -> None:
    """What the text is read as is what the column holds."""
    reading = rule.read_as
    kind = "date" if column.partial_date is not None else column.type
    if reading is None and kind in ("boolean", "date", "timestamp", "list<struct>") and rule.sql is None:
        raise MappingError(
            "mapping.rule-does-not-fit",
            f"'{column.name}' is a {kind}, and the rule gives text",
            remedy="write it with 'structs:'" if kind == "list<struct>" else _EXAMPLES[kind],
        )
    if reading is not None and kind not in _FITTING[reading]:
        fitting = [name for name, kinds in _FITTING.items() if name and kind in kinds]
        raise MappingError(
            "mapping.rule-does-not-fit",
            f"'{column.name}' is a {kind}, and the rule reads the text with '{reading}'",
            remedy=f"use {' or '.join(fitting)}" if fitting else f"remove '{reading}'",
        )


_EXAMPLES = {
    "boolean": "add 'boolean: {true: [yes], false: [no]}' with the source's words",
    "date": "add 'date:' with the format, for example \"%Y-%m-%d\"",
    "timestamp": "add 'timestamp:' with the format and 'zone:', or a format with %z",
}


def _read(rule: Rule, text: str, column: Column, steps: Steps, context: Context) -> Value:
    if rule.codes is not None:
        return _read_codes(rule, text, column, steps, context)
    if rule.check is not None:
        return _read_check(rule.check, text, column, steps, context)
    if rule.date is not None:
        return _read_date(rule, rule.date, text, column, steps)
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
        if rule.sql is not None:
            return _read_codes(rule.model_copy(update={"codes": "same"}), text, column, steps, context)
        raise _needs_codes(column)
    if column.partial_date is not None:
        return _read_date(rule, ("edtf",), text, column, steps)
    if column.type in ("boolean", "date", "timestamp"):
        return understood(text, steps.parse(column.name, f"TRY_CAST({text} AS {column.duckdb_type})"))
    if column.is_list:
        if column.code_list:
            raise _needs_codes(column)
        return Value(f"CASE WHEN {text} IS NOT NULL THEN [{text}] END")
    return Value(text)


def _read_check(check: str | Weighted, text: str, column: Column, steps: Steps, context: Context) -> Value:
    name = check if isinstance(check, str) else "weights"
    words = CHECK_WORDS[name]
    unknown = set(words) - set(context.code_list(column.code_list).codes) if column.code_list else set()
    if unknown:
        raise MappingError(
            "mapping.rule-does-not-fit",
            f"'{column.name}' holds codes of the list '{column.code_list}', which has no '{min(unknown)}'",
            found=f"check: {name} gives {', '.join(words)}",
            remedy="fill the column of this check's list",
        )
    said = f"check_{check}({text})" if isinstance(check, str) else weighted(text, check.weights, check.modulo)
    return Value(steps.parse(column.name, said))


def _needs_codes(column: Column) -> MappingError:
    return MappingError(
        "mapping.rule-does-not-fit",
        f"'{column.name}' holds codes of the list '{column.code_list}', and the rule gives text",
        remedy="add 'codes:' with the name of a crosswalk, or 'codes: same'",
    )


def _codes(rule: Rule, column: Column, context: Context) -> dict[str, str | None]:
    """What every code of the source becomes; None where nothing fits."""
    if rule.codes == "same":
        if column.code_list is None or rule.take != "code":
            raise MappingError(
                "mapping.rule-does-not-fit",
                f"'{column.name}' has no code list that the source's codes could be the same as",
                remedy="remove 'codes', or name a crosswalk",
            )
        return {code: code for code in context.code_list(column.code_list).codes}
    crosswalk = load_crosswalk(rule.codes or "", context.folder, review=context.review)
    found: dict[str, str | None] = {**(crosswalk.codes if rule.take == "code" else crosswalk.relations)}
    if column.code_list is not None:
        check_targets(crosswalk, found, context.code_list(column.code_list))
    return found


def _crosswalk_name(rule: Rule, column: Column) -> str:
    return f"same {column.code_list}" if rule.codes == "same" else rule.codes or ""


def _read_codes(rule: Rule, text: str, column: Column, steps: Steps, context: Context) -> Value:
    codes, name = _codes(rule, column, context), _crosswalk_name(rule, column)
    if rule.codes == "same" and len(codes) <= _INLINE_CODES:
        known = ", ".join(map(sql_text, codes))
        value = steps.parse(column.name, f"CASE WHEN {text} IN ({known}) THEN {text} END")
        unmapped = f"({text} IS NOT NULL AND {value} IS NULL)"
        issues = [Issue(unmapped, "'unmapped'", rule.unmapped, "mapping.code-unmapped", text, name)]
    else:
        alias = steps.join_codes(name if rule.take == "code" else f"{name} {rule.take}", codes, text)
        value = f"{alias}.target"
        unmapped = f"({text} IS NOT NULL AND {alias}.code IS NULL)"
        issues = [Issue(unmapped, "'unmapped'", rule.unmapped, "mapping.code-unmapped", text, name)]
        if None in codes.values():
            none = f"({alias}.code IS NOT NULL AND {alias}.target IS NULL)"
            issues.append(Issue(none, "'no_equivalent'", "flag", "mapping.value-missing", text))
    if column.is_list:
        value = f"CASE WHEN {value} IS NOT NULL THEN [{value}] END"
    return Value(value, tuple(issues))


def _read_date(rule: Rule, formats: tuple[str, ...], text: str, column: Column, steps: Steps) -> Value:
    for form in formats:
        if form != "edtf":
            parse_format(form, rule.calendar)  # a format that nobody knows is an error now and not at night
    partial = column.partial_date is not None
    table = steps.look_up(text, DateLookup(formats, rule.calendar, rule.pivot, rule.approximate))
    if not partial:
        return understood(text, f"CASE WHEN {table}.earliest = {table}.latest THEN {table}.earliest END")
    issues = understood(text, f"{table}.edtf").issues
    return Value(f"{table}.edtf", issues, f"{table}.earliest", f"{table}.latest")
