"""The floor: the same bytes from CSV to Parquet by DuckDB, every column as text, nothing else done."""

from __future__ import annotations

import json
import sys

import duckdb


def main(export: str, target: str) -> None:
    connection = duckdb.connect(config={"threads": 2, "preserve_insertion_order": False})
    read = f"read_csv('{export}', delim = ';', quote = '\"', header = true, all_varchar = true)"
    rows = connection.execute(
        f"COPY (SELECT * FROM {read}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
    ).fetchall()
    print(json.dumps({"rows": rows[0][0]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
