"""One table, whatever it comes in: the same fields get the same columns, and the format is told from the content."""

from __future__ import annotations

import gzip
import io
import json
import random
import sqlite3
import sys
import zipfile
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from comity.errors import ConfigError, ReadError
from comity.workbench.draft import Owner
from comity.workbench.layout import read_layout
from comity.workbench.profile import profile_of
from comity.workbench.propose import Draft, propose
from comity.workbench.synthesise import synthesise
from tests.workbench.proposals import columns

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from comity.standard import Standard

CHANCE = random.Random(1)
ROWS = [
    {
        "registro": str(1000 + number),
        "apellidos": CHANCE.choice(("García López", "Núñez", "Pérez Ruiz", "Iglesias")),
        "nombre": CHANCE.choice(("José", "María", "Ana", "Íñigo")),
        "fecha_nacimiento": f"{CHANCE.randint(1, 28):02}/{CHANCE.randint(1, 12):02}/{CHANCE.randint(1950, 1999)}",
        "sexo": CHANCE.choice("VM"),
        "nacionalidad": CHANCE.choice(("España", "Portugal", "Marruecos")),
    }
    for number in range(120)
]
EXPECTED = {
    "registro": ("key",),
    "apellidos": ("family_name",),
    "nombre": ("given_names",),
    "fecha_nacimiento": ("birth_date",),
    "sexo": ("sex",),
    "nacionalidad": ("nationalities", "nationality_as_given"),
}
WIDTHS = (4, 20, 12, 10, 2, 14)


def delimited(mark: str) -> bytes:
    lines = [mark.join(ROWS[0]), *(mark.join(row.values()) for row in ROWS)]
    return ("\n".join(lines) + "\n").encode("latin-1")


def zipped() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("datos/personas.csv", delimited(";"))
    return held.getvalue()


def parquet() -> bytes:
    held = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS), held)
    return held.getvalue()


def spreadsheet() -> bytes:
    held = io.BytesIO()
    with xlsxwriter.Workbook(held) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "Relación de personas buscadas")
        for place, row in enumerate([list(ROWS[0]), *(list(row.values()) for row in ROWS), ["TOTAL", "120"]]):
            sheet.write_row(place + 2, 0, row)
    return held.getvalue()


def xml() -> bytes:
    rows = "".join(
        f"<persona>{''.join(f'<{name}>{value}</{name}>' for name, value in row.items())}</persona>\n"
        for row in ROWS
    )
    return f"<personas>\n{rows}</personas>".encode()


FORMATS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "personas.csv": ("csv", lambda: delimited(";")),
    "personas.tsv": ("csv", lambda: delimited("\t")),
    "personas.zip": ("csv", zipped),
    "personas.csv.gz": ("csv", lambda: gzip.compress(delimited(";"))),
    "personas.parquet": ("parquet", parquet),
    "personas.xlsx": ("spreadsheet", spreadsheet),
    "personas.json": ("json", lambda: json.dumps(ROWS).encode()),
    "personas.ndjson": ("ndjson", lambda: "\n".join(map(json.dumps, ROWS)).encode()),
    "personas.xml": ("xml", xml),
}


@pytest.mark.parametrize("name", FORMATS)
def test_the_format_makes_no_difference(look: Callable[..., Draft], name: str) -> None:
    kind, content = FORMATS[name]
    draft = look({name: content()})

    assert draft.export.table.format["type"] == kind
    assert columns(draft) == EXPECTED
    assert draft.matched.key == ("registro",)
    assert "is it the owner's key?" in str(draft.matched.key_doubt)  # no word of the header says so


def database(path: Path) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"CREATE TABLE personas ({', '.join(ROWS[0])})")
        marks = ", ".join("?" * len(ROWS[0]))
        connection.executemany(f"INSERT INTO personas VALUES ({marks})", [[*row.values()] for row in ROWS])
        connection.commit()
    return path


def test_nor_does_a_query(standard: Standard, tmp_path: Path) -> None:
    url = f"sqlite:///{database(tmp_path / 'registro.sqlite')}"
    draft = propose(
        (), Owner("es-personas", "ES", ""), standard, tmp_path, database=(url, "SELECT * FROM personas")
    )

    assert columns(draft) == EXPECTED
    assert url not in draft.files["adapters/es-personas/adapter.yaml"]


def test_a_database_given_as_a_file_is_asked_for_by_a_query(
    look: Callable[..., Draft], tmp_path: Path
) -> None:
    with pytest.raises(ReadError) as caught:
        look({"registro.sqlite": database(tmp_path / "made.sqlite").read_bytes()})

    assert caught.value.code == "workbench.database-file"
    assert "personas" in str(caught.value.found)
    assert "--database sqlite:///registro.sqlite" in str(caught.value.remedy)


@pytest.mark.parametrize(("encoding", "ending"), [("latin-1", "\n"), ("cp037", "\n"), ("cp037", "")])
def test_fixed_width_is_cut_where_blanks_end_and_every_cut_is_a_decision(
    look: Callable[..., Draft], encoding: str, ending: str
) -> None:
    records = ["".join(map(str.ljust, row.values(), WIDTHS)) + ending for row in ROWS]
    draft = look({"personas.txt": "".join(records).encode(encoding)})

    format: dict[str, Any] = dict(draft.export.table.format)
    assert (format["type"], format["encoding"], format["record_length"]) == ("fixed_width", encoding, 62)
    starts = {field.start for field in draft.export.fields}
    assert starts >= {1, 5, 25, 37}
    assert "record_length" in draft.export.table.doubts
    decided = {field for field, found in columns(draft).items() if "?" not in found}
    assert decided == set(draft.matched.key)


@pytest.mark.parametrize("name", [name for name in FORMATS if not name.endswith((".zip", ".gz"))])
def test_a_synthetic_sample_has_the_format_and_gets_the_same_proposal(
    look: Callable[..., Draft], name: str
) -> None:
    real = look({name: FORMATS[name][1]()})
    profile = json.loads(json.dumps(profile_of(real.export)))
    made = look({f"made-{name}": synthesise(profile, 120, 1)})

    # Of rows that are invented no more than the kind of what stands around them can be the same.
    assert made.export.table.format.keys() == real.export.table.format.keys()
    assert made.export.table.format["type"] == FORMATS[name][0]
    assert made.export.table.rows == 120
    assert columns(made).keys() == EXPECTED.keys()
    assert {field: found[0] for field, found in columns(made).items()} == {
        field: found[0] for field, found in EXPECTED.items()
    }
    listed = {value for field in profile["fields"] for value in field["values"]}
    invented = {value for field in made.export.fields for value in field.values if value} - listed
    assert not invented & {value for row in ROWS for value in row.values()}


@pytest.mark.parametrize(("encoding", "ending"), [("latin-1", "\n"), ("latin-1", ""), ("cp037", "")])
def test_of_fixed_width_that_its_owner_described_no_cut_is_guessed(
    look: Callable[..., Draft], tmp_path: Path, encoding: str, ending: str
) -> None:
    lines, start = ["name,start,length"], 1
    for name, width in zip(ROWS[0], WIDTHS, strict=True):
        lines.append(f"{name},{start},{width}")
        start += width
    (tmp_path / "layout.csv").write_text("\n".join(lines), "utf-8")
    records = ["".join(map(str.ljust, row.values(), WIDTHS)) + "   " + ending for row in ROWS]
    draft = look(
        {"personas.txt": "".join(records).encode(encoding)}, layout=read_layout(tmp_path / "layout.csv")
    )

    assert draft.export.table.format["record_length"] == 65
    assert draft.export.table.format["line_ending"] == (ending or "none")
    assert columns(draft) == EXPECTED
    assert "is the cut right" not in draft.files["adapters/aa-things/adapter.yaml"]


@pytest.mark.parametrize(
    ("text", "line", "found"),
    [
        ("name,begin,length\na,1,2\n", 1, "start"),
        ("name,start,length\na,1,2\nb,0,2\n", 3, "'0'"),
        ("name,start,length\na,1,2\nb,x,2\n", 3, "'x'"),
        ("name,start,length\na,1,2\nb,3\n", 3, "''"),
        ("name,start,length\na,1,4\nb,3,2\n", None, "'b' begins at 3, and 'a' ends at 4"),
        ("name,start,length\n", 2, "no field"),
    ],
)
def test_a_wrong_description_is_told_by_its_line(
    tmp_path: Path, text: str, line: int | None, found: str
) -> None:
    (tmp_path / "layout.csv").write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        read_layout(tmp_path / "layout.csv")

    assert (caught.value.code, caught.value.line) == ("workbench.bad-layout", line)
    assert found in str(caught.value.found)


def test_a_tape_of_blank_lines_has_no_records(look: Callable[..., Draft], tmp_path: Path) -> None:
    (tmp_path / "layout.csv").write_text("name,start,length\nplate,1,6\n", "utf-8")
    with pytest.raises(ReadError) as caught:
        look({"tape.txt": b"\n\n\n"}, layout=read_layout(tmp_path / "layout.csv"))

    assert caught.value.code == "read.no-header"


def test_a_sheet_is_not_made_without_the_package_that_writes_sheets(
    look: Callable[..., Draft], monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = profile_of(look({"personas.xlsx": spreadsheet()}).export)
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(ConfigError) as caught:
        synthesise(profile, 10, 1)

    assert caught.value.code == "workbench.cannot-synthesise"
    assert "comity[xlsx]" in str(caught.value.remedy)
