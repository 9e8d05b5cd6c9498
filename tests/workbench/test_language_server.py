"""The schemas in an editor: the YAML language server from npm completes, explains and marks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from comity.workbench.schemas import FOLDER, editor_line, schema_of, written_files
from tests.workbench.language_server import CURSOR, LanguageServer, installed

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
ADAPTER = "adapters/aa-things/adapter.yaml"
MAPPING = "mappings/aa-things/person.yaml"
SUITE = "validation/person.yaml"
HEAD = "source: aa-things\nrecord: person\nkey: [number]\nfields:\n"


@pytest.fixture(scope="module")
def server() -> Iterator[LanguageServer]:
    program = installed()
    if isinstance(program, str):
        pytest.skip(program)
    with LanguageServer(program, ROOT) as server:
        yield server


def marked(path: str, text: str) -> str:
    return editor_line(schema_of(Path(path)), ROOT / path, ROOT / FOLDER) + text


def test_no_file_of_the_repository_is_marked(server: LanguageServer) -> None:
    files = {str(path.relative_to(ROOT)): path.read_text("utf-8") for path, _ in written_files(ROOT)}

    assert {path: found for path, found in server.diagnostics_of(files).items() if found} == {}


@pytest.mark.parametrize(
    ("path", "text", "line", "said"),
    [
        (ADAPTER, "source: aa-things\nowner: {contry: NZ}\n", 3, "Property contry is not allowed"),
        (ADAPTER, "format: {type: csv, delimter: ';'}\n", 2, "Property delimter is not allowed"),
        (ADAPTER, "format: {type: cvs}\n", 2, "Value is not accepted"),
        (ADAPTER, "owner: {country: QQ}\n", 2, "There is no such value here"),
        (MAPPING, HEAD + "  full_nme: name\n", 6, "Property full_nme is not allowed"),
        (MAPPING, HEAD + "  birth_date: {from: born, date: '%Y', calendar: hijri}\n", 6, '"umm_al_qura"'),
        (MAPPING, HEAD + "  full_name: {from: name, aply: upper}\n", 6, "Property aply is not allowed"),
        (SUITE, "record: person\nexpectations: [{meta: {id: x, wy: y}}]\n", 3, "Property wy is not allowed"),
    ],
)
def test_what_is_wrong_is_marked_in_its_line(
    server: LanguageServer, path: str, text: str, line: int, said: str
) -> None:
    found = server.diagnostics(path, marked(path, text))

    assert [message for at, message in found if at == line and said in message], found


@pytest.mark.parametrize(
    ("path", "text", "offered"),
    [
        (
            ADAPTER,
            f"source: aa-things\n{CURSOR}",
            {"owner": "Whose data it is.", "delivery": "Where exports come"},
        ),
        (ADAPTER, f"format:\n  type: {CURSOR}", {"fixed_width": "Records with fields at fixed places"}),
        (ADAPTER, f"format:\n  type: csv\n  {CURSOR}", {"delimiter": "One ASCII character."}),
        (ADAPTER, f"format:\n  type: csv\n  encoding: {CURSOR}", {"cp1250": "", "cp949": ""}),
        (ADAPTER, f"handling:\n  permitted_purposes:\n    - {CURSOR}", {"border_control": "border control"}),
        (MAPPING, f"record: {CURSOR}", {"case_file": "Case file"}),
        (MAPPING, f"{HEAD}  {CURSOR}", {"birth_date": "Date of birth, as exact as it is known."}),
        (MAPPING, f"{HEAD}  sex:\n    constant: {CURSOR}", {"F": "female"}),
        (MAPPING, f"{HEAD}  birth_date:\n    from: born\n    {CURSOR}", {"calendar": "The calendar of the"}),
        (
            MAPPING,
            f"{HEAD}  birth_date:\n    calendar: {CURSOR}",
            {"umm_al_qura": "The Hijra by the published"},
        ),
        (
            MAPPING,
            f"{HEAD}  full_name:\n    from: name\n    apply: [{CURSOR}]",
            {"squeeze": "every run of white"},
        ),
        (SUITE, f"record: person\nexpectations:\n  - type: {CURSOR}", {"expect_rows_to_satisfy": ""}),
        (
            SUITE,
            "record: person\nexpectations:\n  - type: expect_column_values_to_not_be_null\n"
            f"    kwargs: {{column: {CURSOR}}}",
            {"birth_country": "Country of birth"},
        ),
    ],
)
def test_keys_and_values_are_offered_with_what_they_mean(
    server: LanguageServer, path: str, text: str, offered: dict[str, str]
) -> None:
    found = server.completions(path, marked(path, text))

    assert {
        label: said for label, said in offered.items() if said not in found.get(label, "nothing")
    } == {}, found


def test_a_column_of_another_record_type_is_not_offered(server: LanguageServer) -> None:
    found = server.completions(MAPPING, marked(MAPPING, f"{HEAD}  {CURSOR}"))

    assert "birth_date" in found and "plate" not in found and "record_id" not in found


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        (ADAPTER, f"format:\n  type: csv\n  deli{CURSOR}miter: ';'\n", "One ASCII character."),
        (MAPPING, f"{HEAD}  birth_{CURSOR}date: born\n", "Date of birth, as exact as it is known."),
        (MAPPING, f"{HEAD}  full_name: {{from: name, extr{CURSOR}act: x}}\n", "The part of the text"),
    ],
)
def test_a_word_is_explained(server: LanguageServer, path: str, text: str, said: str) -> None:
    assert said in server.hover(path, marked(path, text))
