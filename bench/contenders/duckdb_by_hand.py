"""The same mapping as one DuckDB SELECT written by hand, for these twenty columns and no others: two COPYs of it.

What a mapping of this kind costs in SQL at the least: nobody compiles it, no file of it is read, and it does what is
known to occur in these bytes. Keys that stand twice are found beforehand; names are put into Latin letters text by
text, by Comity's own tables.
"""

from __future__ import annotations

import json
import sys

import duckdb

from bench.same_mapping import CONSTANTS, EMPTY, SPACES, crosswalk
from comity.mappings.transliterate import latin_words, name_words

# The columns that are text where nothing fills them; the others of EMPTY have these types.
_TYPES = {
    "death_date_earliest": "DATE", "death_date_latest": "DATE", "age_minimum": "INTEGER", "age_maximum": "INTEGER",
    "height_cm_maximum": "INTEGER", "weight_kg_maximum": "DOUBLE", "first_seen": "TIMESTAMPTZ",
    "last_changed": "TIMESTAMPTZ", "review_due": "DATE", "purge_after": "DATE", "legal_hold": "BOOLEAN",
} | dict.fromkeys(
    "languages occupations caution_flags image_refs sensitive_categories handling_codes permitted_purposes "
    "recipients_allow recipients_deny".split(), "VARCHAR[]"
)  # fmt: skip
# Most places have no blank, or one.
_SQUEEZED = "CASE WHEN {0} LIKE '%  %' OR strlen({0}) <> length({0}) " + (
    f"THEN trim(regexp_replace({{0}}, '{SPACES}', ' ', 'g')) ELSE {{0}} END"
)
_NAMES = ("given_names", "patronymic", "family_name")
_FLAGS = {
    "sex:unmapped": "sex IS NOT NULL AND sex_code IS NULL",
    "birth_date:unparseable": "born IS NOT NULL AND first_day IS NULL",
    "birth_country:unmapped": "born_in IS NOT NULL AND country_code IS NULL",
    "nationalities:unmapped": "len(nation_codes) < nations",
    "height_cm:unparseable": "height IS NOT NULL AND height_number IS NULL",
    "height_cm:out_of_range": "height_number NOT BETWEEN 30 AND 260",
    "weight_kg:unknown": "weight_number = 0",
    "eye_colours:unmapped": "eyes IS NOT NULL AND eye_code IS NULL",
    "hair_colours:unmapped": "len(hair_codes) < hairs",
    "last_seen_date:unparseable": "seen IS NOT NULL AND seen_day IS NULL",
}
_COLUMNS = {
    "source_row": "source_row",
    "record_id": "left(sha256('AQ|aq-persons|person|' || number), 32)",
    "source_key": "number",
    "status": "status_code",
    "full_name": "concat_ws(' ', given_names, patronymic, family_name)",
    "family_name": "family_name",
    "given_names": "given_names",
    "patronymic": "patronymic",
    "full_name_latin": "concat_ws(' ', given_names_latin, patronymic_latin, family_name_latin)",
    "name_key": "CASE WHEN contains(given_names_words, ' ') "
    "THEN array_to_string(list_sort(string_split(given_names_words || ' ' || family_name_words, ' ')), ' ') "
    "ELSE least(given_names_words, family_name_words) || ' ' || greatest(given_names_words, family_name_words) END",
    "other_names": "CASE WHEN alias IS NULL THEN [] "
    "ELSE [{'full_name': alias, 'name_type': 'alias', 'script': 'Latn'}] END",
    "sex": "sex_code",
    "birth_date": "coalesce(CAST(born_day AS VARCHAR), strftime(born_month, '%Y-%m'), strftime(born_year, '%Y'))",
    "birth_date_earliest": "first_day",
    "birth_date_latest": "coalesce(born_day, last_day(born_month), "
    "CAST(born_year + INTERVAL 1 YEAR - INTERVAL 1 DAY AS DATE))",
    "birth_place": _SQUEEZED.format("born_at"),
    "birth_country": "country_code",
    "birth_country_as_given": "born_in",
    "nationalities": "nation_codes",
    "nationality_as_given": "nationality",
    "personal_number": "nullif(lpad(regexp_replace(personal_number, '[^0-9]+', '', 'g'), 10, '0'), '0000000000')",
    "height_cm": "CASE WHEN height_number BETWEEN 30 AND 260 THEN height_number END",
    "weight_kg": "nullif(weight_number, 0)",
    "eye_colours": "CASE WHEN eye_code IS NOT NULL THEN [eye_code] END",
    "eye_colour_as_given": "eyes",
    "hair_colours": "hair_codes",
    "hair_colour_as_given": "hair",
    "distinguishing_marks": "marks",
    "last_seen_date": "CAST(seen_day AS VARCHAR)",
    "last_seen_date_earliest": "seen_day",
    "last_seen_date_latest": "seen_day",
    "last_seen_place": _SQUEEZED.format("seen_at"),
    "remarks": "nullif(concat_ws('; ', note, CASE WHEN marks IS NULL THEN 'no marks known' END), '')",
    "quality_flags": f"CASE WHEN {' OR '.join(f'({when})' for when in _FLAGS.values())} THEN list_filter(["
    + ", ".join(f"CASE WHEN {when} THEN '{flag}' END" for flag, when in _FLAGS.items())
    + "], lambda x: x IS NOT NULL) ELSE [] END",
}


def main(export: str, target: str) -> None:
    connection = duckdb.connect(
        config={"threads": 2, "preserve_insertion_order": False, "memory_limit": "2GB"}
    )
    connection.execute("SET enable_progress_bar = false")
    connection.execute("SET disabled_optimizers = 'build_side_probe_side,join_order'")
    read = f"read_csv('{export}', delim = ';', quote = '\"', header = true, all_varchar = true, nullstr = ['', '-'])"
    described = connection.execute(f"DESCRIBE SELECT * FROM {read}").fetchall()
    cells = ", ".join(f"trim({name}) AS {name}" for name, *_ in described)
    _prepare(connection, read)
    rows = f"SELECT *, row_number() OVER () AS source_row FROM (SELECT {cells} FROM {read})"
    constants = [f"'{value}' AS {name}" for name, value in CONSTANTS.items()]
    constants += [f"CAST(NULL AS {_TYPES.get(name, 'VARCHAR')}) AS {name}" for name in EMPTY]
    columns = ", ".join([*(f"{sql} AS {name}" for name, sql in _COLUMNS.items()), *constants])
    select = f"WITH rows AS NOT MATERIALIZED ({rows}), read AS NOT MATERIALIZED ({_READ}) SELECT {{}} FROM read WHERE "
    good = "status_code IS NOT NULL AND number IS NOT NULL AND (kept_row IS NULL OR kept_row = source_row)"
    options = "(FORMAT parquet, COMPRESSION zstd)"
    accepted = connection.execute(
        f"COPY ({select.format(columns)} {good}) TO '{target}' {options}"
    ).fetchall()[0][0]
    refused = ", ".join(
        ["source_row", "status_code IS NULL AS unmapped", "kept_row", *(name for name, *_ in described)]
    )
    rejected = connection.execute(
        f"COPY ({select.format(refused)} NOT coalesce({good}, false)) TO '{target}.rejects' {options}"
    ).fetchall()[0][0]
    print(json.dumps({"accepted": accepted, "rejected": rejected, "files": [target]}))


def _prepare(connection: duckdb.DuckDBPyConnection, read: str) -> None:
    """Small tables that the SELECT joins: the crosswalks, the texts of names and of lists, the keys that repeat."""
    for name in ("status", "sex", "country", "eye_colour", "hair_colour"):
        connection.execute(f"CREATE TEMP TABLE {name}_codes (code VARCHAR, target VARCHAR)")
        connection.executemany(f"INSERT INTO {name}_codes VALUES (?, ?)", list(crosswalk(name).items()))
    connection.execute(
        f"CREATE TEMP TABLE texts AS SELECT DISTINCT unnest([{', '.join(_NAMES)}]) AS text FROM {read}"
    )
    texts = [
        text for (text,) in connection.execute("SELECT text FROM texts WHERE text IS NOT NULL").fetchall()
    ]
    connection.execute(
        "CREATE TEMP TABLE words AS SELECT unnest(?) AS text, unnest(?) AS latin, unnest(?) AS words",
        [texts, [latin_words(text) or None for text in texts], [name_words(text) or None for text in texts]],
    )
    for field, separator, codes in (("nationality", ",", "country"), ("hair", "/", "hair_colour")):
        connection.execute(
            f"CREATE TEMP TABLE {field}_lists AS SELECT text, list(target ORDER BY place) FILTER (target IS NOT NULL) "
            f"AS codes, count(*) AS items FROM (SELECT text, min(place) AS place, code FROM (SELECT DISTINCT {field} "
            f"AS text FROM {read}), unnest(string_split(text, '{separator}')) WITH ORDINALITY AS items(code, place) "
            f"GROUP BY text, code) LEFT JOIN {codes}_codes USING (code) GROUP BY text"
        )
    connection.execute(
        f"CREATE TEMP TABLE twice AS SELECT number AS key, min(row) AS kept_row FROM (SELECT trim(number) AS number, "
        f"row_number() OVER () AS row FROM {read}) WHERE number IS NOT NULL GROUP BY number HAVING count(*) > 1"
    )


_READ = f"""
SELECT *, coalesce(born_day, born_month, born_year) AS first_day FROM (
    SELECT rows.*, status_codes.target AS status_code, sex_codes.target AS sex_code, twice.kept_row,
        country_codes.target AS country_code, eye_colour_codes.target AS eye_code,
        nationality_lists.codes AS nation_codes, nationality_lists.items AS nations,
        hair_lists.codes AS hair_codes, hair_lists.items AS hairs,
        {", ".join(f"{name}_w.latin AS {name}_latin, {name}_w.words AS {name}_words" for name in _NAMES)},
        CASE WHEN length(born) = 10 THEN CAST(try_strptime(born, '%d.%m.%Y') AS DATE) END AS born_day,
        CASE WHEN length(born) = 7 THEN CAST(try_strptime(born, '%m.%Y') AS DATE) END AS born_month,
        CASE WHEN length(born) = 4 THEN CAST(try_strptime(born, '%Y') AS DATE) END AS born_year,
        CAST(try_strptime(seen, '%Y-%m-%d') AS DATE) AS seen_day,
        TRY_CAST(nullif(regexp_extract(height, '^([0-9]+) *cm$', 1), '') AS INTEGER) AS height_number,
        TRY_CAST(replace(weight, ',', '.') AS DOUBLE) AS weight_number
    FROM rows
    LEFT JOIN status_codes ON status_codes.code = upper(status)
    LEFT JOIN sex_codes ON sex_codes.code = sex
    LEFT JOIN country_codes ON country_codes.code = upper(born_in)
    LEFT JOIN eye_colour_codes ON eye_colour_codes.code = lower(eyes)
    LEFT JOIN nationality_lists ON nationality_lists.text = nationality
    LEFT JOIN hair_lists ON hair_lists.text = hair
    LEFT JOIN twice ON twice.key = number
    {" ".join(f"LEFT JOIN words AS {name}_w ON {name}_w.text = {name}" for name in _NAMES)}
)"""


if __name__ == "__main__":
    main(*sys.argv[1:])
