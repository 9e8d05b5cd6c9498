"""The scalar SQL that a mapping may hold, as the way out.

Invariant: what passes is one expression of scalar functions over the source's own fields: no subquery, no aggregate,
window or table function, nothing that reads a file, the environment or the clock. So the rows stay rows, the same
bytes give the same records, and the fields that a column comes from are exactly the ones that it names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from comity.errors import MappingError, nearest

if TYPE_CHECKING:
    from collections.abc import Collection

# An allow-list, in lower case: whatever a coming DuckDB adds is refused until someone has looked at it.
FUNCTIONS = frozenset(
    """
    abs array_length array_to_string len cast ceil ceiling char_length character_length coalesce concat concat_ws
    contains date_diff date_part date_trunc datediff ends_with extract floor format greatest if
    ifnull instr json_array_length json_extract json_extract_scalar json_extract_string last_day least left length
    levenshtein list_aggregate list_concat list_contains list_distinct list_extract list_filter
    list_has list_sort list_transform list_value lower lpad ltrim make_date md5 mod nullif position
    power printf regexp_extract regexp_extract_all regexp_full_match regexp_matches regexp_replace
    regexp_split_to_array repeat replace reverse right round rpad rtrim sha256 sign split_part sqrt
    starts_with str_split str_split_regex strftime string_split strip_accents strlen strpos strptime
    substr substring translate trim trunc try_cast try_strptime upper month year day hour minute
    second
    """.split()
)


@dataclass(frozen=True)
class Expression:
    """A checked expression in DuckDB's SQL, and the source fields that it reads, each once, in order."""

    sql: str
    fields: tuple[str, ...]


def parse_expression(text: str, fields: Collection[str]) -> Expression:
    """``text`` checked; MappingError names what is not allowed, with the nearest field or function."""
    import sqlglot
    from sqlglot import exp

    try:
        tree = sqlglot.parse_one(f"SELECT {text}", read="duckdb")
    except sqlglot.errors.SqlglotError as error:
        raise MappingError(
            "mapping.bad-sql",
            "The SQL expression cannot be parsed",
            found=str(error).splitlines()[0],
            remedy=text,
        ) from None
    if (
        not isinstance(tree, exp.Select)
        or len(tree.expressions) != 1
        or (
            set(tree.args) - {"expressions", "kind"}
            and any(tree.args.get(part) for part in tree.args if part not in ("expressions", "kind"))
        )
    ):
        raise MappingError("mapping.bad-sql", "A mapping's SQL is one scalar expression", found=text)
    root = tree.expressions[0]
    forbidden = (
        exp.Subquery,
        exp.Select,
        exp.Star,
        exp.AggFunc,
        exp.Window,
        exp.UDTF,
        exp.Alias,
        exp.Parameter,
    )
    used: dict[str, None] = {}
    lambda_names = {name.name for node in root.find_all(exp.Lambda) for name in node.expressions}
    for node in root.walk():
        if isinstance(node, forbidden) and not isinstance(node, exp.Lambda):
            raise MappingError(
                "mapping.sql-not-scalar",
                f"A mapping's SQL may not hold {type(node).__name__.lower()}",
                found=node.sql("duckdb"),
                remedy="use scalar functions over the source's fields",
            )
        if isinstance(node, exp.Column):
            name = ".".join(part.name for part in node.parts)
            if name in lambda_names:
                continue
            if name not in fields:
                raise MappingError(
                    "mapping.unknown-field",
                    f"The source has no field '{name}'",
                    found=text,
                    remedy=nearest(name, fields),
                )
            used[name] = None
        elif isinstance(node, exp.Func):
            _check_function(node)
    for node in list(root.find_all(exp.Column)):
        name = ".".join(part.name for part in node.parts)
        if name in used:
            # A field's name may hold dots and any script: it is one quoted identifier.
            column = exp.column(exp.to_identifier(name, quoted=True))
            if node is root:
                root = column
            else:
                node.replace(column)
    return Expression(root.sql("duckdb"), tuple(used))


def _check_function(node: object) -> None:
    from sqlglot import exp

    if isinstance(node, exp.Anonymous):
        names = [node.name.lower()]
    elif isinstance(node, exp.Case | exp.Cast | exp.Connector | exp.Boolean | exp.Array | exp.Distinct):
        return
    elif isinstance(node, exp.Func):
        names = [name.lower() for name in node.sql_names()] + [node.sql("duckdb").split("(")[0].lower()]
    else:
        return
    if not any(name in FUNCTIONS for name in names):
        raise MappingError(
            "mapping.unknown-function",
            f"A mapping's SQL may not call '{names[0]}'",
            remedy=nearest(names[0], FUNCTIONS),
        )
