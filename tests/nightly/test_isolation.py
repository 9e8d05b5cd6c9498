"""A task in a process of its own: whatever it does, the one who waits hears of it, and nothing lives on."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from comity.errors import ComityError, ReadError
from comity.nightly.isolation import Bounds, Done, resident, run_isolated, worker_died
from tests.nightly.small import CARS, FIELDS, VEHICLES, SmallFederation
from tests.nightly.test_killed import READER, until

if TYPE_CHECKING:
    from pathlib import Path

MEGABYTE = 1_000_000


def double(number: int) -> int:
    return 2 * number


def see(name: str) -> str | None:
    return os.environ.get(name)


def refuse() -> None:
    raise ReadError("read.empty-export", "nothing there", found="0 bytes", remedy="ask")


def stumble() -> None:
    raise KeyError("plate")


def leave() -> None:
    sys.exit(3)


def end() -> None:
    os._exit(3)


def be_killed() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def hang() -> None:
    time.sleep(600)


def eat() -> int:
    eaten = [bytearray(10 * MEGABYTE) for _ in range(60)]
    time.sleep(600)
    return len(eaten)


def gulp() -> int:
    return len(bytearray(60_000 * MEGABYTE))


def fill(folder: Path) -> None:
    with (folder / "big").open("wb") as file:
        file.write(os.urandom(40 * MEGABYTE))
        file.flush()
        time.sleep(600)


def leave_a_thread() -> int:
    threading.Thread(target=time.sleep, args=(600,)).start()
    return 1


def give_what_cannot_be_sent() -> object:
    return threading.Lock()


def tell_pid(path: Path) -> None:
    path.write_text(str(os.getpid()))
    time.sleep(600)


def test_a_task_gives_its_value_and_what_it_took(tmp_path: Path) -> None:
    done = run_isolated(Bounds("aa-cars", tmp_path), double, (21,))

    assert done.value == 42
    assert done.seconds > 0 and done.memory > 10 * MEGABYTE and done.cpu >= 0


def test_a_task_sees_the_variables_of_today(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMITY_OF_TODAY", "yes")

    assert run_isolated(Bounds("aa-cars", tmp_path), see, ("COMITY_OF_TODAY",)).value == "yes"


def test_a_thread_that_is_left_behind_keeps_nobody(tmp_path: Path) -> None:
    assert run_isolated(Bounds("aa-cars", tmp_path, seconds=60), leave_a_thread, ()).value == 1


@pytest.mark.parametrize(
    ("call", "code", "found"),
    [
        (refuse, "read.empty-export", "0 bytes"),
        (stumble, "nightly.fault", "KeyError: 'plate'"),
        (leave, "nightly.fault", "SystemExit: 3"),
        (give_what_cannot_be_sent, "nightly.fault", "cannot pickle"),
        (end, "nightly.worker-died", "exit code 3"),
        (be_killed, "nightly.worker-died", "SIGSEGV"),
        (hang, "nightly.time-limit", "seconds"),
        (eat, "nightly.memory-limit", "400 MB allowed"),
        (gulp, "nightly.memory-limit", "an allocation refused"),
    ],
)
def test_what_goes_wrong_is_told_with_its_source(tmp_path: Path, call: object, code: str, found: str) -> None:
    bounds = Bounds("aa-cars", tmp_path, seconds=1 if call is hang else 60, memory=400 * MEGABYTE)

    with pytest.raises(ComityError) as raised:
        run_isolated(bounds, call, ())  # type: ignore[arg-type]

    assert raised.value.code == code
    assert found in (raised.value.found or "")
    assert raised.value.remedy
    assert code == "read.empty-export" or "'aa-cars'" in raised.value.message


def test_one_that_fills_the_disk_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(ComityError) as raised:
        run_isolated(Bounds("aa-cars", tmp_path, disk=20 * MEGABYTE), fill, (tmp_path,))

    assert raised.value.code == "nightly.disk-limit"


def test_one_whose_folder_is_gone_is_not_wanted_any_more(tmp_path: Path) -> None:
    with pytest.raises(ComityError) as raised:
        run_isolated(Bounds("aa-cars", tmp_path / "gone"), hang, ())

    assert raised.value.code == "nightly.abandoned"


def test_a_plan_of_another_version_is_not_run(tmp_path: Path) -> None:
    with pytest.raises(ComityError) as raised:
        run_isolated(Bounds("aa-cars", tmp_path, version="0.0.1"), double, (1,))

    assert raised.value.code == "nightly.other-version"
    assert os.uname().nodename in (raised.value.found or "")


def test_nothing_lives_on_after_a_limit(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    with pytest.raises(ComityError):
        run_isolated(Bounds("aa-cars", tmp_path, seconds=1), tell_pid, (told,))

    pid = int(told.read_text())
    until(lambda: resident(pid) == 0)


def test_a_night_goes_on_beside_one_that_hangs_and_one_that_eats(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    federation = SmallFederation(tmp_path)
    extra = '    if word == "eat":\n        eaten = [bytearray(10**7) for _ in range(80)]\n        time.sleep(600)\n'
    for name, word in (("hangs", "wait"), ("eats", "eat"), ("sound", "read")):
        federation.add(VEHICLES, name, files="['export-*']", order="'export-(.)'", format="{type: own}")
        text = READER.format(cars=[list(car) for car in CARS], fields=list(FIELDS))
        reader = federation.root / "adapters" / name / "reader.py"
        reader.write_text(text.replace("    yield", f"{extra}    yield"))
        federation.drop(name, "export-1", f"{word}#{name}".encode())
    monkeypatch.setenv("COMITY_SOURCE_TIME", "5s")
    monkeypatch.setenv("COMITY_SOURCE_MEMORY", "600MB")

    night = federation.run(jobs=2)

    assert night.code == 1
    assert night.error("hangs")["code"] == "nightly.time-limit"
    assert night.error("eats")["code"] == "nightly.memory-limit"
    assert federation.ask("SELECT source_id, count(*) FROM vehicle GROUP BY ALL") == [("sound", 3)]
    assert night.export("sound")["peak_memory"] > 10**7
    assert not list((federation.data / "staging").iterdir())


def test_a_death_while_suites_are_loaded_is_one_sources_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    federation = SmallFederation(tmp_path)
    for name in ("one", "two"):
        federation.add(VEHICLES, name, files="['export']")
        federation.drop(name, "export", ",".join(CARS[0]).encode() + b"\n")

    def die(bounds: Bounds, *task: Any) -> Done:
        if bounds.source_id in ("all sources", "two"):
            raise worker_died(bounds.source_id, -signal.SIGKILL)
        return run_isolated(bounds, *task)

    monkeypatch.setattr("comity.nightly.judge.run_isolated", die)
    night = federation.run()

    assert night.export("one")["outcome"] == "published"
    assert night.error("two")["code"] == "nightly.worker-died"
    assert federation.ask("SELECT DISTINCT source_id FROM vehicle") == [("one",)]
