"""SQL conditions that stand in a suite.

Invariant: a condition is one scalar expression over the columns of one row: no query, no aggregate, no
window, no function that reads anything but its arguments. What passes here can stand in a WHERE clause and
harm nothing.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import sqlglot
from sqlglot import TokenType, exp

# Scalar in form, but they look outside the row, change state or differ from one call to the next.
_FORBIDDEN = frozenset(
    {
        "current_query",
        "current_setting",
        "currval",
        "gen_random_uuid",
        "getenv",
        "nextval",
        "query",
        "query_table",
    }
    | {"random", "read_blob", "read_text", "set_config", "setseed", "sleep_ms", "txid_current", "uuid"}
)
_BATCH = "batch_of_records"
_STRUCTURE = (
    exp.Query,
    exp.Subquery,
    exp.AggFunc,
    exp.Window,
    exp.Star,
    exp.Placeholder,
    exp.Parameter,
    exp.Command,
)


@dataclass(frozen=True)
class Condition:
    """``columns`` are those of the row itself, ``previous`` those asked of the row before it."""

    sql: str
    columns: frozenset[str]
    previous: frozenset[str] = frozenset()


class BadCondition(ValueError):
    """A condition that cannot stand in a suite; the text says why."""


@functools.cache
def parse_condition(text: str, *, previous: bool = False) -> Condition:
    """``text`` as a condition. With ``previous``, ``previous.x`` is column ``x`` of the row before."""
    tree = _tree(text)
    for node in tree.walk():
        if isinstance(node, _STRUCTURE):
            raise BadCondition(
                f"only an expression over the columns of one row may stand here, not '{node.sql('duckdb')}'"
            )
        if isinstance(node, exp.Func) and _name(node) in _FORBIDDEN:
            raise BadCondition(f"the function '{_name(node)}' looks beyond the row")
    own: set[str] = set()
    before: set[str] = set()
    bound = {p.name for lambda_ in tree.find_all(exp.Lambda) for p in lambda_.expressions}
    for column in tree.find_all(exp.Column):
        # `a.b` is a column of the row before, or a field of a struct column or of a list's item.
        head = column.parts[0].name
        if previous and head == "previous" and len(column.parts) == 2:
            before.add(column.name)
        elif head not in bound:
            own.add(head)
    return Condition(text.strip(), frozenset(own), frozenset(before))


def with_previous(condition: Condition) -> str:
    """The condition's SQL with every ``previous.x`` as the column that ``previous_columns`` gives."""
    tree = _tree(condition.sql)
    for column in list(tree.find_all(exp.Column)):
        if column.parts[0].name == "previous" and len(column.parts) == 2:
            lag = exp.column(f"previous_{column.name}", quoted=True)
            if column is tree:
                tree = lag
            else:
                column.replace(lag)
    return tree.sql("duckdb")


def previous_columns(condition: Condition, window: str) -> list[str]:
    """For every ``previous.x`` a select item with its value in the row before, in the order of ``window``."""
    return [f'lag("{name}") OVER {window} AS "previous_{name}"' for name in sorted(condition.previous)]


def check_query(text: str) -> None:
    """Refuse an ``unexpected_rows_query`` that is not one SELECT over ``{batch}`` alone."""
    if "{batch}" not in text:
        raise BadCondition("the query has to read {batch}, which stands for the records that are judged")
    tree = _tree(text.replace("{batch}", _BATCH))
    if not isinstance(tree, exp.Query):
        raise BadCondition("one SELECT is needed")
    own = {_BATCH, *(each.alias for each in tree.find_all(exp.CTE))}
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier) or table.db or table.name not in own:
            raise BadCondition(f"a query may read {{batch}} and nothing else, not '{table.sql('duckdb')}'")
    for function in tree.find_all(exp.Func):
        if _name(function) in _FORBIDDEN:
            raise BadCondition(f"the function '{_name(function)}' looks beyond the records")


def _tree(text: str) -> exp.Expr:
    try:
        tokens = sqlglot.tokenize(text, dialect="duckdb")
        trees = sqlglot.parse(text, dialect="duckdb")
    except sqlglot.errors.SqlglotError as error:
        raise BadCondition(f"this is no SQL expression: {str(error).splitlines()[0]}") from None
    # The text itself goes into a larger statement: nothing in it may end that statement or hide what follows.
    if any(token.token_type == TokenType.SEMICOLON or token.comments for token in tokens):
        raise BadCondition("neither a semicolon nor a comment may stand in a condition")
    if len(trees) != 1 or not isinstance(trees[0], exp.Condition | exp.Query):
        raise BadCondition("one SQL expression is needed")
    return trees[0]


def _name(function: exp.Func) -> str:
    return (
        function.name if isinstance(function, exp.Anonymous) else function.sql("duckdb").split("(")[0]
    ).lower()
