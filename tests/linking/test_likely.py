"""Tier two: a trained model over a small crowd, its reasons, and only new records against old ones."""

from __future__ import annotations

import json
import random
from itertools import product

import duckdb
import pytest

pytest.importorskip("splink", reason="the extra 'links' is not installed")

from comity.linking.chart import page
from comity.linking.exact import exact_pairs
from comity.linking.features import features_of
from comity.linking.likely import explain, likely_pairs
from comity.linking.model import MODEL, TERMS, Model, train

_FAMILIES = [
    "".join(parts)
    for parts in product(("Gren", "Kov", "Tor", "Bal", "Mor"), "aoiu", ("hal", "mer", "dik", "nov", "sen"))
]
_GIVEN = ["Ostap", "Anna", "Jurgen", "Maria", "Ivan", "Helene", "Dale", "Nino", "Omar", "Sofia"]
TRUTH = {(f"a{i:04}", f"b{i:04}") for i in range(0, 600, 2)}


@pytest.fixture(scope="module")
def crowd() -> duckdb.DuckDBPyConnection:
    """600 persons of source a; every second is known to source b too, a third of those with a slip in the name."""
    rng = random.Random(7)
    rows = []
    for i in range(600):
        family, given = rng.choice(_FAMILIES), rng.choice(_GIVEN)
        born = f"{rng.randrange(1950, 2000)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"
        sex, nation = rng.choice("MF"), rng.choice(("UA", "PL", "DE"))
        rows.append((f"a{i:04}", "a", family, given, born, sex, nation))
        if i % 2 == 0:
            there = family[:3] + "k" + family[3:] if i % 3 == 0 else family
            slip = rng.random() < 0.05
            day = born[:-2] + "28" if slip else born
            rows.append((f"b{i:04}", "b", there, given, day, "U" if slip else sex, "PL" if slip else nation))
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE told (unique_id VARCHAR, source_id VARCHAR, family VARCHAR, given VARCHAR, born DATE, "
        "sex VARCHAR, nation VARCHAR)"
    )
    connection.executemany("INSERT INTO told VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    connection.execute(
        "CREATE TABLE compared AS SELECT unique_id, source_id, upper(source_id) AS owner_country, sex, "
        "[nation] AS nationalities, NULL::VARCHAR AS personal_number, family, given, "
        "NULL::VARCHAR AS name, NULL::VARCHAR AS place, born AS birth_first, born AS birth_last FROM told"
    )
    features_of(connection, "compared", "crowd")
    return connection


@pytest.fixture(scope="module")
def model(crowd: duckdb.DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory) -> Model:
    return train(crowd, "crowd", tmp_path_factory.mktemp("model"), pairs=1e5)


def pairs(connection: duckdb.DuckDBPyConnection, table: str) -> set[tuple[str, str]]:
    return set(connection.execute(f"SELECT from_id, to_id FROM {table}").fetchall())


def test_exact_keys_find_those_whose_names_sound_the_same(crowd: duckdb.DuckDBPyConnection) -> None:
    exact_pairs(crowd, "person", "crowd", "exact")

    found = pairs(crowd, "exact")
    assert found <= TRUTH and len(found) > 0.6 * len(TRUTH)


def test_the_model_finds_who_was_written_with_a_slip(crowd: duckdb.DuckDBPyConnection, model: Model) -> None:
    likely_pairs(crowd, model, "crowd", "likely", least=6.0)

    found = pairs(crowd, "likely")
    # Of the rest the day, the sex and the nationality differ too.
    assert len(found & TRUTH) >= 0.93 * len(TRUTH)
    assert len(found & TRUTH) >= 0.98 * len(found)
    reasons = crowd.execute("SELECT DISTINCT unnest(reasons) FROM likely").fetchall()
    assert {("birth: the same day",), ("family: the same",)} <= set(reasons)


def test_only_pairs_with_a_new_record_are_looked_at(crowd: duckdb.DuckDBPyConnection, model: Model) -> None:
    new = ("b0002", "b0006")
    crowd.execute(f"CREATE OR REPLACE TABLE fresh AS SELECT unique_id FROM crowd WHERE unique_id IN {new}")

    likely_pairs(crowd, model, "crowd", "few", fresh="fresh")

    assert pairs(crowd, "few") >= {("a0002", "b0002"), ("a0006", "b0006")}
    assert all(one in new or other in new for one, other in pairs(crowd, "few"))


def test_a_pair_is_explained_by_every_comparison(crowd: duckdb.DuckDBPyConnection, model: Model) -> None:
    weight, told = explain(crowd, model, "crowd", "a0002", "b0002")

    assert weight > 6
    assert {name: words for name, words, _ in told}["birth"] == "the same day"
    shown = page("Same?", "<b>one</b>", "other", weight, told)
    assert "&lt;b&gt;one" in shown and "<b>one" not in shown and "birth" in shown
    assert "http" not in shown.replace("http-equiv", "")


def test_a_model_is_plain_data_for_its_owner_alone(model: Model) -> None:
    folder = model.terms.parent

    assert json.loads((folder / MODEL).read_text("utf-8"))["comparisons"]
    assert [path for path in (folder / MODEL, folder / TERMS) if path.stat().st_mode & 0o077] == []
