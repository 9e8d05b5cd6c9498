"""A purged record is gone from every release and everything that was made of it, and no other record is."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

import duckdb
import pytest

from comity.cli.main import main
from comity.errors import StoreError
from comity.store import ArchivedFile, Store
from comity.store import purge as purging
from comity.store.check import check
from comity.store.purge_plan import check_found, find, unfinished
from comity.store.purge_scan import scan
from tests.store import small
from tests.store.test_changes import ask, night

if TYPE_CHECKING:
    from pathlib import Path

KEYS = {"source_key": "'PLATE-' || i", "plate": "'PLATE-' || i"}


@pytest.fixture
def kept(store: Store) -> Store:
    """Two releases of six vehicles, their exports in archive and inbox, rejects, lists of broken records, reports."""
    inbox = store.layout.inbox / "aa-cars"
    inbox.mkdir()
    for day in (1, 2):
        export = inbox / f"day{day}.csv"
        export.write_text("".join(f"PLATE-{i},{day}\n" for i in range(6)))
        export_id = store.archive(export)
        run_id = store.begin_run()
        archived = [ArchivedFile(export.name, export_id, export.stat().st_size)]
        store.record_export(
            run_id, "aa-cars", export_id, archived, kind="full", received_at=None, mapping_version="a" * 12,
            outcome="published",
        )  # fmt: skip
        rejects = store.layout.staging_of(run_id) / "rejects.parquet"
        with duckdb.connect() as duck:
            duck.execute(
                f"COPY (SELECT '{export_id}' AS export_id, unnest([3, 9]) AS source_row, 'raw' AS raw) TO '{rejects}'"
            )
        store.record_rejects(run_id, "aa-cars", export_id, rejects, 2)
        broken = store.layout.runs / run_id / "quality" / "broken" / "cars.parquet"
        broken.parent.mkdir(parents=True)
        with duckdb.connect() as duck:
            duck.execute(f"COPY (SELECT md5('aa-cars' || i) AS record_id FROM range(6) t(i)) TO '{broken}'")
        (store.layout.runs / run_id / "report.json").write_text('{"example": "PLATE-2"}')
        store.end_run(run_id, "ok")
        night(
            store, 6, export=export_id, purge_after=f"CASE WHEN i < 2 THEN DATE '2020-01-0{day}' END", **KEYS
        )
    other = store.layout.inbox / "bb-cars"
    other.mkdir()
    (other / "cars.csv").write_text("another country's\n")
    store.archive(other / "cars.csv")
    return store


def key(store: Store, number: int) -> list[purging.Target]:
    return find(store, keys=[("aa-cars", f"PLATE-{number}")])


def test_nothing_of_a_record_is_left_and_everything_of_the_others(kept: Store, tmp_path: Path) -> None:
    old = {str(file.path) for release in (1, 2) for file in kept.files(release=release)}
    proof = purging.purge(kept, key(kept, 2), "order 17 of the court", "A. Clerk")
    assert proof["status"] == "gone", proof
    before = {place: told["found"] for place, told in proof["before"].items() if told["found"]}
    assert before == {"records": 2, "rejects": 2, "runs": 4, "archive": 2, "inbox": 2}
    assert not any(told["found"] for told in proof["after"].values())
    for release in (1, 2):
        views = kept.build_views(tmp_path / f"{release}.duckdb", release)
        keys = [row[0] for row in ask(views, "SELECT plate FROM vehicle ORDER BY plate")]
        assert keys == [f"PLATE-{i}" for i in (0, 1, 3, 4, 5)]
    assert [release.records for release in kept.releases()] == [5, 5]
    assert not any((tmp_path / path).exists() for path in old)
    assert check(kept.layout, kept.ledger)[1] == []
    assert list((kept.layout.inbox / "aa-cars").iterdir()) == []
    assert (kept.layout.inbox / "bb-cars" / "cars.csv").exists()
    assert ask(kept.layout.views_file, "SELECT source_row FROM rejects ORDER BY ALL") == [(9,), (9,)]
    # Not even the ledger's free pages, nor the plan of the purge.
    for path in kept.layout.root.rglob("*"):
        assert not path.is_file() or b"PLATE-2" not in path.read_bytes(), path
    [kept_proof] = purging.proofs(kept)
    assert (kept_proof["reason"], kept_proof["requested_by"]) == ("order 17 of the court", "A. Clerk")
    assert kept_proof["proof"] == json.loads(json.dumps(proof))


def test_the_columns_of_a_file_stay_as_they_were(kept: Store) -> None:
    import pyarrow.parquet as pq

    [before] = kept.files()
    schema = pq.read_schema(before.path)
    purging.purge(kept, key(kept, 2), "why", "who")
    [after] = kept.files()
    assert pq.read_schema(after.path).equals(schema, check_metadata=True)
    assert after.columns_id == before.columns_id


def test_what_is_past_due_goes_but_not_under_legal_hold(store: Store) -> None:
    night(store, 4, purge_after="CASE WHEN i < 3 THEN DATE '2020-01-01' END", legal_hold="i = 1", **KEYS)
    found = find(store, past=date(2026, 1, 1))
    assert {(t.source_key, t.held) for t in found} == {
        ("PLATE-0", False),
        ("PLATE-1", True),
        ("PLATE-2", False),
    }
    held = [t.record_id for t in found if t.held]
    with pytest.raises(StoreError) as error:
        check_found(find(store, record_ids=held), held, [])
    assert error.value.code == "store.legal-hold"
    with pytest.raises(StoreError) as error:
        check_found([], ["f" * 32], [])
    assert error.value.code == "store.unknown-record"


@pytest.mark.parametrize(
    "step", ["_rewrite", "_drop_exports", "_clear_reports", "_derived", "_clean_ledger", "_proof"]
)
def test_a_purge_that_was_interrupted_goes_on_with_the_next_run(
    kept: Store, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    targets = key(kept, 2)
    with monkeypatch.context() as patched:
        patched.setattr(purging, step, killed)
        with pytest.raises(KeyboardInterrupt):
            purging.purge(kept, targets, "why", "who")
    [plan] = unfinished(kept.layout)
    small.open_store(kept.layout.root).sweep()
    assert unfinished(kept.layout) == []
    assert not any(told["found"] for told in scan(kept.layout, plan).values())
    [proof] = purging.proofs(kept)
    assert (proof["status"], proof["proof"]["before"]["records"]["found"]) == ("gone", 2)


def test_nothing_is_purged_while_a_run_is_at_work(kept: Store) -> None:
    run_id = kept.begin_run()
    with pytest.raises(StoreError) as error:
        purging.purge(kept, key(kept, 2), "why", "who")
    assert error.value.code == "store.run-at-work"
    kept.end_run(run_id, "ok")


def test_a_link_goes_with_the_record(tmp_path: Path) -> None:
    store = small.open_store(tmp_path / "data", whole=True)
    run_id = store.begin_run()
    folder = store.layout.staging_of(run_id)
    small.write_records(folder / "v.parquet", 3)
    ends = {
        "record_id": "md5('link' || i)",
        "from_record_id": "md5('aa-cars' || i)",
        "to_record_id": "md5('x' || i)",
    }
    link = small.standard().record_types["link"]
    small.write_records(folder / "l.parquet", 3, record_type=link, changed=ends)
    files = (small.staged(folder / "v.parquet", 3), small.staged(folder / "l.parquet", 3, kind="link"))
    from comity.store import Account, Publication

    accounts = tuple(
        Account(run_id, "aa-cars", small.EXPORT, kind, 3, 3, 0, 0, 3) for kind in ("vehicle", "link")
    )
    store.publish(run_id, [Publication("aa-cars", "AA", small.EXPORT, small.VERSION, files, accounts)])
    store.end_run(run_id, "ok")
    found = find(store, keys=[("aa-cars", "1")])
    assert sorted(target.record_type for target in found) == ["link", "vehicle"] or len(found) == 3


def test_on_the_command_line(kept: Store, capfd: pytest.CaptureFixture[str]) -> None:
    def say(*arguments: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main(["--data", str(kept.layout.root), "purge", *arguments])
        out, err = capfd.readouterr()
        return int(ended.value.code or 0), out + err

    assert say("--key", "aa-cars", "PLATE-3", "--dry-run")[0] == 0
    assert "needs --reason and --by" in say("--key", "aa-cars", "PLATE-3")[1]
    code, said = say("--key", "aa-cars", "PLATE-3", "--reason", "order 17", "--by", "A. Clerk")
    assert (code, "nothing is left" in said) == (0, True), said
    code, said = say("--list")
    assert "order 17" in said
    code, said = say("--proof", said.split()[0])
    assert json.loads(said)["status"] == "gone"
    assert "PLATE-3" not in said
    assert "store.unknown-record" in say("--key", "aa-cars", "PLATE-3", "--reason", "r", "--by", "w")[1]
