"""Three questions to a published record type, through the views file and to the same files without it, by turns."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import duckdb

QUESTIONS = (
    "SELECT status, sex, count(*), avg(height_cm) FROM {} GROUP BY ALL",
    "SELECT birth_country, count(*), min(birth_date_earliest) FROM {} WHERE full_name_latin LIKE '%KOV%' GROUP BY ALL",
    "SELECT count(*) FROM {} WHERE name_key = 'ANNA BAREESCU' OR list_contains(nationalities, 'PL')",
)
ROUNDS = 5


def main(data: str) -> None:
    connection = duckdb.connect(str(Path(data) / "current.duckdb"), read_only=True, config={"threads": 2})
    files = sorted(Path(data).glob("records/person/owner_country=*/*.parquet"))
    listed = ", ".join(f"'{file}'" for file in files)
    costs = {"view": 0.0, "files": 0.0}
    for question in QUESTIONS:
        asked = {"view": question.format("person"), "files": question.format(f"read_parquet([{listed}])")}
        found = {name: sorted(connection.execute(sql).fetchall(), key=str) for name, sql in asked.items()}
        assert found["view"] == found["files"]
        best = dict.fromkeys(asked, float("inf"))
        for _ in range(ROUNDS):
            for name, sql in asked.items():
                began = time.process_time()
                connection.execute(sql).fetchall()
                best[name] = min(best[name], time.process_time() - began)
        for name in costs:
            costs[name] += best[name]
    print(json.dumps(costs))


if __name__ == "__main__":
    main(*sys.argv[1:])
