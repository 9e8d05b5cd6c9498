"""What the contenders share: the crosswalks, the constants of every record, and the words for what is wrong.

The mapping itself (bench/federation/mappings) each of them writes in its own way; names are put into Latin letters by
Comity's own tables, since no other library has them.
"""

from __future__ import annotations

import csv
from pathlib import Path

MAPPING = Path(__file__).parent / "federation" / "mappings" / "aq-persons"
SPACES = "[\\s\u00a0\u2000-\u200a\u202f\u205f\u3000]+"
CONSTANTS: dict[str, str | None] = {
    "source_id": "aq-persons",
    "owner_country": "AQ",
    "name_order": "given_first",
    "name_script": "Latn",
    "latin_scheme": "ICAO9303",
    "personal_number_scheme": "BENCH",
    "export_id": "0" * 64,
    "mapping_version": "bench",
    "confidentiality": "OFFICIAL_USE_ONLY",
    "evaluation_scheme": "NONE",
}
# Columns of the record type that nothing in this register fills, and the envelope's lists and dates.
EMPTY = (
    "identity_basis second_family_name family_name_latin given_names_latin death_date death_date_earliest "
    "death_date_latest age_minimum age_maximum "
    "height_cm_maximum weight_kg_maximum build build_as_given languages occupations caution_flags caution_as_given "
    "father_name mother_name last_seen_country interpol_id image_refs url handling_conditions source_grade "
    "information_grade sensitive_categories first_seen last_changed review_due purge_after legal_hold handling_codes "
    "permitted_purposes recipients_allow recipients_deny"
).split()


def crosswalk(name: str) -> dict[str, str]:
    """Source code → standard code."""
    with (MAPPING / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return {row["source_code"]: row["standard_code"] for row in csv.DictReader(file)}
