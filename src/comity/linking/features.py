"""What of a person is compared: one row a person, words of names folded and reduced to skeletons.

Invariant: a feature is a function of the record alone; what must be Python runs on distinct texts. A date that is not
known to the day stays a span and is never taken for a day.

    unique_id source_id owner_country sex nationalities personal_number place
    family given              words in A-Z: the family name, the first of the given names; of a name that its source
                              does not split, nothing
    family_skeleton …         the same as skeletons, and once more as family_cross … to compare one with the other
    whole                     all words of the name in A-Z, in alphabetical order
    sounds name_skeleton      the skeletons of all of them, in alphabetical order, as a list and as a text
    sound_first sound_last    the first and the last of them
    split                     whether family and given names are told apart
    birth_first birth_last    the first and last day of birth that is possible
    birth_day                 the day of birth where it is known
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comity.mappings.lookup import Lookup, NameWordsLookup, fill_lookup
from comity.search.skeleton import skeleton
from comity.store.view_sql import parquet_scan

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

FEATURES = "features"
_FOLDED = ("family", "given", "name", "place")


def make_features(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[str],
    table: str = FEATURES,
    *,
    ids: str | None = None,
) -> None:
    """The table of features of the persons in published ``files``, or of those with ``ids``, a list in SQL."""
    chosen = f"WHERE record_id IN {ids}" if ids else ""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE compared AS {compared_sql(files)} {chosen}")
    features_of(connection, "compared", table)
    connection.execute("DROP TABLE compared")


def compared_sql(files: Sequence[str]) -> str:
    """The SELECT of all that is compared of the persons in published ``files``, as it stands there."""
    return f"""
SELECT record_id AS unique_id, source_id, owner_country, sex, coalesce(nationalities, []) AS nationalities,
       nullif(regexp_replace(upper(personal_number), '[^A-Z0-9]', '', 'g'), '') AS personal_number,
       {_in_latin("family_name")} AS family,
       split_part(trim({_in_latin("given_names")}), ' ', 1) AS given,
       CASE WHEN {_in_latin("family_name")} IS NULL
           THEN coalesce(name_key, full_name_latin, full_name) END AS name,
       birth_place AS place, birth_date_earliest AS birth_first, birth_date_latest AS birth_last
FROM {parquet_scan(files)}"""


def _in_latin(column: str) -> str:
    """SQL for a part of a name. Where its source writes the whole name in Latin letters but not this part, the part in
    letters of its own would only be transliterated, and the whole name is what others know.
    """
    own = f"full_name_latin IS NOT NULL AND regexp_matches({column}, '[^\\x00-\\x{{24F}}]')"
    return f"coalesce({column}_latin, CASE WHEN NOT coalesce({own}, false) THEN {column} END)"


def features_of(connection: duckdb.DuckDBPyConnection, compared: str, table: str) -> None:
    """The features from a table that has the columns of ``compared_sql``."""
    for column in _FOLDED:
        texts = f"SELECT DISTINCT {column} AS text FROM {compared} WHERE {column} IS NOT NULL"
        fill_lookup(connection, Lookup(f"folded_{column}", column, NameWordsLookup()), texts)
    words = " UNION ".join(
        f"SELECT unnest(string_split(value, ' ')) AS word FROM folded_{column}"
        for column in ("family", "given", "name")
    )
    _skeletons(connection, words)
    for column in ("family", "given", "name"):
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE sounds_{column} AS SELECT text, any_value(value) AS words, "
            "string_agg(skeleton, ' ' ORDER BY skeleton) AS skeleton FROM "
            f"(SELECT text, value, unnest(string_split(value, ' ')) AS word FROM folded_{column}) "
            "JOIN skeletons USING (word) GROUP BY text"
        )
    joined = " ".join(
        f"LEFT JOIN sounds_{column} AS {column}_of ON {column}_of.text = c.{column}"
        for column in ("family", "given", "name")
    )
    connection.execute(f"""
CREATE OR REPLACE TEMP TABLE {table} AS
SELECT unique_id, source_id, owner_country, sex, nationalities, personal_number, place_of.value AS place,
       family_of.words AS family, given_of.words AS given,
       family_of.skeleton AS family_skeleton, given_of.skeleton AS given_skeleton,
       family_skeleton AS family_cross, given_skeleton AS given_cross,
       {_sorted("words")} AS whole, {_sorted("skeleton")} AS name_skeleton, string_split(name_skeleton, ' ') AS sounds,
       sounds[1] AS sound_first, sounds[-1] AS sound_last,
       family_of.words IS NOT NULL AND given_of.words IS NOT NULL AS split,
       birth_first, birth_last, CASE WHEN birth_first = birth_last THEN birth_first END AS birth_day,
       CASE WHEN year(birth_first) = year(birth_last) THEN year(birth_first) END AS birth_year
FROM {compared} c {joined} LEFT JOIN folded_place AS place_of ON place_of.text = c.place""")
    for column in _FOLDED:
        connection.execute(f"DROP TABLE folded_{column}")


def _sorted(column: str) -> str:
    """SQL for the words of all parts of a name, in alphabetical order; NULL without any."""
    every = ", ".join(f"{part}_of.{column}" for part in ("family", "given", "name"))
    return f"array_to_string(list_sort(string_split(nullif(concat_ws(' ', {every}), ''), ' ')), ' ')"


def _skeletons(connection: duckdb.DuckDBPyConnection, words: str) -> None:
    """The table ``skeletons``: word, skeleton; each distinct word once."""
    import pyarrow as pa

    found = connection.sql(f"SELECT word FROM ({words}) WHERE word <> ''").to_arrow_table().column(0)
    made = pa.table({"word": found, "skeleton": pa.array(map(skeleton, found.to_pylist()), pa.string())})
    connection.register("made_skeletons", made)
    connection.execute("CREATE OR REPLACE TEMP TABLE skeletons AS FROM made_skeletons")
    connection.unregister("made_skeletons")
