"""How much of every column is filled, for each record type, source and country.

Invariant: the counts are exact. Those of plain columns come from the footers of the Parquet files, so their cost
grows with the number of files and not with the records; only lists, flags, two times, and what a footer does not say
are scanned, in two aggregates a record type. No value of a record leaves them.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from comity.query.failure import asking

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from duckdb import DuckDBPyConnection

    from comity.standard import RecordType

Key = tuple[str, str]
"""A source and the country that owns its records."""


@dataclass(frozen=True)
class Held:
    """What one source holds of one record type.

    ``filled``: column → records in which it has a value; a list without items has none. ``flagged``: column → reason →
    records in which the source's value could not be taken over. ``since`` and ``until``: when the first of these
    records was first seen, and the last of them last changed.
    """

    record_type: str
    source_id: str
    owner_country: str
    records: int
    files: int
    bytes: int
    filled: Mapping[str, int]
    flagged: Mapping[str, Mapping[str, int]]
    since: datetime | None
    until: datetime | None

    def share(self, column: str) -> float | None:
        """The part of the records that have the column, 0 to 1; None without records."""
        return self.filled.get(column, 0) / self.records if self.records else None


def measure(
    connection: DuckDBPyConnection, record_type: str, known: RecordType | None = None
) -> tuple[Held, ...]:
    """Every source that holds records of the type, by country and name. ``known``: what the standard says of it."""
    from comity.store.view_sql import identifier

    with asking():
        files = connection.execute(
            "SELECT source_id, owner_country, count(*), sum(bytes)::BIGINT, list(path) FROM ledger.files "
            "WHERE record_type = ? GROUP BY ALL ORDER BY owner_country, source_id",
            [record_type],
        ).fetchall()
        if not files:
            return ()
        described = connection.execute(f"DESCRIBE {identifier(record_type)}").fetchall()
        columns = {row[0]: row[1] for row in described}
        paths = [path for row in files for path in row[4]]
        told = _footers(connection, record_type, paths, known) if known else {}
        scanned = [name for name in columns if name not in told]
        counted = _scan(connection, record_type, columns, scanned)
        flagged = _flags(connection, record_type) if "quality_flags" in columns else {}
    held = []
    for source, country, number, size, _ in files:
        key = str(source), str(country)
        records, since, until, filled = counted.get(key, (0, None, None, {}))
        filled = {**filled, **{name: told[name].get(key, 0) for name in columns if name in told}}
        held.append(
            Held(record_type, *key, records, number, size, filled, flagged.get(key, {}), since, until)
        )
    return tuple(held)


def _footers(
    connection: DuckDBPyConnection, record_type: str, paths: Sequence[str], known: RecordType
) -> dict[str, dict[Key, int]]:
    """Column → how many records of each source have it, for the columns of which every footer counts the nulls.

    A column is told by its field id, so that one that a file has under an earlier name is counted.
    """
    flat = [column for column in known.columns if not column.is_list]
    unnumbered = connection.execute(
        "SELECT count(*) FROM (SELECT file_name FROM parquet_schema($1) GROUP BY ALL HAVING count(field_id) = 0)",
        [paths],
    ).fetchall()[0][0]
    if unnumbered:
        return {}
    rows = connection.execute(
        """WITH wanted AS (SELECT unnest($1::VARCHAR[]) AS "column", unnest($2::BIGINT[]) AS field_id),
             named AS (SELECT file_name, name, "column" FROM parquet_schema($3) JOIN wanted USING (field_id)),
             told AS (
               SELECT file_name, path_in_schema AS name, sum(num_values - stats_null_count) AS filled,
                 count(*) = count(stats_null_count) AS exact
               FROM parquet_metadata($3) GROUP BY ALL)
           SELECT "column", source_id, owner_country, sum(filled)::BIGINT, bool_and(coalesce(exact, false))
           FROM named LEFT JOIN told USING (file_name, name)
             JOIN ledger.files ON path = file_name AND record_type = $4
           GROUP BY ALL""",
        [[column.name for column in flat], [column.field_id for column in flat], paths, record_type],
    ).fetchall()
    told: dict[str, dict[Key, int]] = {column.name: {} for column in flat}
    for name, source, country, filled, exact in rows:
        if not exact:
            told.pop(name, None)
        elif name in told:
            told[name][source, country] = filled
    return told


def _scan(
    connection: DuckDBPyConnection, record_type: str, columns: Mapping[str, str], wanted: Sequence[str]
) -> dict[Key, tuple[int, datetime | None, datetime | None, dict[str, int]]]:
    from comity.store.view_sql import identifier

    def counted(name: str) -> str:
        quoted = identifier(name)
        return f"count(*) FILTER (len({quoted}) > 0)" if columns[name].endswith("[]") else f"count({quoted})"

    times = [
        f"{how}({name})" if name in columns else "NULL"
        for how, name in (("min", "first_seen"), ("max", "last_changed"))
    ]
    rows = connection.execute(
        f"SELECT source_id, owner_country, {', '.join(['count(*)', *times, *map(counted, wanted)])} "
        f"FROM {identifier(record_type)} GROUP BY source_id, owner_country"
    ).fetchall()
    return {
        (row[0], row[1]): (row[2], row[3], row[4], dict(zip(wanted, row[5:], strict=True))) for row in rows
    }


def _flags(connection: DuckDBPyConnection, record_type: str) -> dict[Key, dict[str, dict[str, int]]]:
    from comity.store.view_sql import identifier

    rows = connection.execute(
        f"""SELECT source_id, owner_country, split_part(flag, ':', 1), split_part(flag, ':', 2), count(*)
            FROM (SELECT source_id, owner_country, unnest(quality_flags) AS flag FROM {identifier(record_type)})
            GROUP BY ALL ORDER BY ALL"""
    ).fetchall()
    found: dict[Key, dict[str, dict[str, int]]] = defaultdict(dict)
    for source, country, column, reason, count in rows:
        found[source, country].setdefault(column, {})[reason] = count
    return found
