"""Tier two: pairs that agree in so much that chance is a poor explanation, with the weight of every agreement.

Invariant: a pair is of two different sources, once, the smaller id first; its weight is log2 of how many times likelier
it is that both are one person than that they are two, prior included. Asked for ``fresh`` records, only pairs with one
of them are looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comity.linking.model import TERM_COLUMNS, linker_of
from comity.store.view_sql import literal

if TYPE_CHECKING:
    import duckdb

    from comity.linking.model import Model

LEAST = 0.0  # bits: as likely as not
_TELLING = 1.0  # bits: an agreement that is worth less is no reason


def likely_pairs(
    connection: duckdb.DuckDBPyConnection,
    model: Model,
    table: str,
    into: str,
    *,
    fresh: str | None = None,
    least: float = LEAST,
) -> int:
    """Make the table ``into`` of pairs: record_type, from_id, to_id, weight, reasons, rules, and a weight for each
    comparison; their number. ``fresh``: a table of ids, to look only at pairs with one of them.
    """
    linker = _linker(connection, model, table)
    if fresh is None:
        found = linker.inference.predict(threshold_match_weight=least)
        pairs = found.physical_name
    else:
        pairs = _between(connection, linker, table, fresh, least)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {into} AS SELECT 'person' AS record_type, "
        "least(unique_id_l, unique_id_r) AS from_id, greatest(unique_id_l, unique_id_r) AS to_id, "
        f"match_weight AS weight, {_reasons(linker)} AS reasons, ['likely'] AS rules FROM {pairs}"
    )
    return int(connection.execute(f"SELECT count(*) FROM {into}").fetchall()[0][0])


def explain(
    connection: duckdb.DuckDBPyConnection, model: Model, table: str, one: str, other: str
) -> tuple[float, list[tuple[str, str, float]]]:
    """The weight of one pair, prior included, and what each comparison found: name, words, bits."""
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE explained AS FROM {table} WHERE unique_id IN ({literal(one)}, {literal(other)})"
    )
    linker = _linker(connection, model, "explained")
    from splink.internals.blocking_rule_library import CustomRule

    all_pairs = [CustomRule("l.unique_id <> r.unique_id")]
    left, right = _halves(connection, linker, f"SELECT {literal(one)} AS unique_id", "explained")
    found = linker.inference.predict_between(left, right, blocking_rules_to_generate_predictions=all_pairs)
    labels = _labels(linker)
    columns = ", ".join(f"gamma_{name}, {_weight_of(name)}" for name in labels)
    rows = connection.execute(f"SELECT match_weight, {columns} FROM {found.physical_name}").fetchall()
    weight, found_of = rows[0][0], rows[0][1:]
    told = zip(labels, found_of[::2], found_of[1::2], strict=True)
    return weight, [(name, labels[name][level], bits) for name, level, bits in told]


def _linker(connection: duckdb.DuckDBPyConnection, model: Model, table: str) -> Any:
    linker = linker_of(connection, table, model.settings)
    api = linker._db_api
    for column in TERM_COLUMNS:
        name = f"terms_{column}_{table}"
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT term AS {column}, frequency AS tf_{column} "
            f"FROM read_parquet({literal(model.terms)}) WHERE \"column\" = '{column}'"
        )
        linker.table_management.register_term_frequency_lookup(
            api.register(name, table_name=f"splink_{name}"), column
        )
    return linker


def _between(connection: duckdb.DuckDBPyConnection, linker: Any, table: str, fresh: str, least: float) -> str:
    """Pairs of fresh with old records, and of fresh ones among themselves."""
    new, old = _halves(connection, linker, f"SELECT unique_id FROM {fresh}", table)
    across = linker.inference.predict_between(new, old, threshold_match_weight=least)
    within = linker.inference.predict_within(new, threshold_match_weight=least)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE fresh_pairs AS FROM {across.physical_name} "
        f"UNION ALL BY NAME FROM {within.physical_name}"
    )
    return "fresh_pairs"


def _halves(connection: duckdb.DuckDBPyConnection, linker: Any, chosen: str, table: str) -> tuple[Any, Any]:
    halves = []
    for name, sign in (("chosen", "IN"), ("others", "NOT IN")):
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {name}_{table} AS FROM {table} WHERE unique_id {sign} ({chosen})"
        )
        halves.append(linker._db_api.register(f"{name}_{table}", table_name=f"splink_{name}_{table}"))
    return halves[0], halves[1]


def _labels(linker: Any) -> dict[str, dict[int, str]]:
    """Comparison → its levels in words."""
    return {
        comparison.output_column_name: {
            level.comparison_vector_value: _said(level.label_for_charts)
            for level in comparison.comparison_levels
        }
        for comparison in linker._settings_obj.comparisons
    }


def _said(label: str) -> str:
    """Splink's own labels in the words of ours."""
    if label.endswith(" is NULL"):
        return "not known"
    if label.startswith("Exact match"):
        return "the same"
    return "different" if label == "All other comparisons" else label


def _weight_of(name: str) -> str:
    """SQL for what a comparison is worth; that a name is rare or common counts with it."""
    return f"mw_{name} + mw_tf_adj_{name}" if name in ("family", "given", "names") else f"mw_{name}"


def _reasons(linker: Any) -> str:
    """SQL for the list of what speaks for a pair, and of what speaks against it."""
    said = []
    for name, levels in _labels(linker).items():
        cases = " ".join(
            f"WHEN {value} THEN {literal(f'{name}: {label}')}"
            for value, label in levels.items()
            if value >= 0
        )
        said.append(f"CASE WHEN abs({_weight_of(name)}) >= {_TELLING} THEN CASE gamma_{name} {cases} END END")
    return f"list_filter([{', '.join(said)}], lambda reason: reason IS NOT NULL)"
