"""Millions of invented persons of many tongues, as published records: for the benches of search and of links.

Invariant: the same numbers give the same persons. Family names are some 300,000, given names some 4,000, drawn with
the long tail that real registers have; every fourth name is written in Cyrillic, with the Latin form that its owner's
scheme gives. No name is taken from a person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comity.mappings.transliterate import name_words, to_latin

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

_LATIN = (
    "Ab Ad Al An Ar Bal Bar Bel Ber Bor Bra Bru Cal Car Cas Cor Cos Da Del Dem Dor Du Ed El Er Es Fa Fer Fi Fon "
    "Fra Ga Gar Ger Go Gra Gu Ha Hal Har Hei Hol Hu Il In Ja Jar Jo Ka Kal Kas Ker Kle Ko Kra Kun La Lam Lan Le "
    "Lin Lo Lu Ma Mal Man Mar Mat Mei Mi Mo Mor Mül Na Ne Ni No Nor Ö Ol Or Os Pa Pal Par Pe Per Pi Po Pre Ra Ram "
    "Re Ri Ro Ros Ru Sa Sal San Sche Schö Se Si So Sta Ste Su Ta Tal Te To Tor Tu Ur Va Val Ve Vi Vol Wa Wal We "
    "Wi Wol Ya Za Ze Zu Şa Çe Ło",
    "a ba be bi bo da de di do ga ge go ka ke ki ko la le li lo ma me mi mo na ne ni no ra re ri ro sa se si so "
    "ta te ti to va ve vi wa za ze zi cha sha",
    "n nd ner nt r rd res ro rt s sen ska ski sson st t ta te tti tz v va vic vić wicz x y yan z zzi oğlu ez ini "
    "lli man berg dorf hofer stein quist escu eanu akis poulos ov ev in enko chuk uk yk",
)
_CYRILLIC = (
    "Аб Ал Ан Бар Бел Бор Бра Вал Вас Вол Гав Гор Гри Дем До Дья Ев Ем Жу Заб За Иг Ка Кал Кис Кли Ко Кор Кра Ку "
    "Ла Ле Лу Ма Мар Ми Мо На Не Ни Но Ор Ос Па Пе По При Ра Ро Ру Са Се Си Со Ста Су Та Те Ти То Тру Ту Уш Фе Фи "
    "Ха Хо Це Че Чи Ша Ше Шу Щер Юр Яб Яко",
    "ба ва га го да до ди жа за зи ка ки ко ла ле ли ло лю ма ми на не ни но ра ре ри ро ру са се си та те ти то "
    "ха ца ча че чи ша ше щу",
    "в вич ев ова ева ин ский ская енко чук ук ов цев ников ец ко як юк щенко шин",
)
_GIVEN = (
    "Al Am An Ar As Be Bo Ca Ce Chi Da De Di Do Ed El Em En Er Eu Fa Fe Fi Ga Ge Gi Gu Ha He Hu I Is Ja Je Jo Ju "
    "Ka Ke La Le Li Lo Lu Ma Me Mi Mo Na Ne Ni No O Or Pa Pe Pi Ra Re Ri Ro Sa Se Si So Ta Te Ti To U Va Ve Vi Wa "
    "Wi Ya Yu Za Zo",
    "a ah an ana ander ar as bert da dor el en er eth ia id in ina ine io is ito ka la lia lina mir na nd ne ni "
    "nne on or ra rd ria ric s sa slav ta te th ton us va vio xa yn",
)
_GIVEN_CYRILLIC = (
    "Алек Ан Ар Бо Вал Ва Вик Ви Га Ген Ге Да Де Дми Ев Ека Еле Зи Иго Ил Ин Ки Кон Кри Ла Лео Лю Ма Ми На Ни Ок "
    "Оль Па Пе По Ра Ро Све Сер Со Ста Та Ти Фё Эд Эл Юли Юри Яко Яро",
    "на ня рий сандр ктор слав ван гей дор ил ина ис ита ла лий лия мир ната нис он рина роль рья с сия стина тон "
    "тя фан фим ша щей",
)


def vocabulary(connection: duckdb.DuckDBPyConnection) -> None:
    """The tables ``family`` and ``given``: nr, script (L, C), written, latin (as ICAO has it), words (as a key)."""
    import pyarrow as pa

    for table, latin, cyrillic in (
        ("family", _LATIN, _CYRILLIC),
        ("given", _GIVEN, _GIVEN_CYRILLIC),
    ):
        rows = [("L", text) for text in _products(latin)] + [("C", text) for text in _products(cyrillic)]
        written = pa.table(
            {
                "script": [script for script, _ in rows],
                "written": [text for _, text in rows],
                "latin": [to_latin(text) for _, text in rows],
                "words": [name_words(text) for _, text in rows],
            }
        )
        connection.register("written", written)
        # Spread, so that a tail is no longer than a head only by its spelling.
        connection.execute(
            f"CREATE TABLE {table} AS SELECT *, "
            "row_number() OVER (PARTITION BY script ORDER BY hash(written)) - 1 AS nr FROM written"
        )
        connection.unregister("written")


def _products(parts: tuple[str, ...]) -> list[str]:
    texts = [""]
    for part in parts:
        texts = [text + piece for text in texts for piece in part.split()]
    return list(dict.fromkeys(texts))


def write_persons(
    connection: duckdb.DuckDBPyConnection, target: Path, first: int, rows: int, country: str
) -> None:
    """Persons number ``first`` and on, as a Parquet file with the columns that a search needs."""
    connection.execute(f"""
COPY (
    WITH counts AS (
        SELECT script, (SELECT count(*) FROM family f WHERE f.script = s.script) AS families,
               (SELECT count(*) FROM given g WHERE g.script = s.script) AS givens
        FROM (VALUES ('L'), ('C')) s(script)
    ), drawn AS (
        SELECT i, CASE WHEN hash(i, 's') % 4 = 0 THEN 'C' ELSE 'L' END AS script,
               -- u ** 3 has a long tail: the commonest hundredth of the names has a fifth of the people.
               pow((hash(i, 'f') % 1000000007) / 1000000007.0, 3) AS uf,
               pow((hash(i, 'g') % 1000000007) / 1000000007.0, 2) AS ug,
               pow((hash(i, 'm') % 1000000007) / 1000000007.0, 2) AS um,
               DATE '1945-01-01' + (hash(i, 'b') % 22000)::INTEGER AS born, hash(i, 'u') % 20 AS unknown
        FROM range({first}, {first + rows}) r(i)
    )
    SELECT md5('{country}|' || i) AS record_id, 'bench-' || lower('{country}') AS source_id, i::VARCHAR AS source_key,
           '{country}' AS owner_country, 'OFFICIAL_USE_ONLY' AS confidentiality, ['H0'] AS handling_codes,
           CAST(NULL AS VARCHAR) AS handling_conditions, ['locate_person_or_object'] AS permitted_purposes,
           CAST([] AS VARCHAR[]) AS recipients_allow, CAST([] AS VARCHAR[]) AS recipients_deny, 'wanted' AS status,
           f.written || ' ' || g.written || coalesce(' ' || m.written, '') AS full_name,
           f.written AS family_name, g.written || coalesce(' ' || m.written, '') AS given_names,
           f.latin || ' ' || g.latin || coalesce(' ' || m.latin, '') AS full_name_latin,
           array_to_string(list_sort(string_split(f.words || ' ' || g.words || coalesce(' ' || m.words, ''), ' ')), ' ')
               AS name_key,
           CASE WHEN i % 12 = 0 THEN [struct_pack(full_name := g.written || ' ' || f.written, name_type := 'alias')]
               ELSE [] END AS other_names,
           CASE WHEN hash(i, 'x') % 2 = 0 THEN 'M' ELSE 'F' END AS sex, [drawn.script || 'X'] AS nationalities,
           CASE WHEN unknown = 1 THEN strftime(born, '%Y') WHEN unknown > 1 THEN strftime(born, '%Y-%m-%d') END
               AS birth_date,
           CASE WHEN unknown = 0 THEN NULL WHEN unknown = 1 THEN date_trunc('year', born)::DATE ELSE born END
               AS birth_date_earliest,
           CASE WHEN unknown = 0 THEN NULL WHEN unknown = 1 THEN (date_trunc('year', born) + INTERVAL 1 YEAR
               - INTERVAL 1 DAY)::DATE ELSE born END AS birth_date_latest, born AS truth
    FROM drawn JOIN counts USING (script)
    JOIN family f ON f.script = drawn.script AND f.nr = (uf * families)::BIGINT % families
    JOIN given g ON g.script = drawn.script AND g.nr = (ug * givens)::BIGINT % givens
    LEFT JOIN given m ON m.script = drawn.script AND m.nr = (um * givens)::BIGINT % givens AND hash(i, 'q') % 3 = 0
) TO '{target}' (FORMAT parquet, COMPRESSION zstd)""")
