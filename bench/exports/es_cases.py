"""Case files of two courts: XML in three namespaces, with everything that hangs on a case.

Invariant: the same seed gives the same bytes.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from bench.exports.invented import NAMES, PEOPLE

if TYPE_CHECKING:
    from pathlib import Path

_HEAD = (
    '<?xml version="1.0" encoding="{encoding}"?>\n<e:expedientes xmlns:e="urn:es:expedientes:2" '
    'xmlns:p="urn:es:personas:1" xmlns:b="urn:es:pruebas:1" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" generado="2026-11-20T03:00:00+01:00">\n'
)
_COURTS = (
    ("albacete_4", "0200343004", "Juzgado de Instrucción nº 4 de Albacete", "ISO-8859-1"),
    ("madrid_12", "2807943012", "Juzgado de Instrucción nº 12 de Madrid", "UTF-8"),
)
_KINDS = (("DP", "DILIGENCIAS PREVIAS"),) * 6 + (("PA", "PROCEDIMIENTO ABREVIADO"), ("SUM", "SUMARIO"))
_STATES = ("EN TRAMITE",) * 5 + ("ARCHIVADO", "SOBRESEIMIENTO PROVISIONAL", "REABIERTO")
_OFFENCES = (
    ("234", "Hurto"),
    ("237", "Robo con fuerza en las cosas"),
    ("242.1", "Robo con violencia"),
    ("248", "Estafa"),
    ("368.1", "Tráfico de drogas"),
    ("390", "Falsedad documental"),
    ("138", "Homicidio"),
    ("556", "Desobediencia"),
)
_EXHIBITS = (
    ("DIGITAL", "Teléfono móvil"),
    ("DROGA", "Sustancia blanca en bolsa"),
    ("ARMA", "Navaja de 9 cm"),
    ("DOCUMENTO", "Contrato de alquiler"),
)
_ROLES = ("INVESTIGADO",) * 4 + ("DETENIDO", "PERJUDICADO", "TESTIGO")
_COUNTRIES = {
    "UA": "UCRANIA",
    "DE": "ALEMANIA",
    "ES": "ESPAÑA",
    "PL": "POLONIA",
    "MA": "MARRUECOS",
    "TR": "TURQUIA",
}
_COUNTRIES |= {
    "BR": "BRASIL",
    "US": "ESTADOS UNIDOS",
    "FR": "FRANCIA",
    "AM": "ARMENIA",
    "JP": "JAPON",
    "TW": "TAIWAN",
}


def generate(folder: Path, rows: int, seed: int = 0) -> list[Path]:
    """A document a court, ``rows`` cases together; one case in eighty has someone of the shared pool."""
    random = Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for court, (name, code, title, encoding) in enumerate(_COURTS):
        path = folder / f"expedientes_{name}.xml"
        with path.open("w", encoding=encoding, newline="\n") as file:
            file.write(_HEAD.format(encoding=encoding))
            for number in range(1 + court, rows + 1, len(_COURTS)):
                file.write(_case(random, number, code, title))
            file.write("</e:expedientes>\n")
        paths.append(path)
    return paths


def _case(random: Random, number: int, court: str, title: str) -> str:
    short, kind = random.choice(_KINDS)
    opened = date(2023, 1, 1) + timedelta(random.randrange(1300))
    state = random.choice(_STATES)
    chance = random.random()
    label = f"{short} {number}/{opened.year}" if chance > 0.003 else ""
    kind = kind if chance < 0.997 else "RECETA"
    people = [_person(random, number, place) for place in range(1, random.randrange(2, 5))]
    offences = [_offence(random, opened, place) for place in range(1, random.randrange(2, 4))]
    exhibits = [_exhibit(random, opened, place) for place in range(1, random.randrange(1, 4))]
    notes = [_note(random, opened, place) for place in range(1, random.randrange(1, 3))]
    closed = (
        "<e:archivado>2026-09-30</e:archivado>" if state == "ARCHIVADO" else '<e:archivado xsi:nil="true"/>'
    )
    subject = "<e:asunto>Repetido</e:asunto>" if 0.5 < chance < 0.503 else ""
    return (
        f'<e:expediente numero="{label}" tipo="{kind}" estado="{state}">'
        f'<e:organo codigo="{court}">{title}</e:organo><e:nig>{court[:5]} 43 2 {opened.year} {number:07d}</e:nig>'
        f"<e:asunto>Asunto {number} &amp; otros</e:asunto>{subject}<e:unidad>UOPJ {number % 9}</e:unidad>"
        f"<e:incoado>{opened}</e:incoado>{closed}<e:intervinientes>{''.join(people)}</e:intervinientes>"
        f"<e:delitos>{''.join(offences)}</e:delitos><b:pruebas>{''.join(exhibits)}</b:pruebas>"
        f"<e:notas>{''.join(notes)}</e:notas></e:expediente>\n"
    )


def _person(random: Random, number: int, place: int) -> str:
    families, men, women = NAMES["es"]
    sex, role, country = random.choice("VM"), random.choice(_ROLES), "ESPAÑA"
    family, second = random.choice(families), random.choice(families)
    given = random.choice(men if sex == "V" else women)
    birth = f"{random.randrange(1, 29):02d}/{random.randrange(1, 13):02d}/{random.randrange(1950, 2006)}"
    if number % 80 == 1 and place == 1:
        known = PEOPLE[number // 80 % len(PEOPLE)]
        family, second, given = known.family, known.second_family, known.given
        sex, country = {"M": "V", "F": "M"}[known.sex], _COUNTRIES.get(known.nationality, "")
        year, month, day = known.birth_date.split("-")
        birth, role = f"{day}/{month}/{year}", "REQUISITORIADO"
    elif random.random() < 0.05:
        birth = random.choice((birth[-4:], f"00/{birth[3:]}", f"31/02/{birth[-4:]}"))
    last = f"<p:apellido2>{escape(second)}</p:apellido2>" if second else ""
    return (
        f'<p:persona id="I-{place}" situacion="{role}"><p:nombre>{_latin1(given)}</p:nombre>'
        f"<p:apellido1>{_latin1(family)}</p:apellido1>{last}<p:sexo>{sex}</p:sexo>"
        f'<p:nacimiento fecha="{birth}" pais="{country}"/><p:nacionalidad>{country}</p:nacionalidad></p:persona>'
    )


def _latin1(text: str) -> str:
    """Escaped; letters that the court's character set does not have become character references."""
    return escape(text).encode("latin-1", "xmlcharrefreplace").decode("latin-1")


def _offence(random: Random, opened: date, place: int) -> str:
    code, text = random.choice(_OFFENCES)
    if random.random() < 0.005:
        code = "999"
    degree = random.choice(("CONSUMADO", "CONSUMADO", "TENTATIVA"))
    day = opened - timedelta(random.randrange(1, 30))
    when = random.choice((str(day), str(day), str(day)[:7]))
    return (
        f'<e:delito id="D-{place}" codigo="{code}" grado="{degree}"><e:descripcion xml:lang="es">{text}'
        f"</e:descripcion><e:precepto>art. {code} CP</e:precepto><e:desde>{when}</e:desde>"
        f'<e:imputado ref="I-1"/></e:delito>'
    )


def _exhibit(random: Random, opened: date, place: int) -> str:
    kind, text = random.choice(_EXHIBITS)
    day = opened + timedelta(random.randrange(3))
    amount = f'<b:cantidad unidad="g">{random.randrange(1, 900)},{random.randrange(10)}</b:cantidad>'
    hands = []
    before = ""
    for order, action in enumerate(("RECOGIDA", "ENTREGA", "DEPOSITO")[: random.randrange(1, 4)], 1):
        agency = ("UOPJ", "Policía Científica", "Depósito judicial")[order - 1]
        hands.append(
            f'<b:traspaso orden="{order}" fecha="{day + timedelta(order)}T1{order}:05" accion="{action}">{before}'
            f'<b:a organo="{agency}" agente="K-{random.randrange(9999):04d}"/></b:traspaso>'
        )
        before = f'<b:de organo="{agency}"/>'
    return (
        f'<b:prueba numero="P-{place}" tipo="{kind}"><b:descripcion>{text}</b:descripcion>'
        f'<b:recogida fecha="{day}T09:30:00+01:00" por="K-{random.randrange(9999):04d}"/>'
        f"<b:precinto>A{random.randrange(999999):06d}</b:precinto>{amount if kind == 'DROGA' else ''}"
        f"<b:destino>EN DEPOSITO</b:destino><b:custodia>{''.join(hands)}</b:custodia></b:prueba>"
    )


def _note(random: Random, opened: date, place: int) -> str:
    grade = random.choice("ABCX") + random.choice("1234")
    return (
        f'<e:nota id="N-{place}" fecha="{opened + timedelta(5)}T12:00" autor="UO-{random.randrange(40)}" '
        f'evaluacion="{grade}" depurada="{random.choice(("SI", "NO"))}" sobre="I-1">'
        f"<e:texto><![CDATA[Seguimiento sin novedad <{place}>.]]></e:texto></e:nota>"
    )
