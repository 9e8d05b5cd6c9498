"""Yearly workbooks of homicide victims, with titles above and notes below the table.

Invariant: the same seed gives the same cells.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

TITLES = (
    "MINISTERIO DE DEFENSA NACIONAL",
    "POLICÍA NACIONAL",
    "DIRECCIÓN DE INVESTIGACIÓN CRIMINAL E INTERPOL",
    "OBSERVATORIO DEL DELITO",
    "HOMICIDIO INTENCIONAL {year}",
)
HEADER = (
    "DEPARTAMENTO", "MUNICIPIO", "CODIGO DANE", "ARMAS MEDIOS", "FECHA HECHO", "GENERO",
    "*AGRUPA EDAD PERSONA", "CANTIDAD",
)  # fmt: skip
OLD_HEADER = tuple("ARMA MEDIO" if name == "ARMAS MEDIOS" else name for name in HEADER)
NOTES = (
    "FUENTE: SIEDCO, cifras inventadas",
    "Información sujeta a variación, extraída el 20/11/2026",
    "*AGRUPA EDAD PERSONA: MENORES, ADOLESCENTES, ADULTOS",
    "Elaborado por: Observatorio del delito",
)
_PLACES = (
    ("ANTIOQUIA", "MEDELLÍN (CT)", "05001"),
    ("ANTIOQUIA", "BELLO", "05088"),
    ("ATLÁNTICO", "BARRANQUILLA (CT)", "08001"),
    ("CUNDINAMARCA", "BOGOTÁ D.C. (CT)", "11001"),
    ("VALLE", "CALI (CT)", "76001"),
    ("NORTE DE SANTANDER", "CÚCUTA (CT)", "54001"),
    ("CHOCÓ", "QUIBDÓ (CT)", "27001"),
)
_WEAPONS = ("ARMA DE FUEGO",) * 14 + (
    "ARMA BLANCA / CORTOPUNZANTE", "ARMA BLANCA / CORTOPUNZANTE", "CONTUNDENTES", "CUERDA/SOGA/CADENA",
    "SIN EMPLEO DE ARMAS", "NO REPORTADO", "ARTEFACTO EXPLOSIVO/CARGA DINAMITA",
)  # fmt: skip


def write(path: Path, year: int, header: Sequence[str], rows: Iterable[Sequence[Any]], total: int) -> Path:
    """One workbook: merged titles, an empty row, the header, the rows, the total and the notes."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    moment = datetime(2026, 11, 20, 3)
    book.properties.created = book.properties.modified = moment
    sheet = book.create_sheet("Hoja1")
    for line, title in enumerate(TITLES, 1):
        sheet.append([title.format(year=year)])
        sheet.merged_cells.ranges.add(f"A{line}:H{line}")
    sheet.append([])
    sheet.append(header)
    for row in rows:
        cells = [WriteOnlyCell(sheet, value) for value in row]
        if isinstance(row[4], date):
            cells[4].number_format = "dd/mm/yyyy"
        sheet.append(cells)
    sheet.append(["TOTAL", None, None, None, None, None, None, total])
    for note in NOTES:
        sheet.append([note])
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)
    return path


def generate(folder: Path, rows: int, seed: int = 0) -> list[Path]:
    """Two workbooks, of the year whose header was another and of the year after, ``rows`` rows together."""
    random = Random(seed)
    paths = []
    for year, header, count in ((2024, OLD_HEADER, rows // 2), (2025, HEADER, rows - rows // 2)):
        lines = [_row(random, year) for _ in range(count)]
        total = sum(line[-1] for line in lines if isinstance(line[-1], int))
        paths.append(write(folder / f"homicidio_intencional_{year}.xlsx", year, header, lines, total))
    return paths


def _row(random: Random, year: int) -> tuple[Any, ...]:
    region, place, code = random.choice(_PLACES)
    # As a number the code loses its zero; some years give the populated centre too.
    dane: Any = random.choice((code, int(code), int(code + "000"), code + "000"))
    day: Any = date(year, 1, 1) + timedelta(random.randrange(365))
    if random.random() < 0.05:
        day = day.strftime("%d/%m/%Y")
    elif random.random() < 0.005:
        day = f"31/02/{year}"
    sex = random.choices(("MASCULINO", "FEMENINO", "NO REPORTADO", "NO REPOTADO", "-"), (88, 9, 1, 1, 1))[0]
    age = random.choices(("ADULTOS", "ADOLESCENTES", "MENORES", "NO REPORTADO", "-"), (86, 8, 3, 2, 1))[0]
    count: Any = random.choices((1, 2, 3, "uno"), (96, 3, 0.7, 0.3))[0]
    return region, place, dane, random.choice(_WEAPONS), day, sex, age, count
