"""`make bench-analyst`: ten questions over ten million records, through the views file and as DuckDB by hand.

    python -m bench.analyst [RECORDS]      by default 10000000

Invariant: all sides read the same Parquet files and give the same answer, which is checked; the side by hand names
the files itself. They take turns, each with a connection of its own under the same limits; a ratio is that of the
medians. For information, a third side has views by hand over those files: what it costs more is what DuckDB takes for
any view of so many columns; and where a question is about one country, a fourth names that country's files alone.

The records are invented, in the shape and with the columns of the standard, published through the store: persons, their
alerts and the warrants behind them, and vehicles, of eight countries, in two releases.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
from tests.store import small

import comity
from bench.measure import cost_of
from comity.store import Account, Publication, StagedFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comity.store import Store

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench" / "RESULTS-analyst.md"
COUNTRIES = "AA QM QN QO QP QQ QR QS".split()
# Of ten million: the parts of each record type.
SHARES = {"person": 5_000_000, "alert": 2_500_000, "warrant": 1_500_000, "vehicle": 1_000_000}
MEMORY, THREADS = "4GB", 2
LIMIT = 1.1
ROUNDS, SECONDS = 7, 15  # each side is asked so often, and a quick question for so long
MOST_ROUNDS = 61

_PERSON = {
    "status": "['wanted', 'missing', 'charged', 'person_of_interest'][dice(i, 'st', 4) + 1]",
    "full_name": "word(i, 'f') || ' ' || word(i, 'g')", "family_name": "word(i, 'f')", "given_names": "word(i, 'g')",
    "full_name_latin": "word(i, 'f') || ' ' || word(i, 'g')",
    "name_key": "upper(least(word(i, 'f'), word(i, 'g')) || ' ' || greatest(word(i, 'f'), word(i, 'g')))",
    "sex": "['M', 'F', 'U'][dice(i, 'sx', 3) + 1]",
    "birth_date": "CASE dice(i, 'bp', 10) WHEN 0 THEN strftime(born(i), '%Y') ELSE strftime(born(i), '%Y-%m-%d') END",
    "birth_date_earliest": "CASE dice(i, 'bp', 10) WHEN 0 THEN date_trunc('year', born(i)) ELSE born(i) END",
    "birth_date_latest": "CASE dice(i, 'bp', 10) WHEN 0 THEN last_day(date_trunc('year', born(i)) "
    "+ INTERVAL 11 MONTH) ELSE born(i) END",
    "nationalities": "CASE dice(i, 'n2', 12) WHEN 0 THEN [land(i, 'n'), land(i, 'm')] ELSE [land(i, 'n')] END",
    "birth_country": "land(i, 'n')", "height_cm": "150 + dice(i, 'h', 50)",
    "quality_flags": "CASE dice(i, 'q', 9) WHEN 0 THEN ['birth_date:unreadable'] ELSE [] END",
}  # fmt: skip
_ALERT = {
    "instrument": "['notice', 'diffusion', 'national'][dice(i, 'in', 3) + 1]",
    "notice_type": "['red', 'blue', 'yellow', 'green'][dice(i, 'nt', 4) + 1]", "reference": "'A-' || i",
    "status": "['active', 'expired'][dice(i, 'as', 5) // 4 + 1]", "requesting_country": "land(i, 'rq')",
    "issued_date": "strftime(seen(i), '%Y-%m-%d')", "issued_date_earliest": "seen(i)",
    "issued_date_latest": "seen(i)", "valid_until": "seen(i) + 3650", "subject_record_type": "'person'",
    "subject_record_id": "md5('{person}' || (i % {persons}))", "warrant_record_ids": "[md5('{warrant}' || i)]",
}  # fmt: skip
_WARRANT = {
    "kind": "['arrest_warrant', 'judgment'][dice(i, 'k', 2) + 1]", "reference": "'W-' || i",
    "issuing_country": "'{country}'", "issued_date": "strftime(seen(i), '%Y-%m-%d')",
    "issued_date_earliest": "seen(i)", "issued_date_latest": "seen(i)",
    "status": "['active', 'executed', 'withdrawn'][dice(i, 'ws', 3) + 1]",
    "charge": "'Charge ' || word(i, 'c') || ', ' || word(i, 'd')",
    "subject_record_id": "md5('{person}' || (i % {persons}))",
}  # fmt: skip
_VEHICLE = {
    "category": "['automobile', 'truck', 'motorcycle', 'trailer'][dice(i, 'ca', 4) + 1]",
    "vin": "upper(left(md5('vin' || i), 17))", "plate": "'{country}' || i", "plate_key": "'{country}' || i",
    "plate_country": "'{country}'", "make": "upper(word(i % 40, 'mk'))", "model_year": "1990 + dice(i, 'my', 36)",
    "colour": "['WHITE', 'BLACK', 'RED', 'BLUE'][dice(i, 'co', 4) + 1]",
    "status": "['stolen', 'recovered'][dice(i, 'vs', 6) // 5 + 1]", "status_date": "strftime(seen(i), '%Y-%m-%d')",
    "status_date_earliest": "seen(i)", "status_date_latest": "seen(i)",
}  # fmt: skip
_ENVELOPE = {
    "confidentiality": "'OFFICIAL_USE_ONLY'", "handling_codes": "['H0']", "evaluation_scheme": "'none'",
    "permitted_purposes": "['locate_person_or_object']", "review_due": "DATE '2029-01-01'", "legal_hold": "false",
    "last_changed": "TIMESTAMPTZ '2026-01-01 00:00:00+00' + to_seconds(dice(i, 'lc', 20_000_000))",
}  # fmt: skip
_COLUMNS = {"person": _PERSON, "alert": _ALERT, "warrant": _WARRANT, "vehicle": _VEHICLE}
# dice(i, salt, n): 0 to n - 1, always the same for a row and a salt.
_MACROS = """
CREATE MACRO dice(i, salt, sides) AS (hash(i, salt) % sides)::BIGINT;
CREATE MACRO word(i, salt) AS chr(65 + dice(i, salt, 26)::INTEGER) || left(md5(dice(i, salt, 60_000)::VARCHAR), 7);
CREATE MACRO born(i) AS DATE '1945-01-01' + dice(i, 'born', 22_000)::INTEGER;
CREATE MACRO seen(i) AS DATE '2015-01-01' + dice(i, 'seen', 4_000)::INTEGER;
CREATE MACRO land(i, salt) AS ['PL', 'DE', 'FR', 'UA', 'RS', 'TR', 'MA', 'BR', 'JP', 'NG'][dice(i, salt, 10) + 1];
"""


@dataclass(frozen=True)
class Asked:
    """``sql``: with the names of record types in braces. ``country``: the only one that it is about. ``release``: as
    of.
    """

    title: str
    sql: str
    country: str | None = None
    release: int | None = None


QUESTIONS = (
    Asked("a record by its id", "SELECT * FROM {person} WHERE record_id = md5('qo-person' || 4711)"),
    Asked("a vehicle by its plate", "SELECT record_id, vin, make, status FROM {vehicle} WHERE plate = 'QP4711'"),
    Asked("the columns of one country's wanted persons",
          "SELECT record_id, full_name, birth_date, nationalities FROM {person} WHERE owner_country = 'QN' "
          "AND status = 'wanted' AND sex = 'F' AND birth_date_earliest >= DATE '2000-01-01' ORDER BY ALL LIMIT 1000",
          "QN"),
    Asked("one country's persons by status",
          "SELECT status, count(*), avg(height_cm) FROM {person} WHERE owner_country = 'QR' GROUP BY ALL ORDER BY ALL",
          "QR"),
    Asked("all persons by country and status",
          "SELECT owner_country, status, count(*) FROM {person} GROUP BY ALL ORDER BY ALL"),
    Asked("all persons by nationality",
          "SELECT nationality, count(*) AS n, count(DISTINCT birth_date_earliest) FROM {person}, "
          "unnest(nationalities) AS u(nationality) GROUP BY ALL ORDER BY ALL"),
    Asked("who can have been born in April 1979",
          "SELECT record_id, full_name, birth_date FROM {person} WHERE birth_date_earliest <= DATE '1979-04-30' "
          "AND birth_date_latest >= DATE '1979-04-01' AND family_name LIKE 'K%' ORDER BY ALL"),
    Asked("person, alert and warrant joined",
          "SELECT a.notice_type, w.kind, count(*), count(DISTINCT p.record_id), min(w.issued_date_earliest) "
          "FROM {person} p JOIN {alert} a ON a.subject_record_id = p.record_id "
          "JOIN {warrant} w ON w.subject_record_id = p.record_id "
          "WHERE p.status = 'wanted' AND a.status = 'active' AND w.status = 'active' GROUP BY ALL ORDER BY ALL"),
    Asked("what changed last",
          "SELECT record_id, owner_country, full_name, last_changed FROM {person} "
          "ORDER BY last_changed DESC, record_id LIMIT 100"),
    Asked("alerts by month, as of the release before",
          "SELECT date_trunc('month', issued_date_earliest) AS month, notice_type, count(*) FROM {alert} "
          "GROUP BY ALL ORDER BY ALL", release=1),
)  # fmt: skip


def main(records: int = 10_000_000) -> None:
    folder = ROOT / "bench" / "data" / "analyst"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        published = prepare(folder, records)
        write(published, cost_of("bench.analyst", "ask", folder).said["lines"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def prepare(folder: Path, records: int) -> int:
    """A store with two releases; how many records the last one shows."""
    store = small.open_store(folder / "data", whole=True)
    for number, countries in enumerate((COUNTRIES, COUNTRIES[:1]), start=1):
        run_id = store.begin_run()
        items = [_source(store, run_id, country, records, number) for country in countries]
        release = store.publish(run_id, items)
        store.end_run(run_id, "ok")
    return release.records


def _source(store: Store, run_id: str, country: str, records: int, release: int) -> Publication:
    """All that one country publishes; its second export has a twentieth more."""
    files, accounts, source = [], [], f"{country.lower()}-register"
    persons = SHARES["person"] * records // sum(SHARES.values()) // len(COUNTRIES)
    for kind, share in SHARES.items():
        rows = share * records // sum(SHARES.values()) // len(COUNTRIES)
        rows = rows * 21 // 20 if release > 1 else rows
        path = store.layout.staging_of(run_id) / f"{country}-{kind}.parquet"
        _write(store, path, kind, country, rows, persons)
        files.append(StagedFile.of(kind, source, country, path, rows))
        accounts.append(Account(run_id, source, small.EXPORT, kind, rows, rows, 0, 0, rows))
    return Publication(source, country, small.EXPORT, small.VERSION, tuple(files), tuple(accounts))


def _write(store: Store, path: Path, kind: str, country: str, rows: int, persons: int) -> None:
    from comity.mappings.normalise import COPY_OPTIONS
    from comity.standard import field_ids_clause

    record_type = small.standard().record_types[kind]
    names = {name: f"{country.lower()}-{name}" for name in SHARES} | {"persons": persons, "country": country}
    values = {
        "record_id": f"md5('{names[kind]}' || i)", "source_id": f"'{country.lower()}-register'", "source_key": "i",
        "owner_country": f"'{country}'", "export_id": f"'{small.EXPORT}'", "source_row": "i + 1",
        "mapping_version": f"'{small.VERSION}'", "first_seen": "TIMESTAMPTZ '2026-01-01 00:00:00+00'",
        **_ENVELOPE, **_COLUMNS[kind],
    }  # fmt: skip
    selected = ", ".join(
        f"CAST({values.get(c.name, '[]' if c.is_list and c.required else 'NULL')} AS {c.duckdb_type}) AS {c.name}"
        for c in record_type.columns
    ).format(**names)
    with duckdb.connect(config={"memory_limit": "2GB", "preserve_insertion_order": True}) as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(_MACROS)
        connection.execute(
            f"COPY (SELECT {selected} FROM range({rows}) t(i)) TO '{path}' "
            f"({COPY_OPTIONS}, FIELD_IDS {field_ids_clause(record_type)})"
        )


def ask(folder: Path) -> list[dict[str, Any]]:
    """Every question, asked in turns."""
    return [_measured(folder / "data", asked) for asked in QUESTIONS]


def _measured(data: Path, asked: Asked) -> dict[str, Any]:
    with (
        comity.open(data, asked.release) as federation,
        federation.connect({"threads": THREADS, "memory_limit": MEMORY}) as views,
        duckdb.connect(config={"threads": THREADS, "memory_limit": MEMORY}) as hand,
    ):
        hand.execute("SET TimeZone = 'UTC'")
        listed = views.execute("SELECT record_type, path FROM ledger.files ORDER BY path").fetchall()
        part = f"/owner_country={asked.country}/"
        scans, chosen = {}, {}
        for kind in SHARES:
            paths = [path for of, path in listed if of == kind]
            scans[kind] = f"read_parquet({paths})"
            chosen[kind] = f"read_parquet({[path for path in paths if part in path]})"
            hand.execute(f"CREATE VIEW {kind} AS FROM {scans[kind]}")
        sides = {
            "view": (views, asked.sql.format(**{kind: kind for kind in SHARES})),
            "hand": (hand, asked.sql.format(**scans)),
            "own": (hand, asked.sql.format(**{kind: kind for kind in SHARES})),
        }
        if asked.country:
            sides["chosen"] = (hand, asked.sql.format(**chosen))
        answers = {name: connection.execute(sql).fetchall() for name, (connection, sql) in sides.items()}
        assert answers["view"] == answers["hand"] and answers["view"], asked.title
        wall: dict[str, list[float]] = {name: [] for name in sides}
        cpu: dict[str, list[float]] = {name: [] for name in sides}
        for turn in _turns():
            # Who comes first is warmed by the other, so it is not always the same one.
            for name in list(sides) if turn % 2 else reversed(sides):
                connection, sql = sides[name]
                began, processor = time.perf_counter(), time.process_time()
                connection.execute(sql).fetchall()
                cpu[name].append(time.process_time() - processor)
                wall[name].append(time.perf_counter() - began)
    middle = {
        f"{what}_{name}": statistics.median(found)
        for what, sides_of in (("cpu", cpu), ("wall", wall))
        for name, found in sides_of.items()
    }
    return {"title": asked.title, "rounds": len(cpu["view"]), "rows": len(answers["view"]), **middle}


def _turns() -> Iterator[int]:
    began = time.monotonic()
    for turn in range(MOST_ROUNDS):
        if turn >= ROUNDS and time.monotonic() - began > SECONDS:
            return
        yield turn


def write(published: int, lines: list[dict[str, Any]]) -> None:
    """RESULTS-analyst.md anew."""
    text = [
        "# Results of `make bench-analyst`", "",
        f"{datetime.now(UTC):%Y-%m-%d}, {published:,} records in {len(COUNTRIES)} countries, two threads, load average "
        f"{os.getloadavg()[0]:.1f} at the end.",
        "Each question through the views file, and by hand over the same Parquet files; the median of so many rounds, "
        "taken in turns.",
        "CPU counts: the wall also has the machine's other work in it. For information, what two others cost beside",
        "the side by hand: views by hand over the same files, and, where a question is about one country, naming that",
        "country's files alone.", "",
        "| question | rows | rounds | CPU, view to hand | ratio | limit | held | wall | own views | its own files |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for line in lines:
        names = ("view", "own", "chosen")
        ratio = {name: line[f"cpu_{name}"] / line["cpu_hand"] for name in names if f"cpu_{name}" in line}
        cells = [
            line["title"], f"{line['rows']:,}", f"{line['rounds']}",
            f"{line['cpu_view'] * 1000:,.1f} ms to {line['cpu_hand'] * 1000:,.1f} ms", f"{ratio['view']:.2f}",
            f"≤ {LIMIT}", "yes" if ratio["view"] <= LIMIT else "**no**",
            f"{line['wall_view'] / line['wall_hand']:.2f}", f"{ratio['own']:.2f}",
            f"{ratio['chosen']:.2f}" if "chosen" in ratio else "",
        ]  # fmt: skip
        text.append(f"| {' | '.join(cells)} |")
    RESULTS.write_text("\n".join(text) + "\n", "utf-8")
    print("\n".join(text))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["ask", where]:
            print(json.dumps({"lines": ask(Path(where))}))
        case [count]:
            main(int(count))
        case _:
            main()
