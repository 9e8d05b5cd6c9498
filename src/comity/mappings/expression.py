"""The scalar SQL that a mapping may hold, as the way out.

Invariant: what passes is one expression of scalar functions over the source's own fields: no subquery, no aggregate,
window or table function, nothing that reads a file, the environment or the clock. So the rows stay rows, the same
bytes give the same records, and the fields that a column comes from are exactly the ones that it names. What is run is
what was written: syntax that the parser would turn into something else is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from comity.errors import MappingError, nearest

if TYPE_CHECKING:
    from collections.abc import Collection

# An allow-list, in lower case: whatever a coming DuckDB adds is refused until someone has looked at it.
FUNCTIONS = frozenset(
    """
    abs array_length array_to_string len cast ceil ceiling char_length character_length coalesce concat concat_ws
    contains date_diff date_part date_trunc datediff ends_with extract floor format greatest if
    ifnull instr json_array_length json_extract json_extract_string last_day least left length
    levenshtein list_aggregate list_concat list_contains list_distinct list_extract list_filter
    list_has list_sort list_transform list_value lower lpad ltrim make_date md5 mod nullif position
    power printf regexp_extract regexp_extract_all regexp_full_match regexp_matches regexp_replace
    regexp_split_to_array repeat replace reverse right round rpad rtrim sha256 sign split_part sqrt
    starts_with str_split str_split_regex strftime string_split strip_accents strlen strpos strptime
    substr substring translate trim trunc try_cast try_strptime upper month year day hour minute
    second array_contains array_distinct array_concat array_extract array_slice list_slice json_type
    """.split()
)
# Words before a bracket that call nothing, and types that have their length in brackets.
_SYNTAX = frozenset(
    "and or not in when then else case is like ilike between as over filter exists any all".split()
)
_TYPES = frozenset("decimal numeric varchar char".split())
_OPERATORS = frozenset("( ) [ ] , . : :: + - * / // % || = == <> != < <= > >= -> ->>".split())
# The kinds of node that an expression is made of, functions aside.
_NODES = frozenset(
    """
    Column Identifier Literal Null Boolean Paren Not And Or EQ NEQ GT GTE LT LTE Is In Between Like ILike Escape
    NullSafeEQ NullSafeNEQ Add Sub Mul Div IntDiv Mod Neg DPipe Case If Cast TryCast DataType DataTypeParam Array
    Bracket Slice Lambda Interval Var JSONPath JSONPathRoot JSONPathKey JSONPathSubscript JSONExtract
    JSONExtractScalar
    """.split()
)
_CALLED = {
    "Subquery": "a subquery", "Select": "a subquery", "Exists": "a subquery", "Union": "a second query",
    "Window": "a window function", "Star": "a star", "Columns": "a star", "Alias": "an alias",
    "Placeholder": "a parameter", "Parameter": "a parameter", "PositionalColumn": "a column by its number",
    "Dot": "a part behind a dot", "Comprehension": "a list comprehension", "Struct": "a struct", "Tuple": "a tuple",
}  # fmt: skip


@dataclass(frozen=True)
class Expression:
    """A checked expression in DuckDB's SQL, and the source fields that it reads, each once, in order."""

    sql: str
    fields: tuple[str, ...]


def parse_expression(text: str, fields: Collection[str]) -> Expression:
    """``text`` checked; MappingError names what is not allowed, with the nearest field or function."""
    from sqlglot import exp

    tokens = _tokens(text)
    root = _parse(text)
    _check_scalar(root, text)
    _check_functions(tokens, text)
    used: dict[str, None] = {}
    for node in root.walk():
        called = _called(node)
        if called is not None:
            _check_function(called)
        if isinstance(node, exp.Lambda):
            _check_lambda(node, fields)
        if isinstance(node, exp.Column) and not node.find(exp.Star):
            used[_field(node, fields, text)] = None
    for node in list(root.find_all(exp.Column)):
        # A field's name may hold dots and any script: it is one quoted identifier.
        column = exp.column(exp.to_identifier(".".join(part.name for part in node.parts), quoted=True))
        if node is root:
            root = column
        else:
            node.replace(column)
    return Expression(root.sql("duckdb"), tuple(sorted(used, key=text.find)))


def _check_scalar(root: Any, text: str) -> None:
    """Nothing but what scalar expressions are made of, functions aside."""
    for node in root.walk():
        kind = type(node).__name__
        if kind not in _NODES and _called(node) is None:
            word = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind).lower()
            raise _not_scalar(_CALLED.get(kind, f"'{word}'"), text)


def _called(node: Any) -> str | None:
    """The name of the function that the node calls in the SQL that is run; None if it calls none."""
    from sqlglot import exp

    if not isinstance(node, exp.Func) or type(node).__name__ in _NODES:
        return None
    if isinstance(node, exp.Anonymous):
        return str(node.name)
    name = re.match(r"(\w+)(?:\(|$)", node.sql("duckdb"))
    return name[1] if name else None


def _parse(text: str) -> Any:
    """The one expression that ``text`` is."""
    import sqlglot
    from sqlglot import exp

    try:
        statements = sqlglot.parse(f"SELECT {text}", read="duckdb")
    except (sqlglot.errors.SqlglotError, RecursionError) as error:
        raise MappingError(
            "mapping.bad-sql",
            "The SQL expression cannot be parsed",
            found=str(error).splitlines()[0],
            remedy=f"correct it: {text}",
        ) from None
    tree = statements[0] if len(statements) == 1 else None
    others = {name for name, part in tree.args.items() if part and name != "expressions"} if tree else set()
    if not isinstance(tree, exp.Select) or len(tree.expressions) != 1 or others:
        raise MappingError(
            "mapping.bad-sql",
            "A mapping's SQL is one scalar expression",
            found=text,
            remedy="write what would stand between SELECT and FROM, for one column",
        )
    return tree.expressions[0]


def _tokens(text: str) -> list[Any]:
    """The words and signs of ``text``; no comment, and no operator that the parser would turn into something else."""
    import sqlglot

    try:
        tokens = sqlglot.tokenize(text, read="duckdb")
    except sqlglot.errors.SqlglotError as error:
        raise MappingError(
            "mapping.bad-sql",
            "The SQL expression cannot be parsed",
            found=str(error).splitlines()[0],
            remedy="look for a quote that is not closed",
        ) from None
    for token in tokens:
        written = text[token.start : token.end + 1]
        if token.comments:
            raise _not_scalar("a comment", text, "write the comment in the YAML, behind a #")
        if re.fullmatch(r"[^\w\s'\"$]+", written) and written not in _OPERATORS:
            raise _not_scalar(
                f"'{written}'", text, "use a function, for example regexp_matches or starts_with"
            )
    return tokens


def _check_functions(tokens: list[Any], text: str) -> None:
    """Functions by the names that were written."""
    for token, following in pairwise(tokens):
        written = text[token.start : token.end + 1]
        if following.text == "(" and re.match(r'[\w"]', written):
            name = token.text.lower()
            if name not in _SYNTAX | _TYPES:
                _check_function(name)


def _check_function(name: str) -> None:
    if name.lower() not in FUNCTIONS:
        raise MappingError(
            "mapping.unknown-function",
            f"A mapping's SQL may not call '{name.lower()}'",
            remedy=nearest(name.lower(), FUNCTIONS),
        )


def _check_lambda(node: Any, fields: Collection[str]) -> None:
    for name in (parameter.name for parameter in node.expressions):
        if name in fields:
            raise MappingError(
                "mapping.bad-sql",
                f"'{name}' is a field of the source and cannot name the item of a list too",
                found=node.sql("duckdb"),
                remedy=f"give it another name, for example {name}_item",
            )


def _field(column: Any, fields: Collection[str], text: str) -> str:
    name = ".".join(part.name for part in column.parts)
    if name not in fields:
        raise MappingError(
            "mapping.unknown-field",
            f"The source has no field '{name}'",
            found=text,
            remedy=nearest(name, fields),
        )
    return name


def _not_scalar(
    what: str, text: str, remedy: str = "use scalar functions over the source's fields"
) -> MappingError:
    return MappingError(
        "mapping.sql-not-scalar", f"A mapping's SQL may not hold {what}", found=text, remedy=remedy
    )
