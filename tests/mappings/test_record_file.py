"""How the file of records is laid out, and that it stays so when records are taken out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq

from comity.mappings.normalise import Limits, connect, normalise
from comity.mappings.record_file import drop_records
from tests.mappings.small import PROVENANCE, compile_all, deliver, fields

if TYPE_CHECKING:
    from pathlib import Path

MAPPING = "record: specimen\nkey: [id]\nfields: {text: cell}"


def layout(path: Path) -> dict[str, tuple[str, set[str]]]:
    """Column → its compression and encodings."""
    metadata = pq.read_metadata(path)
    group = metadata.row_group(0)
    columns = (group.column(place) for place in range(metadata.num_columns))
    return {column.path_in_schema: (column.compression, set(column.encodings)) for column in columns}


def test_one_value_all_through_is_not_compressed_and_ids_are_of_one_length(tmp_path: Path) -> None:
    (plan,) = compile_all(tmp_path, MAPPING, ("id", "cell"))
    with connect(Limits("512MB", 1, tmp_path / "spill")) as connection:
        rows = deliver(
            connection, [{"id": str(i), "cell": f"word {i}"} for i in range(10)], fields("id", "cell")
        )
        path = normalise(connection, plan, rows, PROVENANCE, "run", tmp_path / "out").records_path
    assert path is not None
    told, records = layout(path), pq.read_table(path).to_pylist()

    left = drop_records(path, plan.shape, np.array([0, 7]))

    for name in ("source_id", "code", "quality_flags.list.element", "permitted_purposes.list.element"):
        assert told[name][0] == ("ZSTD" if name.startswith("quality") else "UNCOMPRESSED")
    assert told["record_id"] == ("ZSTD", {"RLE", "DELTA_LENGTH_BYTE_ARRAY"})
    assert told["legal_hold"][0] == told["text"][0] == "ZSTD"
    assert layout(path) == told
    assert left == 8
    assert pq.read_table(path).to_pylist() == [*records[1:7], *records[8:]]
