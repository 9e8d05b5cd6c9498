"""Tier one: pairs that agree in a key which two different persons or things hardly share.

Invariant: a pair is of two different sources, once, the smaller id first, with the rule that found it. A key that more
than ``MOST`` records share tells nothing (a placeholder, a fleet) and gives no pair.

The weights are what such an agreement is worth in bits, in round numbers; tier two works its own out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

MOST = 20


@dataclass(frozen=True)
class ExactRule:
    """``key``: SQL over a record; NULL where it tells nothing. ``also``: what else must hold of ``l`` and ``r``."""

    name: str
    record_type: str
    key: str
    weight: float
    reason: str
    also: str = "true"


RULES = (
    ExactRule(
        "personal-number", "person", "CASE WHEN length(personal_number) >= 6 THEN personal_number END", 20.0,
        "the same personal number",
        # A number is of one country's scheme: persons of no common nationality share it by accident.
        "(len(l.nationalities) = 0 OR len(r.nationalities) = 0 OR list_has_any(l.nationalities, r.nationalities))",
    ),
    ExactRule(
        "name-and-birth", "person",
        "CASE WHEN name_skeleton LIKE '% %' THEN name_skeleton || '|' || birth_day END",
        16.0, "the names agree in any order and spelling, and so does the day of birth",
        "(l.sex = r.sex OR l.sex IS NULL OR r.sex IS NULL OR l.sex = 'U' OR r.sex = 'U')",
    ),
    ExactRule("vin", "vehicle", "CASE WHEN length(vin) = 17 THEN vin END", 24.0, "the same VIN"),
    ExactRule(
        "plate", "vehicle",
        "CASE WHEN length(coalesce(plate_key, plate)) >= 4 THEN coalesce(plate_key, plate) || '|' || plate_country END",
        14.0, "the same plate of the same country",
        "(l.vin IS NULL OR r.vin IS NULL OR l.vin = r.vin)",
    ),
    ExactRule(
        "document-number", "identity_document",
        "CASE WHEN length(coalesce(number_key, number)) >= 5 "
        "THEN coalesce(number_key, number) || '|' || issuing_country || '|' || document_class END",
        22.0, "the same number, issuer and kind of document",
    ),
    ExactRule(
        "serial-number", "firearm",
        "CASE WHEN length(coalesce(serial_number_key, serial_number)) >= 5 "
        "THEN coalesce(serial_number_key, serial_number) || '|' || upper(make) END",
        20.0, "the same serial number and make",
    ),
)  # fmt: skip


def exact_pairs(connection: duckdb.DuckDBPyConnection, record_type: str, table: str, into: str) -> int:
    """Make the table ``into`` of pairs: record_type, from_id, to_id, weight, reasons, rules; their number."""
    found = []
    for number, rule in enumerate(each for each in RULES if each.record_type == record_type):
        keyed = f"keyed_{number}"
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {keyed} AS SELECT *, {rule.key} AS link_key FROM {table} "
            f"WHERE link_key IN (SELECT {rule.key} AS key FROM {table} WHERE key IS NOT NULL GROUP BY key "
            f"HAVING count(*) BETWEEN 2 AND {MOST})"
        )
        found.append(
            f"SELECT l.unique_id AS from_id, r.unique_id AS to_id, {rule.weight} AS weight, '{rule.reason}' AS reason, "
            f"'{rule.name}' AS rule FROM {keyed} l JOIN {keyed} r USING (link_key) "
            f"WHERE l.unique_id < r.unique_id AND l.source_id <> r.source_id AND {rule.also}"
        )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {into} AS SELECT '{record_type}' AS record_type, from_id, to_id, "
        "max(weight) AS weight, list(reason ORDER BY rule) AS reasons, list(rule ORDER BY rule) AS rules "
        f"FROM ({' UNION ALL '.join(found)}) GROUP BY from_id, to_id"
    )
    for number in range(len(found)):
        connection.execute(f"DROP TABLE keyed_{number}")
    return int(connection.execute(f"SELECT count(*) FROM {into}").fetchall()[0][0])
