"""A new export over the last release: what is carried over, and what is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.errors import StoreError
from comity.standard import arrow_schema
from comity.store.merge import merge
from comity.store.merge_changes import PROVENANCE
from tests.store import small

if TYPE_CHECKING:
    from pathlib import Path

    from comity.store import StagedFile

NEW = {
    "first_seen": "TIMESTAMPTZ '2026-02-02 00:00:00+00'",
    "last_changed": "TIMESTAMPTZ '2026-02-02 00:00:00+00'",
}
OLD, TODAY = "2026-01-01", "2026-02-02"
Row = tuple[str, str, str]


def _vehicle() -> object:
    return small.standard().record_types["vehicle"]


def _merge(
    folder: Path, staged: list[StagedFile], previous: list[Path], kind: str = "full"
) -> tuple[StagedFile, ...]:
    return merge(staged, previous, kind=kind, record_type=_vehicle(), into=folder).files  # type: ignore[arg-type]


def _rows(files: tuple[StagedFile, ...], columns: str = "source_key") -> list[Row]:
    """Key, first seen and last changed, in the order of keys."""
    paths = [str(file.path) for file in files]
    with duckdb.connect() as duck:
        duck.execute("SET TimeZone = 'UTC'")
        return duck.execute(
            f"SELECT {columns}, first_seen::DATE::VARCHAR, last_changed::DATE::VARCHAR FROM read_parquet({paths})"
            " ORDER BY source_key::INTEGER"
        ).fetchall()


def _staged(folder: Path, rows: int, changed: dict[str, str] | None = None, first: int = 0) -> StagedFile:
    path = small.write_records(
        folder / f"new{first}.parquet", rows, changed={**NEW, **(changed or {})}, first=first
    )
    return small.staged(path, rows)


def test_without_an_earlier_release_nothing_is_rewritten(tmp_path: Path) -> None:
    new = _staged(tmp_path, 3)
    assert _merge(tmp_path, [new], []) == (new,)


def test_a_full_export_carries_both_dates_of_what_did_not_change(tmp_path: Path) -> None:
    old = small.write_records(tmp_path / "old.parquet", 3)
    new = _staged(tmp_path, 4)
    assert _rows(_merge(tmp_path, [new], [old])) == [
        ("0", OLD, OLD), ("1", OLD, OLD), ("2", OLD, OLD), ("3", TODAY, TODAY)
    ]  # fmt: skip


def test_what_changed_keeps_when_it_was_first_seen(tmp_path: Path) -> None:
    old = small.write_records(tmp_path / "old.parquet", 3)
    new = _staged(tmp_path, 3, {"colour": "CASE WHEN i = 1 THEN 'RED' END"})
    assert _rows(_merge(tmp_path, [new], [old])) == [("0", OLD, OLD), ("1", OLD, TODAY), ("2", OLD, OLD)]


@pytest.mark.parametrize("column", sorted(PROVENANCE - {"first_seen", "last_changed"}))
def test_provenance_is_no_change(tmp_path: Path, column: str) -> None:
    values = {"source_row": "i + 100", "review_due": "DATE '2040-01-01'", "purge_after": "DATE '2040-01-01'"}
    old = small.write_records(tmp_path / "old.parquet", 2)
    new = _staged(tmp_path, 2, {column: values.get(column, "'another'")})
    merged = _merge(tmp_path, [new], [old])
    assert _rows(merged) == [("0", OLD, OLD), ("1", OLD, OLD)]
    carried = pq.read_table(merged[0].path, columns=[column]).to_pylist()
    assert carried == pq.read_table(new.path, columns=[column]).to_pylist()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("plate", "NULL"),
        ("handling_codes", "['H1']"),
        ("quality_flags", "['plate:unknown']"),
        ("legal_hold", "true"),
        ("source_key", "'0' || i"),
    ],
)
def test_any_other_column_is_content(tmp_path: Path, column: str, value: str) -> None:
    old = small.write_records(tmp_path / "old.parquet", 2)
    new = _staged(tmp_path, 2, {column: value})
    assert {row[2] for row in _rows(_merge(tmp_path, [new], [old]))} == {TODAY}


def test_a_full_export_withdraws_what_it_does_not_bring(tmp_path: Path) -> None:
    old = small.write_records(tmp_path / "old.parquet", 5)
    assert [row[0] for row in _rows(_merge(tmp_path, [_staged(tmp_path, 2)], [old]))] == ["0", "1"]


@pytest.mark.parametrize("kind", ["delta", "window"])
def test_a_delta_keeps_what_it_does_not_bring(tmp_path: Path, kind: str) -> None:
    old = small.write_records(tmp_path / "old.parquet", 4)
    new = _staged(tmp_path, 3, {"colour": "CASE WHEN i = 2 THEN 'RED' END"}, first=2)
    merged = _merge(tmp_path, [new], [old], kind)
    assert _rows(merged) == [
        ("0", OLD, OLD), ("1", OLD, OLD), ("2", OLD, TODAY), ("3", OLD, OLD), ("4", TODAY, TODAY)
    ]  # fmt: skip
    assert merged[0].rows == 5


def test_a_delta_without_records_keeps_all(tmp_path: Path) -> None:
    old = small.write_records(tmp_path / "old.parquet", 3)
    [kept] = _merge(tmp_path, [], [old], "delta")
    assert (kept.source_id, kept.owner_country, kept.rows) == ("aa-cars", "AA", 3)
    assert _merge(tmp_path, [], [old], "full") == ()


def test_several_files_on_both_sides(tmp_path: Path) -> None:
    old = [small.write_records(tmp_path / f"old{first}.parquet", 3, first=first) for first in (0, 3)]
    new = [_staged(tmp_path, 2, first=first) for first in (4, 0, 2)]
    merged = _merge(tmp_path, new, old)
    assert _rows(merged) == [(str(key), OLD, OLD) for key in range(6)]
    keys = pq.read_table(merged[0].path, columns=["source_key", "plate"]).to_pylist()
    assert all(row["plate"] == f"AB{row['source_key']}" for row in keys)


def test_earlier_files_may_lack_a_column(tmp_path: Path) -> None:
    lists = tuple(c.name for c in small.standard().record_types["vehicle"].columns if c.is_list)
    old = small.write_records(tmp_path / "old.parquet", 2, leave_out=("colour", *lists))
    merged = _merge(tmp_path, [_staged(tmp_path, 1, first=5)], [old], "delta")
    assert [row[0] for row in _rows(merged)] == ["0", "1", "5"]


def test_the_file_is_what_the_standard_says(tmp_path: Path) -> None:
    old = small.write_records(tmp_path / "old.parquet", 2)
    [merged] = _merge(tmp_path, [_staged(tmp_path, 3)], [old], "delta")
    expected = arrow_schema(small.standard().record_types["vehicle"])
    found = pq.read_schema(merged.path)
    assert found.names == expected.names
    assert [field.metadata[b"PARQUET:field_id"] for field in found] == [
        field.metadata[b"PARQUET:field_id"] for field in expected
    ]
    assert merged == small.staged(merged.path, merged.rows)
    assert merged.path.stat().st_mode & 0o777 == 0o600


def test_only_the_result_is_left(tmp_path: Path) -> None:
    folder = tmp_path / "merged"
    folder.mkdir()
    old = small.write_records(tmp_path / "old.parquet", 2)
    [merged] = _merge(folder, [_staged(tmp_path, 3)], [old], "delta")
    assert sorted(folder.iterdir()) == sorted([merged.path, merged.path.with_suffix(".changes")])


def test_an_id_that_stands_twice_is_refused(tmp_path: Path) -> None:
    old = small.write_records(tmp_path / "old.parquet", 3)
    again = small.write_records(tmp_path / "again.parquet", 1)
    with pytest.raises(StoreError) as error:
        _merge(tmp_path, [_staged(tmp_path, 3)], [old, again])
    assert error.value.code == "store.duplicate-records"


@settings(max_examples=15, deadline=None)
@given(
    before=st.dictionaries(st.integers(0, 12), st.sampled_from(["RED", "BLU"]), min_size=1),
    now=st.dictionaries(st.integers(0, 12), st.sampled_from(["RED", "BLU"]), min_size=1),
    kind=st.sampled_from(["full", "delta"]),
)
def test_merging_is_what_a_loop_would_do(
    tmp_path_factory: pytest.TempPathFactory, before: dict[int, str], now: dict[int, str], kind: str
) -> None:
    folder = tmp_path_factory.mktemp("merge")

    def pick(path: Path, colours: dict[int, str], changed: dict[str, str]) -> Path:
        whole = small.write_records(path.with_suffix(".all"), 13, changed=changed)
        values = ", ".join(f"('{key}', '{colour}')" for key, colour in colours.items())
        with duckdb.connect() as duck:
            duck.execute(
                f"COPY (SELECT f.* REPLACE (new.colour AS colour) FROM read_parquet('{whole}') AS f"
                f" JOIN (VALUES {values}) AS new(source_key, colour) USING (source_key)) TO '{path}' (FORMAT parquet)"
            )
        return path

    old = pick(folder / "old.parquet", before, {})
    new = small.staged(pick(folder / "new.parquet", now, NEW), len(now))
    expected = {
        key: (colour, OLD if key in before else TODAY, OLD if before.get(key) == colour else TODAY)
        for key, colour in now.items()
    }
    if kind == "delta":
        expected = {key: (colour, OLD, OLD) for key, colour in before.items()} | expected
    found = {
        int(key): (colour, first, last)
        for key, colour, first, last in _rows(_merge(folder, [new], [old], kind), "source_key, colour")
    }
    assert found == expected
