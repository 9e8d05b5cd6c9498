"""`python -m bench.name_search [PERSONS]`: building the index of names, and asking it questions with noise.

Writes bench/RESULTS-search.md. The limits are for ten million persons: 95 of 100 questions answered within 50 ms, the
person meant among the first ten answers in 90 of 100, the index built within 60 s and 4 GB, and a release followed.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from bench.crowd import vocabulary, write_persons
from bench.measure import cost_of
from bench.noise import noisy_birth, noisy_name

ROOT = Path(__file__).parents[1]
FILES = 8
QUESTIONS = 2000


def main(persons: int = 10_000_000) -> None:
    folder = ROOT / "bench" / "data" / "search"
    try:
        prepare(folder, persons)
        measure(folder, persons)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def prepare(folder: Path, persons: int) -> None:
    """Files of persons, those of the release that follows, and the questions."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    connection = duckdb.connect(config={"memory_limit": "4GB", "preserve_insertion_order": False})
    vocabulary(connection)
    each = persons // FILES
    for number in range(FILES):
        write_persons(connection, folder / f"{number}.parquet", number * each, each, f"X{chr(65 + number)}")
    write_persons(connection, folder / "new.parquet", persons, 50_000, "XZ")
    _questions(connection, folder, persons)
    connection.close()


def measure(folder: Path, persons: int) -> None:
    """Build, follow and ask, each in a process of its own; writes the results."""
    built = cost_of("bench.name_search", "build", folder)
    followed = cost_of("bench.name_search", "follow", folder)
    asked = cost_of("bench.name_search", "ask", folder)
    said = asked.said
    lines = [
        ("build the index, seconds", built.wall, 60),
        ("of processor", built.cpu, None),
        ("its memory, GB", built.memory / 1e9, 4),
        ("follow a release with 50,000 new persons, seconds", followed.wall, None),
        ("of processor", followed.cpu, None),
        ("a question, milliseconds, median", said["median"], None),
        ("a question, milliseconds, 95th percentile", said["p95"], 50),
        ("of processor, 95th percentile", said["p95_cpu"], None),
        ("memory while asking, GB (most of it the mapped index)", asked.memory / 1e9, None),
        ("recall@10", said["recall"], -0.9),
        ("recall@1", said["first"], None),
    ]
    text = [
        "# Results of `python -m bench.name_search`",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, {persons:,} invented persons in {FILES} files (bench/crowd.py), {QUESTIONS:,} "
        "questions with noise (bench/noise.py:",
        "other transliterations, slips of the keyboard, left-out names, other orders, partial and wrong dates). "
        f"Two cores, load average {os.getloadavg()[0]:.1f} at the end.",
        "",
        "| what | seen | limit | held |",
        "|---|---|---|---|",
    ]
    for what, seen, limit in lines:
        held = (
            "" if limit is None else "yes" if (seen >= -limit if limit < 0 else seen <= limit) else "**no**"
        )
        bound = "" if limit is None else f"≥ {-limit}" if limit < 0 else f"≤ {limit}"
        text.append(f"| {what} | {seen:.2f} | {bound} | {held} |")
    text += ["", f"By kind of date asked for: {said['kinds']}"]
    (ROOT / "bench" / "RESULTS-search.md").write_text("\n".join(text) + "\n", "utf-8")
    print("\n".join(text))


def _questions(connection: duckdb.DuckDBPyConnection, folder: Path, persons: int) -> None:
    rng = random.Random(20261128)
    wanted = rng.sample(range(persons), QUESTIONS)
    rows = connection.execute(
        f"SELECT record_id, family_name, given_names, truth FROM read_parquet('{folder}/?.parquet') "
        f"WHERE source_key IN (SELECT unnest(?)::VARCHAR)",
        [wanted],
    ).fetchall()
    questions = []
    for record_id, family, given, born in rows:
        cyrillic = f"{family}|{given}" if ord(family[0]) > 0x400 else None
        questions.append((record_id, noisy_name(rng, family, given, cyrillic), noisy_birth(rng, born)))
    (folder / "questions.json").write_text(json.dumps(questions, default=date.isoformat), "utf-8")


def _segments(folder: Path, *more: str) -> list:
    from comity.search.index import follow

    files = [str(folder / f"{number}.parquet") for number in range(FILES)] + [
        str(folder / name) for name in more
    ]
    with duckdb.connect(config={"memory_limit": "1GB"}) as connection:
        connection.execute("SET enable_progress_bar = false")
        return follow(folder / "index", connection, files)


def ask(folder: Path) -> None:
    from comity.search.persons import PersonSearch
    from comity.search.question import parse_question

    search = PersonSearch(_segments(folder, "new.parquet"), {})
    questions = json.loads((folder / "questions.json").read_text("utf-8"))
    times, spent, found, first = [], [], 0, 0
    kinds: dict[str, list[int]] = {}
    for _, name, born in questions[:50]:  # the first touch of the mapped files is the disk's
        search.ask(parse_question(name, born))
    missed = []
    for record_id, name, born in questions:
        began, processor = time.perf_counter(), time.process_time()
        answers = search.ask(parse_question(name, born))
        times.append((time.perf_counter() - began) * 1000)
        spent.append((time.process_time() - processor) * 1000)
        ids = [answer.record_id for answer in answers]
        found += record_id in ids
        first += ids[:1] == [record_id]
        kind = {0: "none", 4: "year", 7: "month", 10: "day"}[len(born or "")]
        kinds.setdefault(kind, []).append(record_id in ids)
        if record_id not in ids:
            missed.append(
                (record_id, name, born, [(a.shown.get("full_name"), round(a.score)) for a in answers[:2]])
            )
    (folder.parent / "missed.json").write_text(json.dumps(missed, ensure_ascii=False, indent=0), "utf-8")
    times.sort()
    spent.sort()
    print(
        json.dumps(
            {
                "median": times[len(times) // 2],
                "p95": times[int(len(times) * 0.95)],
                "p95_cpu": spent[int(len(spent) * 0.95)],
                "recall": found / len(questions),
                "first": first / len(questions),
                "kinds": ", ".join(
                    f"{kind} {sum(hits) / len(hits):.2f} of {len(hits)}"
                    for kind, hits in sorted(kinds.items())
                ),
            }
        )
    )


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["build", folder]:
            _segments(Path(folder))
            print("{}")
        case ["follow", folder]:
            _segments(Path(folder), "new.parquet")
            print("{}")
        case ["ask", folder]:
            ask(Path(folder))
        case [count]:
            main(int(count))
        case _:
            main()
