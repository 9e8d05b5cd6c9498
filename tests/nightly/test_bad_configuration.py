"""A mistake in what a person wrote: its source stops with file, line, column and the nearest name; others go on.

All sources publish; then each file gets one mistake; then the mistakes are mended.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.nightly.small import CARS, VEHICLES, Night, SmallFederation, as_csv

ADAPTER, MAPPING, CROSSWALK = "adapters/{}/adapter.yaml", "mappings/{}/vehicle.yaml", "mappings/{}/colour.csv"


class Mistake(NamedTuple):
    """``wrong`` stands in the line that the error names; ``near``: what it suggests."""

    file: str
    pattern: str
    wrong: str
    code: str
    near: str = ""


MISTAKES = {
    "bad-yaml": Mistake(ADAPTER, "title: ", "title: more: ", "config.bad-yaml"),
    "bad-indentation": Mistake(MAPPING, "\n  model: model", "\n   model: model", "config.bad-yaml"),
    "key-twice": Mistake(MAPPING, "\n  model: model", "\n  make: model", "config.duplicate-key"),
    "unknown-adapter-key": Mistake(ADAPTER, "delivery:", "delivry:", "config.unknown-key", "delivery"),
    "unknown-option": Mistake(ADAPTER, "delimiter:", "delimeter:", "config.unknown-key", "delimiter"),
    "unknown-format": Mistake(ADAPTER, "type: csv", "type: csw", "config.unknown-format", "csv"),
    "unknown-encoding": Mistake(ADAPTER, "encoding: utf-8", "encoding: utf-88", "config.invalid-value"),
    "unknown-mapping-key": Mistake(MAPPING, "codes: colour", "coeds: colour", "config.unknown-key", "codes"),
    "unknown-column": Mistake(MAPPING, "  model: model", "  modell: model", "mapping.unknown-column", "model"),
    "unknown-field": Mistake(MAPPING, "  model: model", "  model: modell", "mapping.unknown-field", "model"),
    "unknown-step": Mistake(MAPPING, r"apply: \[upper", "apply: [uper", "mapping.unknown-step", "upper"),
    "unknown-crosswalk": Mistake(
        MAPPING, "codes: colour", "codes: colours", "mapping.unknown-crosswalk", "colour"
    ),
    "unknown-function": Mistake(
        MAPPING, "translate\\(", "transalte(", "mapping.unknown-function", "translate"
    ),
    "unknown-code": Mistake(CROSSWALK, ",silver,exact", ",silvr,exact", "mapping.unknown-standard-code", "silver"),
    "unknown-relation": Mistake(CROSSWALK, ",silver,exact", ",silver,exakt", "mapping.bad-crosswalk", "exact"),
    "unknown-purpose": Mistake(ADAPTER, "border_control", "border_controll", "config.unknown-code", "border_control"),
    "wrong-type": Mistake(ADAPTER, "minimum_rows: 1", "minimum_rows: many", "config.invalid-value"),
    "reads-a-file": Mistake(
        MAPPING, r"\{sql: .*\}", "{sql: \"(SELECT max(x) FROM read_csv('/etc/passwd') t(x))\"}",
        "mapping.sql-not-scalar",
    ),
}  # fmt: skip


class Nights(NamedTuple):
    """``files``: the lines of each wrong file, before it was mended."""

    federation: SmallFederation
    files: dict[str, list[str]]
    wrong: Night
    mended: Night
    published: list[tuple[object, ...]]


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    federation = SmallFederation(tmp_path_factory.mktemp("bad-configuration"))
    for name in ("sound", *MISTAKES):
        federation.add(VEHICLES, name, files="['export-*']", order="'export-(.)'")
    cars = b"".join(as_csv().splitlines(keepends=True)[1:])
    federation.drop("unknown-column", "export-1", cars)
    assert federation.run("--source", "unknown-column").code == 0
    before = {}
    for name, mistake in MISTAKES.items():
        path = federation.root / mistake.file.format(name)
        before[path] = path.read_text("utf-8")
        federation.edit(mistake.file.format(name), mistake.pattern, mistake.wrong.replace("\\", r"\\"))
    federation.drop("sound", "export-1", cars)
    federation.drop("unknown-column", "export-2", cars[: cars.rindex(b"QQC303")])
    wrong = federation.run()
    published = federation.ask("SELECT source_id, count(*) FROM vehicle GROUP BY ALL ORDER BY ALL")
    files = {
        name: (federation.root / mistake.file.format(name)).read_text("utf-8").splitlines()
        for name, mistake in MISTAKES.items()
    }
    for path, text in before.items():
        path.write_text(text, "utf-8")
    return Nights(federation, files, wrong, federation.run(), published)


@pytest.mark.parametrize("source", MISTAKES)
def test_the_error_names_the_line_of_the_mistake_and_what_to_write(nights: Nights, source: str) -> None:
    mistake, error = MISTAKES[source], nights.wrong.error(source)
    path = nights.federation.root / mistake.file.format(source)

    file, _, place = error["place"].partition(f"{path}:")
    line, _, column = place.partition(":")

    assert (error["code"], file) == (mistake.code, "")
    assert error["remedy"]
    assert mistake.near in error["remedy"]
    assert column or mistake.file == CROSSWALK
    assert mistake.wrong.strip() in nights.files[source][int(line) - 1]


@pytest.mark.parametrize("source", [name for name, mistake in MISTAKES.items() if mistake.near])
def test_the_nearest_name_is_asked_for(nights: Nights, source: str) -> None:
    assert f"did you mean '{MISTAKES[source].near}'? Known: " in nights.wrong.error(source)["remedy"]


@pytest.mark.parametrize("source", MISTAKES)
def test_the_terminal_says_where(nights: Nights, source: str) -> None:
    error = nights.wrong.error(source)
    said = nights.wrong.said.split(f"\n{source}: not run\n")[1].split("\n\n")[0]

    assert f"[{error['code']}]\n  at     {error['place']}\n" in said
    assert f"  next   {error['remedy']}" in said


def test_the_others_go_on_and_what_was_published_stays(nights: Nights) -> None:
    assert nights.published == [("sound", len(CARS)), ("unknown-column", len(CARS))]
    assert nights.wrong.code == 1


def test_mended_the_source_takes_what_waited(nights: Nights) -> None:
    assert nights.mended.code == 0
    assert nights.mended.export("unknown-column")["outcome"] == "published"
    assert len(nights.federation.records("vehicle", "unknown-column")) == 2
