"""The command line as a person and a scheduler meet it."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest

from comity.cli.examples import EXAMPLES
from comity.cli.main import COMMANDS, EXIT_CODES, main
from comity.nightly.pending import Past
from tests.cli.conftest import every_command
from tests.nightly.small import COMITY, VEHICLES, SmallFederation

if TYPE_CHECKING:
    from pathlib import Path

    import click

ALL = dict(every_command())
# They work on persons of several sources, which tests/linking has and this federation of cars has not.
NEED_PERSONS = ("comity links train", "comity links explain")


def shown(*arguments: str, code: int = 0, cwd: Path | None = None, **environment: str) -> str:
    """What a command prints in a process of its own."""
    done = subprocess.run(
        [*COMITY, *arguments], capture_output=True, text=True, cwd=cwd, env={**os.environ, **environment}
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


# Help


@pytest.mark.parametrize("name", ALL)
def test_help_says_what_the_command_does_and_gives_an_example(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command: click.Command = ALL[name]

    command.main([*name.split()[2:], "--help"], prog_name=f"comity {name}".strip(), standalone_mode=False)

    text = capsys.readouterr().out
    description = text.split("\n\n")[1].strip()
    assert len(description) > 20 and description[0].isupper() and description.endswith((".", "?"))
    assert "Example" in text and EXAMPLES[name][0] in text


@pytest.mark.parametrize("name", ALL)
def test_every_option_says_what_it_is_for(name: str) -> None:
    options = [each for each in ALL[name].params if each.param_type_name == "option"]

    assert [each.name for each in options if not getattr(each, "help", None)] == []


def test_no_example_is_for_a_command_that_does_not_exist() -> None:
    assert set(EXAMPLES) == set(ALL)


@pytest.mark.parametrize("example", sorted({each for examples in EXAMPLES.values() for each in examples}))
def test_every_example_works(
    federation: SmallFederation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, example: str
) -> None:
    record_id = federation.records("vehicle", "cars")[0]
    words = {
        "SOURCE": "cars",
        "RECORD_TYPE": "vehicle",
        "RECORD_ID": record_id,
        "OLD": "standard",
        "NEW": "standard",
        "RUN": federation.ask("SELECT run_id FROM releases")[0][0],
        "COUNTRY": "NZ",
    }
    words |= {"FOLDER": str(tmp_path), "FILE": str(tmp_path / "file"), "EXPORT": f"{tmp_path}-export"}
    words |= {"EMPTY": str(tmp_path / "empty"), "BACKUP": str(tmp_path / "backup")}
    if "restore" in example:
        federation.call("store", "backup", words["BACKUP"])
    tmp_path.with_name(f"{tmp_path.name}-export.csv").write_text(
        "plate,colour,date of theft\nAB123,red,2026-01-31\nCD456,blue,2026-02-01\n"
    )
    field = {
        "name": "plate",
        "filled": 1,
        "missing": {},
        "values": {"AB123": 1},
        "unlisted": 0,
        "beginning": {},
    }
    profile = {
        "profile": 1,
        "format": {"type": "csv"},
        "quoted": "never",
        "line_ending": "\n",
        "fields": [field],
    }
    tmp_path.with_name(f"{tmp_path.name}-profile.json").write_text(json.dumps(profile))
    words["PROFILE"] = f"{tmp_path}-profile"
    if "LAYOUT" in example:
        (tmp_path / "tape.dat").write_bytes(("AB123red   20260131" * 40).encode("cp037"))
        (tmp_path / "layout.csv").write_text("name,start,length\nplate,1,5\ncolour,6,6\ndate,12,8\n")
        words |= {"TAPE": str(tmp_path / "tape"), "LAYOUT": str(tmp_path / "layout")}
    line = re.sub(r"\b[A-Z]+(_[A-Z]+)?\b", lambda word: words.get(word[0], word[0]), example)
    piped, _, line = line.rpartition(" | ")
    monkeypatch.setattr("sys.stdin", io.StringIO(piped.removeprefix("echo ").strip("'")))
    monkeypatch.chdir(federation.root)
    if "store sync" in example:
        monkeypatch.setenv("COMITY_ICEBERG", "yes")
    comity, *arguments = shlex.split(line)

    code, said = federation.call(*arguments)

    if example.startswith(NEED_PERSONS):
        assert (code, "[query." in said) == (2, True), said
        return
    assert (comity, code) == ("comity", 0), said
    assert said or "--output" in line or arguments == ["shell"]  # which has nothing to read here


# Exit codes


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--help",), 0), (("--version",), 0), (("sources",), 0), (("releases",), 0),
        (("run", "--jobs", "0"), 2), (("run", "--what"), 2), (("runn",), 2), (("sources", "carss"), 2),
        (("sql", "SELEC 1"), 2), (("standard", "show", "vehicel"), 2), (("mapping", "show", "carss"), 2),
        (("suite", "show", "vehicel"), 2), (("trace", "nothing"), 2),
    ],
)  # fmt: skip
def test_the_exit_code_tells_what_a_scheduler_needs(
    federation: SmallFederation, arguments: tuple[str, ...], code: int
) -> None:
    found, said = federation.call(*arguments)

    assert found == code, said
    assert code in EXIT_CODES
    assert "Traceback" not in said


def test_a_misspelt_command_is_told_with_the_nearest(federation: SmallFederation) -> None:
    _, said = federation.call("relases")

    assert "There is no command 'relases' [config.unknown-command]" in said
    assert f"did you mean 'releases'? Known: {', '.join(sorted(COMMANDS))}" in said


def test_a_store_that_cannot_be_read_is_worth_another_try(
    tmp_path: Path, federation: SmallFederation
) -> None:
    (tmp_path / "ledger.sqlite").write_bytes(b"this is no database" * 99)

    said = shown("--data", str(tmp_path), "--federation", str(federation.root), "run", code=1)

    assert "[store.corrupt-ledger]" in said and "  next   " in said


# Where data lives


def test_the_data_folder_is_made_for_its_owner_alone_whatever_the_umask(
    federation: SmallFederation, tmp_path: Path
) -> None:
    before = os.umask(0)
    try:
        shown("--data", str(tmp_path / "deep" / "data"), "--federation", str(federation.root), "run")
    finally:
        os.umask(before)

    made = [tmp_path / "deep" / "data", *(tmp_path / "deep" / "data").rglob("*")]
    assert {oct(path.stat().st_mode & 0o077) for path in made} == {"0o0"}
    assert (tmp_path / "deep" / "data" / "inbox" / "cars").is_dir()


def test_the_data_folder_comes_from_the_option_the_variable_or_the_file(
    federation: SmallFederation,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "comity.toml").write_text(f'data = "by-file"\nfederation = "{federation.root}"\n')
    monkeypatch.chdir(tmp_path)
    inboxes = []

    for option, variable in ((["--data", "by-option"], "by-variable"), ([], "by-variable"), ([], "")):
        monkeypatch.setenv("COMITY_DATA", variable)
        with pytest.raises(SystemExit):
            main([*option, "sources", "cars"])
        inboxes += re.findall(r"inbox +(\S+)", capsys.readouterr().out)

    assert inboxes == [f"{tmp_path}/{name}/inbox/cars" for name in ("by-option", "by-variable", "by-file")]


# Secrets


SECRET = "open-sesame"
DATABASE = "fr-documents"


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> SmallFederation:
    federation = SmallFederation(tmp_path_factory.mktemp("documents"))
    federation.add(DATABASE)
    federation.add(VEHICLES)
    return federation


def test_a_database_whose_variable_is_not_set_is_listed_as_not_set_up(
    documents: SmallFederation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FR_DOCUMENTS_URL", raising=False)

    night = documents.run()

    assert night.code == 0
    assert night.report["not_set_up"] == [[DATABASE, "The environment variable FR_DOCUMENTS_URL is not set"]]
    assert (
        f"{DATABASE}: not set up here, so not read\n  The environment variable FR_DOCUMENTS_URL" in night.said
    )
    assert f"Nothing new: {VEHICLES}" in night.said


def test_a_database_that_was_read_before_and_is_not_set_any_more_is_an_error_of_the_plan(
    documents: SmallFederation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FR_DOCUMENTS_URL", raising=False)
    monkeypatch.setattr(Past, "of", lambda _: Past(versions={DATABASE: {"e" * 64: {"a" * 12}}}))

    code, said = documents.call("plan", "--source", DATABASE)

    assert code == 1
    assert "FR_DOCUMENTS_URL is not set" in said and "[read.missing-secret]" in said and "1 broken" in said


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://reader:{SECRET}@127.0.0.1:1/registre",
        f"postgresql://reader:{SECRET}@bad host/x",
        SECRET,
    ],
)
def test_a_password_gets_into_no_message_no_report_and_no_file(
    documents: SmallFederation, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("FR_DOCUMENTS_URL", url)

    night = documents.run("--source", DATABASE)

    assert night.code == 1
    assert night.error(DATABASE)["code"].startswith("read.")
    assert SECRET not in night.said + json.dumps(night.report)
    held = [
        path for path in documents.data.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()
    ]
    assert held == []


def test_the_password_of_the_ledger_gets_into_no_message(
    documents: SmallFederation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMITY_LEDGER", f"postgresql://comity:{SECRET}@127.0.0.1:1/ledger")

    code, said = documents.call("run")

    assert code == 1
    assert "[store.ledger-unreachable]" in said
    assert SECRET not in said


def test_the_report_as_json_is_all_that_comes_out(
    federation: SmallFederation, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["--data", str(federation.data), "--federation", str(federation.root), "run", "--json"])

    out, err = capsys.readouterr()
    assert json.loads(out)["succeeded"] is True
    assert err == ""
