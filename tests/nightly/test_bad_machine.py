"""What the machine refuses: a clear error, nothing half published, and the next night goes on."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from pathlib import Path

import pytest

from comity.config.settings import load_settings
from comity.errors import StoreError
from comity.nightly.night import run_night
from comity.store import Store
from tests.nightly.small import CARS, VEHICLES, SmallFederation, as_csv

pytestmark = pytest.mark.slow

ROWS = as_csv().splitlines(keepends=True)[1:]


@pytest.fixture(scope="module")
def federation(tmp_path_factory: pytest.TempPathFactory) -> SmallFederation:
    return prepare(SmallFederation(tmp_path_factory.mktemp("bad-machine")))


def prepare(federation: SmallFederation) -> SmallFederation:
    """Two sources of which one car each is published, and two more wait."""
    for name in ("first", "second"):
        federation.add(VEHICLES, name, files="['export-*']", order="'export-(.)'")
        federation.drop(name, "export-1", ROWS[0])
    assert federation.run().code == 0
    for name in ("first", "second"):
        federation.drop(name, "export-2", b"".join(ROWS))
    return federation


def published(federation: SmallFederation) -> list[tuple[object, ...]]:
    return federation.ask("SELECT source_id, count(*) FROM vehicle GROUP BY ALL ORDER BY ALL")


BEFORE, AFTER = [("first", 1), ("second", 1)], [("first", len(CARS)), ("second", len(CARS))]


# The ledger is locked


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A night waits half a minute for a lock; a test does not."""
    monkeypatch.setitem(Store.open.__func__.__kwdefaults__, "wait_seconds", 0.2)  # type: ignore[attr-defined]


def lock(federation: SmallFederation) -> sqlite3.Connection:
    """Another program holds the ledger, as a backup does."""
    other = sqlite3.connect(federation.data / "ledger.sqlite", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    return other


@pytest.mark.usefixtures("impatient")
def test_a_locked_ledger_is_told(federation: SmallFederation) -> None:
    other = lock(federation)

    code, said = federation.call("run", "--jobs", "1")

    assert code == 1
    assert "[store.ledger-locked]" in said and "ledger.sqlite" in said and "  next   " in said
    other.rollback()
    assert published(federation) == BEFORE


@pytest.mark.usefixtures("impatient")
def test_a_ledger_that_is_locked_in_the_middle_of_a_night_publishes_nothing(
    federation: SmallFederation,
) -> None:
    settings = load_settings(str(federation.data), str(federation.root), jobs=1)
    locks = []

    def tell(source: str, stage: str, detail: str) -> None:
        if stage == "validating" and not locks:
            locks.append(lock(federation))

    with pytest.raises(StoreError) as error:
        run_night(settings, (), tell)

    assert error.value.code == "store.ledger-locked" and error.value.remedy
    locks[0].rollback()
    assert published(federation) == BEFORE


# The disk is full


@pytest.fixture(scope="module")
def small_disk(tmp_path_factory: pytest.TempPathFactory) -> SmallFederation:
    """A federation whose data lies on a file system of its own, of a few megabytes."""
    federation = SmallFederation(tmp_path_factory.mktemp("small-disk"))
    federation.data.mkdir(mode=0o700)
    mounting = ["mount", "-t", "tmpfs", "-o", "size=24m,mode=0700", "comity-test", str(federation.data)]
    if os.geteuid() != 0 or subprocess.run(mounting, capture_output=True).returncode != 0:
        pytest.skip("no small file system can be mounted here; tests/store fails the system calls themselves")
    return prepare(federation)


@pytest.fixture(scope="module", autouse=True)
def unmount(request: pytest.FixtureRequest) -> object:
    yield
    for mounted in Path("/proc/mounts").read_text().splitlines():
        if mounted.startswith("comity-test ") and "small-disk" in mounted:
            subprocess.run(["umount", "--lazy", mounted.split()[1]], check=True)


@pytest.mark.parametrize("left", [0, 400_000])
def test_a_full_disk_is_told_and_shows_nothing_half(small_disk: SmallFederation, left: int) -> None:
    disk = os.statvfs(small_disk.data)
    ballast = small_disk.data / "ballast"
    ballast.write_bytes(bytes(max(disk.f_bavail * disk.f_frsize - left, 0)))

    code, said = small_disk.call("run", "--jobs", "1")

    ballast.unlink()
    assert code == 1
    assert "[store.disk-full]" in said and "free space on that disk" in said
    assert "Traceback" not in said
    assert published(small_disk) == BEFORE


def test_with_room_again_the_next_night_goes_on(small_disk: SmallFederation) -> None:
    assert small_disk.run().code == 0
    assert published(small_disk) == AFTER
    assert small_disk.accounts_add_up()


# Permission is missing


@pytest.mark.parametrize("place", ["archive", "ledger.sqlite", "."])
def test_a_place_that_may_not_be_written_is_told(federation: SmallFederation, place: str) -> None:
    for name in (
        "first",
        "second",
    ):  # as just delivered: what the archive knows by its time is not copied again
        (federation.data / "inbox" / name / "export-2").touch()
    path = federation.data / place
    mode = path.stat().st_mode & 0o777
    taken = [path, *(each for each in path.rglob("*") if place == "archive" and each.is_dir())]
    for each in taken:
        each.chmod(0o500 if each.is_dir() else 0o400)

    code, said = federation.run_as_a_plain_user()

    for each in taken:
        each.chmod(mode)
    assert code == 1
    assert "[store.no-permission]" in said and "run as the owner of the data folder" in said
    assert published(federation) == BEFORE


def test_after_all_this_the_next_night_goes_on_but_for_exports_that_may_not_be_read(
    federation: SmallFederation,
) -> None:
    for name in ("no-file", "no-folder"):
        federation.add(VEHICLES, name, files="['export-*']", order="'export-(.)'")
    unreadable = [federation.drop(name, "export-1", ROWS[0]) for name in ("no-file", "no-folder")]
    unreadable[1] = unreadable[1].parent
    for path in unreadable:
        path.chmod(0)

    code, said = federation.run_as_a_plain_user()

    assert code == 1
    for path, name in zip(unreadable, ("no-file", "no-folder"), strict=True):
        path.chmod(0o700)
        said_of_it = said.split(f"\n{name}: failed, nothing of it is published\n")[1].split("\n\n")[0]
        assert "[store.no-permission]" in said_of_it and str(path) in said_of_it
    assert published(federation) == AFTER
    assert federation.accounts_add_up()
