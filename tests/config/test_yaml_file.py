"""A YAML file that a person wrote: values are what they look like, and what is wrong has a line and a way out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as some
from pydantic import BaseModel, ConfigDict

from comity.config.yaml_file import load_model, read_yaml
from comity.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    count: int = 0


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: str
    kind: Literal["full", "delta"] = "full"
    items: tuple[Inner, ...] = ()


def write(folder: Path, text: str) -> Path:
    path = folder / "file.yaml"
    path.write_text(text, "utf-8")
    return path


def read(folder: Path, text: str) -> object:
    return read_yaml(write(folder, text))[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"), ("no", "no"), ("on", "on"), ("Yes", "Yes"), ("true", True), ("null", None), ("~", None),
        ("12", 12), ("-3", -3), ("012", "012"), ("0x1F", "0x1F"), ("1_000", "1_000"), ("1.5", 1.5),
        ("12:30", "12:30"), ("2026-11-20", "2026-11-20"), ("1e5", "1e5"), ("=", "="),
    ],
)  # fmt: skip
def test_only_true_false_null_and_plain_numbers_are_anything_but_text(
    tmp_path: Path, text: str, value: object
) -> None:
    assert read(tmp_path, f"key: {text}") == {"key": value}


def test_a_key_is_always_text(tmp_path: Path) -> None:
    assert read(tmp_path, "1: a\ntrue: b\nnull: c") == {"1": "a", "true": "b", "null": "c"}


def test_anchors_and_aliases_are_written_out(tmp_path: Path) -> None:
    assert read(tmp_path, "a: &x [1, 2]\nb: *x") == {"a": [1, 2], "b": [1, 2]}


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("title: a\n  b: c", "config.bad-yaml", (2, 4)),
        ("title: [a", "config.bad-yaml", (1, 10)),
        ("title: a\ntitle: b", "config.duplicate-key", (2, 1)),
        ("title: a\nitems:\n  - name: x\n    cuont: 1", "config.unknown-key", (4, 5)),
        ("title: a\nitems:\n  - {count: 1}", "config.missing-key", (3, 5)),
        ("title: a\nitems:\n  - {name: x, count: many}", "config.invalid-value", (3, 15)),
        ("title: a\nkind: ful", "config.invalid-value", (2, 1)),
        ("[a, b]: c", "config.bad-yaml", (1, 1)),
        ("- a", "config.invalid-value", (1, 1)),
    ],
)
def test_every_mistake_has_its_line_and_column(
    tmp_path: Path, text: str, code: str, place: tuple[int, int]
) -> None:
    path = write(tmp_path, text)

    with pytest.raises(ConfigError) as error:
        load_model(path, Outer)

    assert (error.value.code, (error.value.line, error.value.column)) == (code, place)
    assert error.value.file == str(path)
    assert error.value.remedy


def test_a_misspelt_key_is_told_before_the_key_that_is_missing_for_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        load_model(write(tmp_path, "titel: a"), Outer)

    assert error.value.code == "config.unknown-key"
    assert error.value.remedy == "did you mean 'title'? Known: items, kind, title"


def test_an_empty_file_lacks_its_first_key(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        load_model(write(tmp_path, "# nothing\n"), Outer)

    assert error.value.code == "config.missing-key"


@pytest.mark.parametrize(
    "text",
    [
        "a: &x [*x]",
        "[" * 5000,
        f"{'[' * 100_000}{']' * 100_000}",
        "- " * 100_000,
        "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10 if n else ['x'])}]\n" for n in range(12)),
        "a: !!int many",
        "a: !!timestamp soon",
        "a: !!python/object/apply:os.system [ls]",
        f"a: {'9' * 5000}",
        "a: \0",
    ],
    ids=[
        "inside itself",
        "deep",
        "so deep that a parser in C would crash",
        "so deep in blocks",
        "aliases of aliases",
        "no integer",
        "no time",
        "code",
        "long number",
        "NUL",
    ],
)
def test_what_would_be_a_traceback_or_a_bomb_is_an_error_like_any_other(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError) as error:
        read(tmp_path, text)

    assert error.value.code == "config.bad-yaml"
    assert error.value.remedy


def test_both_parsers_of_yaml_read_the_same_values_at_the_same_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "a: {b: [1, NO, 1.5], 'ä': \"x\"}\nc: &here |\n  text\n  more\nd: *here\n'e f': [yes, ~, 2026-01-01, 12:30]"
    path = write(tmp_path, text)
    quick = read_yaml(path)

    monkeypatch.setattr("comity.config.yaml_file._quick", None)

    assert read_yaml(path) == quick
    assert quick[1][("a", "ä")] == (1, 22)


def test_a_file_that_is_not_there_not_utf8_or_no_file_says_so(tmp_path: Path) -> None:
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("título: a".encode("latin-1"))
    codes = []

    for path in (tmp_path / "none.yaml", latin, tmp_path):
        with pytest.raises(ConfigError) as error:
            read_yaml(path)
        codes.append(error.value.code)
        assert error.value.remedy

    assert codes == ["config.missing-file", "config.not-utf8", "config.unreadable-file"]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some.text(alphabet="ab1:-[]{}&*!<>|'\"#%@`?,. \n\t\\~é\u2028", max_size=40))
@example("? a")
@example("<<: *x")
def test_any_text_is_content_or_an_error_with_a_code(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text)

    try:
        load_model(path, Outer)
    except ConfigError as error:
        assert error.code.startswith("config.") and error.file == str(path)
