"""Forty expectations over records, by Great Expectations on Comity's DuckDB engine."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from comity.mappings.normalise import Limits, connect
from comity.validation.run import validate
from comity.validation.suite import load_suite

SUITE = Path(__file__).parents[1] / "forty.yaml"


def main(*files: str) -> None:
    connection = connect(Limits("1GB", 1, Path(files[0]).parent / "spill"))
    listed = ", ".join(f"'{file}'" for file in files)
    connection.execute(f"CREATE TEMP VIEW records AS SELECT * FROM read_parquet([{listed}])")
    suite = load_suite(SUITE)
    validate(
        connection, "(SELECT * FROM records LIMIT 100)", suite
    )  # what is imported once a night is not the checks
    began = time.process_time()
    result = validate(connection, "records", suite)
    cpu = time.process_time() - began
    print(
        json.dumps(
            {
                "cpu": cpu,
                "checks": len(result.checks),
                "violated": [check.violated or 0 for check in result.checks],
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
