"""A generated register of persons, of any length: twenty columns, about 200 bytes a row, faults at fixed rates.

Invariant: the same number of rows gives the same bytes; of every thousand rows about five have a status that no
crosswalk knows and two have no number, of other cells one in a hundred cannot be understood, and the last rows, one in
ten thousand, have numbers that stand there already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = tuple(
    "number family_name given_names patronymic alias sex born born_at born_in nationality personal_number height "
    "weight eyes hair marks status seen seen_at note".split()
)
_WORDS = {
    "land": "UKR POL DEU FRA ESP ROU BGR TUR SRB ITA GBR USA NGA MAR VNM CHN IND PAK GEO ARM",
    "head": "Kov Bar Şen Wój Mül Gar Pet Ion Dim Gren Hal Lar Mor Nov Öst Quin Ros Sal Tor Val Žel Čer Łuk Bjö",
    "middle": "a e i o al er in on ász ów är ek ul im",
    "tail": "enko ski ez escu ov oğlu vić elli ton man son sen czak shvili yan chuk ado eira",
    "forename": "Ostap Wojciech Jürgen Íñigo Aram Dale Hélène Anong Salim Iuliia Kenichi Ivan Maria Anna Piotr Paul "
    "Elena Mehmet Nikola Giulia John Amara Minh Wei Ravi Omar Nino Karen Sofia Luka",
    "place": "Görlitz Łomża Nova__Gorica Santa_Cruz Port_Alfred Uzhhorod Bézénas Gyumri Oujda Sakai Dayton Nan",
    "mark": "tattoo_of_a_swallow_on_the_left_hand scar_over_the_right_eye burn_on_the_back two_fingers_missing",
    "note": "may_carry_papers_of_a_relative speaks_several_languages seen_with_a_grey_estate_car "
    "known_to_travel_by_rail last_address_not_confirmed",
    "eyes": "Blue Brown Green Grey Hazel -",
    "hair": "black brown blond grey brown/grey bald -",
    "status": "w W M U S",
}
# dice(i, salt, n): 0 to n - 1, always the same for a row and a salt. any_of(list, i, salt): one of the list.
_MACROS = """
CREATE MACRO dice(i, salt, sides) AS (hash(i, salt) % sides)::BIGINT;
CREATE MACRO any_of(words, i, salt) AS words[dice(i, salt, len(words)) + 1];
CREATE MACRO day_of(i, salt, start, days) AS start + dice(i, salt, days)::INTEGER;
"""
_CELLS = (
    "CASE WHEN dice(i, 'keyless', 500) > 0 THEN 'P' || lpad(least(i, {unique} + i % 7)::VARCHAR, 9, '0') END",
    "any_of({head}, i, 'a') || any_of({middle}, i, 'b') || any_of({tail}, i, 'c')",
    "any_of({forename}, i, 'd') || CASE WHEN dice(i, 'e', 4) = 0 THEN ' ' || any_of({forename}, i, 'f') ELSE '' END",
    "CASE WHEN dice(i, 'g', 3) = 0 THEN any_of({forename}, i, 'h') || 'ovich' END",
    "CASE WHEN dice(i, 'j', 8) = 0 THEN upper(any_of({head}, i, 'k') || any_of({tail}, i, 'l')) END",
    "CASE dice(i, 'm', 200) WHEN 0 THEN 'hermit' WHEN 1 THEN NULL ELSE any_of(['M', 'F'], i, 'n') END",
    "CASE dice(i, 'o', 100) WHEN 0 THEN 'about 1970' WHEN 1 THEN '00.00.0000' WHEN 2 THEN strftime(born, '%m.%Y') "
    "WHEN 3 THEN strftime(born, '%Y') WHEN 4 THEN NULL ELSE strftime(born, '%d.%m.%Y') END",
    "any_of({place}, i, 'p')",
    "CASE WHEN dice(i, 'q', 100) = 0 THEN 'Atlantis' ELSE lower(any_of({land}, i, 'r')) END",
    "any_of({land}, i, 'r') || CASE WHEN dice(i, 's', 20) = 0 THEN ',' || any_of({land}, i, 't') ELSE '' END",
    "(dice(i, 'u', 999) + 1) || '-' || lpad(dice(i, 'v', 999_999)::VARCHAR, 6, '0')",
    "CASE dice(i, 'w', 100) WHEN 0 THEN 'tall' WHEN 1 THEN '1780 cm' WHEN 2 THEN NULL "
    "ELSE (150 + dice(i, 'x', 50)) || ' cm' END",
    "CASE dice(i, 'y', 50) WHEN 0 THEN '0' WHEN 1 THEN '-' "
    "ELSE (45 + dice(i, 'z', 70)) || ',' || dice(i, 'A', 10) END",
    "CASE WHEN dice(i, 'B', 100) = 0 THEN 'Odd' ELSE any_of({eyes}, i, 'C') END",
    "CASE WHEN dice(i, 'D', 100) = 0 THEN 'dyed/red' ELSE any_of({hair}, i, 'E') END",
    "CASE WHEN dice(i, 'F', 4) = 0 THEN any_of({mark}, i, 'G') END",
    "CASE WHEN dice(i, 'H', 200) = 0 THEN 'lost' ELSE any_of({status}, i, 'I') END",
    "CASE dice(i, 'J', 100) WHEN 0 THEN '2024-13-41' WHEN 1 THEN '-' ELSE strftime(seen, '%Y-%m-%d') END",
    "any_of({place}, i, 'K')",
    "'Case ' || (2000 + dice(i, 'L', 26)) || '/' || lpad(dice(i, 'M', 999_999)::VARCHAR, 6, '0') || ': ' "
    "|| any_of({note}, i, 'N') || ', ' || any_of({note}, i, 'O')",
)


def generate(path: Path, rows: int) -> None:
    """``rows`` rows in ``path``, with a header."""
    lists = {name: str([word.replace("_", " ") for word in words.split()]) for name, words in _WORDS.items()}
    cells = ", ".join(
        f"{sql.format(unique=rows - rows // 10_000, **lists)} AS {name}"
        for name, sql in zip(COLUMNS, _CELLS, strict=True)
    )
    days = "day_of(i, 'P', DATE '1940-01-01', 26000) AS born, day_of(i, 'Q', DATE '2015-01-01', 4000) AS seen"
    connection = duckdb.connect(config={"memory_limit": "1GB"})
    connection.execute("SET enable_progress_bar = false")
    connection.execute(_MACROS)
    connection.execute(
        f"COPY (SELECT {cells} FROM (SELECT i, {days} FROM range({rows}) AS rows(i))) "
        f"TO '{path}' (FORMAT csv, HEADER, DELIMITER ';', QUOTE '\"')"
    )
    connection.close()
