"""Tier two: a trained model over a small crowd, its reasons, and only new records against old ones."""

from __future__ import annotations

import json
import random
import shutil
from itertools import product
from typing import TYPE_CHECKING

import duckdb
import pytest

pytest.importorskip("splink", reason="the extra 'links' is not installed")

from comity.linking.chart import page
from comity.linking.decide import Decision, decide
from comity.linking.exact import exact_pairs
from comity.linking.features import features_of
from comity.linking.find import find_links
from comity.linking.learn import model_folder
from comity.linking.likely import explain, likely_pairs
from comity.linking.model import MODEL, TERMS, Model, train
from comity.query.federation import open_federation
from tests.linking.conftest import person, publish_rows
from tests.store import small

if TYPE_CHECKING:
    from comity.config.settings import Settings

_FAMILIES = [
    "".join(parts)
    for parts in product(("Gren", "Kov", "Tor", "Bal", "Mor"), "aoiu", ("hal", "mer", "dik", "nov", "sen"))
]
_GIVEN = ["Ostap", "Anna", "Jurgen", "Maria", "Ivan", "Helene", "Dale", "Nino", "Omar", "Sofia"]
TRUTH = {(f"a{i:04}", f"b{i:04}") for i in range(0, 600, 2)}
# Those whose name a third source writes in one.
IN_ONE = {(f"{one}{i:04}", f"c{i:04}") for i in range(0, 600, 10) for one in "ab"}


@pytest.fixture(scope="module")
def crowd() -> duckdb.DuckDBPyConnection:
    """600 persons of source a; every second is known to source b too, a third of those with a slip in the name; and
    every tenth to source c, which does not tell family and given names apart.
    """
    rng = random.Random(7)
    rows = []
    for i in range(600):
        family, given = rng.choice(_FAMILIES), rng.choice(_GIVEN)
        born = f"{rng.randrange(1950, 2000)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"
        sex, nation = rng.choice("MF"), rng.choice(("UA", "PL", "DE"))
        rows.append((f"a{i:04}", "a", family, given, None, born, sex, nation))
        if i % 10 == 0:
            rows.append((f"c{i:04}", "c", None, None, f"{given} {family}", born, sex, nation))
        if i % 2 == 0:
            there = family[:3] + "k" + family[3:] if i % 3 == 0 else family
            slip = rng.random() < 0.05
            day = born[:-2] + "28" if slip else born
            rows.append(
                (f"b{i:04}", "b", there, given, None, day, "U" if slip else sex, "PL" if slip else nation)
            )
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE told (unique_id VARCHAR, source_id VARCHAR, family VARCHAR, given VARCHAR, name VARCHAR, "
        "born DATE, sex VARCHAR, nation VARCHAR)"
    )
    connection.executemany("INSERT INTO told VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
    connection.execute(
        "CREATE TABLE compared AS SELECT unique_id, source_id, upper(source_id) AS owner_country, sex, "
        "[nation] AS nationalities, NULL::VARCHAR AS personal_number, family, given, "
        "name, NULL::VARCHAR AS place, born AS birth_first, born AS birth_last FROM told"
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
    assert found <= TRUTH | IN_ONE and len(found & TRUTH) > 0.6 * len(TRUTH)


def test_the_model_finds_who_was_written_with_a_slip(crowd: duckdb.DuckDBPyConnection, model: Model) -> None:
    likely_pairs(crowd, model, "crowd", "likely", least=6.0)

    found = pairs(crowd, "likely") - IN_ONE
    # Of the rest the day, the sex and the nationality differ too.
    assert len(found & TRUTH) >= 0.93 * len(TRUTH)
    assert len(found & TRUTH) >= 0.98 * len(found)
    reasons = crowd.execute("SELECT DISTINCT unnest(reasons) FROM likely").fetchall()
    assert {("birth: the same day",), ("family: the same",)} <= set(reasons)


def test_a_name_in_one_is_compared_with_one_in_parts(crowd: duckdb.DuckDBPyConnection, model: Model) -> None:
    likely_pairs(crowd, model, "crowd", "likely", least=6.0)

    found = pairs(crowd, "likely")
    assert len(found & IN_ONE) >= 0.9 * len(IN_ONE)
    assert {name for name, words, _ in explain(crowd, model, "crowd", "a0000", "c0000")[1] if words == "not known"} >= {
        "family", "given"
    }  # fmt: skip


def test_what_a_match_looks_like_is_learnt_from_matches(model: Model) -> None:
    """And not from pairs that share a name by chance, of which there are many more."""
    learnt = {
        comparison["output_column_name"]: {
            each["label_for_charts"]: each["m_probability"]
            for each in comparison["comparison_levels"]
            if "m_probability" in each
        }
        for comparison in model.settings["comparisons"]
    }
    # A third of the family names have a letter too many; a slip of the day is rare.
    assert 0.55 < learnt["family"]["the same"] < 0.75 and learnt["given"]["the same"] > 0.9
    assert learnt["names"]["the same words"] > 0.7 and learnt["birth"]["the same day"] > 0.9
    # What was in no match is rare, also where it was never seen at all.
    assert all(
        learnt[name]["All other comparisons"] < 0.02 for name in ("family", "given", "names", "birth", "sex")
    )


def test_exchanged_names_weigh_no_more_than_the_same_names(
    crowd: duckdb.DuckDBPyConnection, model: Model
) -> None:
    crowd.execute(
        "CREATE OR REPLACE TABLE asked AS SELECT * FROM compared WHERE unique_id = 'a0002' UNION ALL BY NAME "
        "SELECT * REPLACE ('x' AS unique_id, 'x' AS source_id, family AS given, given AS family) FROM compared "
        "WHERE unique_id = 'a0002'"
    )
    features_of(crowd, "asked", "two")
    exchanged = {name: (words, bits) for name, words, bits in explain(crowd, model, "two", "a0002", "x")[1]}
    same = {name: bits for name, _, bits in explain(crowd, model, "crowd", "a0002", "b0002")[1]}

    assert exchanged["family"][0] == exchanged["given"][0] == "family and given names exchanged"
    assert exchanged["family"][1] + exchanged["given"][1] <= same["family"] + same["given"]


def test_only_pairs_with_a_new_record_are_looked_at(crowd: duckdb.DuckDBPyConnection, model: Model) -> None:
    new = ("b0002", "b0006")
    crowd.execute(f"CREATE OR REPLACE TABLE fresh AS SELECT unique_id FROM crowd WHERE unique_id IN {new}")

    likely_pairs(crowd, model, "crowd", "few", fresh="fresh")

    assert pairs(crowd, "few") >= {("a0002", "b0002"), ("a0006", "b0006")}
    assert all(one in new or other in new for one, other in pairs(crowd, "few"))


def test_a_pair_is_explained_by_every_comparison(crowd: duckdb.DuckDBPyConnection, model: Model) -> None:
    weight, told = explain(crowd, model, "crowd", "a0002", "b0002")

    assert weight > 6
    words = {name: words for name, words, _ in told}
    assert (words["birth"], words["sex"], words["place"]) == ("the same day", "the same", "not known")
    shown = page("Same?", ["<b>one</b>", "1979"], ["other"], weight, told)
    assert (
        "<bdi>&lt;b&gt;one&lt;/b&gt;</bdi>, <bdi>1979</bdi>" in shown
        and "<b>one" not in shown
        and "birth" in shown
    )
    assert "http" not in shown.replace("http-equiv", "")


def test_a_model_is_plain_data_for_its_owner_alone(model: Model) -> None:
    folder = model.terms.parent

    assert json.loads((folder / MODEL).read_text("utf-8"))["comparisons"]
    assert [path for path in (folder / MODEL, folder / TERMS) if path.stat().st_mode & 0o077] == []


@pytest.fixture
def trained(linked: Settings, model: Model) -> Settings:
    """A federation of five persons in which tier two, with the model of the crowd, has looked at everybody."""
    shutil.copytree(model.terms.parent, model_folder(linked))
    find_links(linked, likely=True, fresh_only=False)
    return linked


def told(settings: Settings) -> dict[str, list[str]]:
    """Owner of the second record → reasons of its last link."""
    with open_federation(settings) as federation:
        rows = federation.sql(
            "SELECT person.owner_country, reasons FROM link JOIN person ON person.record_id = to_record_id"
        ).fetchall()
    return dict(rows)


def test_who_came_before_a_decision_is_still_looked_at(trained: Settings) -> None:
    """A decision is a release too, and says nothing of what tier two has seen."""
    publish_rows(
        small.open_store(trained.data_dir, whole=True), "DD", [person("Tormuhl", "Jurgen", "1968-11-02")]
    )
    with open_federation(trained) as federation:
        pair = federation.sql("SELECT from_record_id, to_record_id FROM link LIMIT 1").fetchall()[0]
    decide(trained, [Decision(*pair, False, "Officer 7", "a twin")])

    found = find_links(trained, likely=True, fresh_only=True)

    assert found.likely == 1
    with open_federation(trained) as federation:
        owners = federation.sql(
            "SELECT p.source_id FROM person AS p, link WHERE p.record_id IN (from_record_id, to_record_id)"
        ).fetchall()
    assert ("dd-person",) in owners


def test_a_night_without_news_leaves_what_tier_two_said(trained: Settings) -> None:
    before = told(trained)

    new_only = find_links(trained, likely=True, fresh_only=True)
    exact_only = find_links(trained, likely=False, fresh_only=False)

    assert (new_only.likely, new_only.release, exact_only.release) == (0, None, None)
    assert told(trained) == before and any("birth: the same day" in reasons for reasons in before.values())


def test_another_model_looks_at_everybody(trained: Settings) -> None:
    model = model_folder(trained) / MODEL
    model.write_text(model.read_text("utf-8") + "\n", "utf-8")

    assert find_links(trained, likely=True, fresh_only=True).likely > 0
