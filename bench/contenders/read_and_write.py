"""The least of any program: the export parsed once, the finished records written once, and no work in between.

What comes from a file that the other reads is loaded before the clock starts. Parsing is Arrow's, the cheapest here;
of two writers, Arrow's with dictionaries where values repeat and DuckDB's COPY, the cheaper counts.
"""

from __future__ import annotations

import json
import sys
import time

import duckdb
import pyarrow as pa
import pyarrow.csv as pv
import pyarrow.parquet as pq

_REPEATS = 0.5  # a column with fewer distinct values than this share of its rows is kept as a dictionary


def main(export: str, target: str, *files: str) -> None:
    began = time.process_time()
    columns = pv.open_csv(export, parse_options=pv.ParseOptions(delimiter=";")).schema.names
    text = pv.ConvertOptions(column_types=dict.fromkeys(columns, pa.string()))
    options = pv.ParseOptions(delimiter=";", newlines_in_values=True)
    rows = pv.read_csv(export, parse_options=options, convert_options=text).num_rows
    parsed = time.process_time() - began

    records = pa.concat_tables([pq.read_table(file) for file in files])
    schema = records.schema
    for place, column in enumerate(records.columns):
        if pa.types.is_string(column.type) and len(column.unique()) < _REPEATS * len(column):
            records = records.set_column(place, schema.names[place], column.dictionary_encode())

    began = time.process_time()
    pq.write_table(records, target, compression="zstd")
    by_arrow = time.process_time() - began

    plain = records.cast(schema)
    connection = duckdb.connect(config={"threads": 2, "preserve_insertion_order": False})
    connection.register("records", plain)
    began = time.process_time()
    connection.execute(f"COPY records TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
    by_duckdb = time.process_time() - began

    written = min(by_arrow, by_duckdb)
    print(json.dumps({"rows": rows, "parsed": parsed, "written": written, "cpu": parsed + written,
                      "arrow": by_arrow, "duckdb": by_duckdb}))  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
