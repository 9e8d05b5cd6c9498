"""Records that are due for review, and renewals that outlive the next export."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from comity.cli.main import main
from comity.store.review import renew, renewals
from tests.store.test_changes import ask, night

if TYPE_CHECKING:
    from comity.store import Store

DUE = "SELECT source_key, review_due FROM vehicle ORDER BY source_key::INTEGER"


def test_a_renewal_outlives_the_next_export_and_never_shortens(store: Store) -> None:
    night(store, 3, review_due="DATE '2026-03-01'")
    ids = [
        str(row[0])
        for row in ask(store.layout.views_file, "SELECT record_id FROM vehicle ORDER BY source_key")
    ]
    assert renew(store, ids[:1], date(2028, 1, 1), "A. Clerk", "open case") == 1
    renew(store, ids[1:2], date(2020, 1, 1), "A. Clerk", "a slip")
    first, second, third = date(2028, 1, 1), date(2026, 3, 1), date(2026, 3, 1)
    assert ask(store.layout.views_file, DUE) == [("0", first), ("1", second), ("2", third)]
    night(store, 3, export="f" * 64, review_due="DATE '2026-04-01'")
    assert [row[1] for row in ask(store.layout.views_file, DUE)] == [
        first,
        date(2026, 4, 1),
        date(2026, 4, 1),
    ]
    assert [(line["record_id"], line["reason"]) for line in renewals(store, ids[0])] == [
        (ids[0], "open case")
    ]


def test_on_the_command_line(store: Store, capfd: pytest.CaptureFixture[str]) -> None:
    def say(*arguments: str) -> str:
        with pytest.raises(SystemExit):
            main(["--data", str(store.layout.root), "review", *arguments])
        out, err = capfd.readouterr()
        return out + err

    night(store, 3, review_due="DATE '2026-03-01' + i::INTEGER")
    said = say("--until", "2026-03-02", "--limit", "1")
    assert "2 records are due for review by 2026-03-02" in said
    record = said.split()[2]
    assert "1 records are due for review on 2030-01-01" in say(
        "renew", record, "--until", "2030-01-01", "--by", "A. Clerk", "--reason", "open case"
    )
    assert "1 records are due" in say("--until", "2026-03-02")
    assert "by A. Clerk: open case" in say("list")
    assert "store.unknown-record" in say(
        "renew", "f" * 32, "--until", "2030-01-01", "--by", "x", "--reason", "y"
    )
