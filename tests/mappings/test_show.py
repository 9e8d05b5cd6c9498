"""`comity mapping show`: the rules for a person, and SQL that DuckDB reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest
from click.testing import CliRunner

from comity.cli.main import cli
from comity.mappings.plan import Provenance
from tests.mappings.small import PROVENANCE, ROOT, compile_all, run

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

SOURCES = sorted(path.parent.name for path in (ROOT / "adapters").glob("*/adapter.yaml"))


def show(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--federation", str(ROOT), "mapping", "show", *arguments])


def test_the_sql_of_every_mapping_is_sql() -> None:
    for source in SOURCES:
        shown = show(source, "--sql")

        assert shown.exit_code == 0, shown.output
        statements = duckdb.extract_statements(shown.output)
        assert len(statements) == shown.output.count(f"-- {source} to ")
        assert {statement.type.name for statement in statements} == {"SELECT"}
        assert "FROM export" in shown.output


def test_the_rules_are_shown_kind_by_kind() -> None:
    text = show("int-red-notices", "--record", "link").output

    assert text.startswith("int-red-notices → link\n")
    assert "kind 1 of 2\n  each: every entry of arrest_warrants\n  key: entity_id, arrest_warrants#\n" in text
    assert text.count("from_record_type") == 2
    assert "alert" in text.split("kind 2 of 2")[1]


def test_why_rows_are_left_out_is_shown() -> None:
    text = show("us-vehicles").output

    assert (
        "where: coalesce(trim(MKE), '') <> 'XV' (otherwise left out: the owner cancelled the entry;" in text
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("us-vehicels",), "did you mean 'us-vehicles'"),
        (("us-vehicles", "--record", "vehicel"), "did you mean 'vehicle'"),
    ],
)
def test_a_name_that_does_not_exist_is_told_with_the_nearest(arguments: tuple[str, ...], words: str) -> None:
    shown = show(*arguments)

    assert words in (str(shown.exception) + shown.output)


def test_what_is_shown_is_what_is_run(tmp_path: Path) -> None:
    mapping = """
    record: specimen
    each: {split: cell, on: ";", as: part}
    key: [id, part]
    where: {sql: "part <> 'x'", reason: "it's x"}
    fields: {text: {constant: "it's \\"so\\"; --"}, code: {from: part, codes: "co'lour"}}
    """
    rows = [{"id": "1", "cell": "a;x;q'"}]
    crosswalks = {"co'lour": "a,a,red,exact,,,\nq',quoted,blue,exact,,,\n"}
    (plan,) = compile_all(tmp_path, mapping, ("id", "cell"), crosswalks)
    sql = plan.record_sql("SELECT * FROM export", PROVENANCE)

    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE export AS SELECT 1 AS source_row, '1' AS id, 'a;x;q''' AS cell")
        shown = connection.sql(sql).to_arrow_table().to_pylist()

    made = run(tmp_path, mapping, rows, crosswalks=crosswalks).records
    assert sorted(shown, key=lambda record: record["source_key"]) == made
    assert sorted(record["code"] for record in made) == ["blue", "red"]
    assert made[0]["text"] == 'it\'s "so"; --'


def test_the_nights_values_stand_only_where_they_belong(tmp_path: Path) -> None:
    words = "<export_id> <received_day> <mapping_version> <received>"
    both = f"{{text: {{constant: '{words}'}}, handling_conditions: {{constant: '{words}'}}}}"
    mapping = f"record: specimen\nkey: [id]\nfields: {both}"
    (plan,) = compile_all(tmp_path, mapping, ("id",))

    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE export AS SELECT 1 AS source_row, '1' AS id")
        night = Provenance("f" * 64, "2026-02-03T04:05:06Z", "abcdefabcdef")
        (record,) = (
            connection.sql(plan.record_sql("SELECT * FROM export", night)).to_arrow_table().to_pylist()
        )

    assert record["text"] == record["handling_conditions"] == words
    assert (record["export_id"], record["mapping_version"]) == ("f" * 64, "abcdefabcdef")
    assert str(record["first_seen"]) == "2026-02-03 04:05:06+00:00"
    assert str(record["review_due"]) == "2031-02-03"
