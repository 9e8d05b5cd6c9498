-- title: Offences by ICCS class and country over time
-- about: One row for each record type, country, class and year, with how much of the country's records the row rests
-- about: on. Incidents count events as recorded, offences count charges: the two are never added.
-- about: classed and dated say which part of the country's records has a class and a date; fit says how the national
-- about: offences meet the class. change_percent is given only where reading is empty.
-- param record [incident offence] = incident: incident or offence
-- param country [code country] = : the owner's country; empty for all
-- param level [number] = 2: digits of the class, as level 1 to 4 of ICCS
-- param least [number] = 30: how many records of a class a country needs over all years, and a third of it in each of two, for a change
-- keys: record_type, country, iccs_code, class, year
-- within: record_type, country, year
-- count: records
WITH given AS (
    SELECT 'incident' AS record_type, owner_country AS country, iccs_code, NULL::VARCHAR AS relation,
           coalesce(occurred_from_earliest, reported_date_earliest) AS first_day,
           coalesce(occurred_from_latest, reported_date_latest) AS last_day
    FROM incident WHERE getvariable('record') = 'incident'
    UNION ALL
    SELECT 'offence', owner_country, iccs_code, iccs_relation,
           occurred_from_earliest, occurred_from_latest
    FROM offence WHERE getvariable('record') = 'offence'
), asked AS (
    SELECT *, CASE WHEN year(first_day) = year(last_day) THEN year(first_day) END AS year,
           iccs_code[1 : 2 * getvariable('level')::INTEGER] AS class_code
    FROM given WHERE getvariable('country') IN ('', country)
), coverage AS (
    SELECT country, round(100 * count(iccs_code) / count(*)) AS classed, round(100 * count(year) / count(*)) AS dated,
           min(first_day) AS since, max(last_day) AS until
    FROM asked GROUP BY ALL
), fit AS (
    SELECT country, class_code, CASE WHEN count(relation) = 0 THEN 'not stated'
           WHEN count(*) FILTER (relation IS DISTINCT FROM 'exact') = 0 THEN 'exact' ELSE 'not exact' END AS fit,
           count(*) AS over_all_years, count(DISTINCT year) AS years
    FROM asked WHERE class_code IS NOT NULL AND year IS NOT NULL GROUP BY ALL
), counted AS (
    SELECT record_type, country, class_code, year, count(*) AS records
    FROM asked WHERE class_code IS NOT NULL AND year IS NOT NULL GROUP BY ALL
), countries AS (
    SELECT class_code, count(DISTINCT country) AS countries FROM counted GROUP BY ALL
), read AS (
    SELECT *, CASE
        WHEN over_all_years < getvariable('least')::INTEGER AND countries = 1 THEN 'too few records, of one country: no trend'
        WHEN over_all_years < getvariable('least')::INTEGER THEN 'too few records: no trend'
        WHEN years < 3 THEN 'fewer than three years: no trend'
        WHEN lag(year) OVER years_before IS DISTINCT FROM year - 1 THEN 'no year before: no change'
        WHEN since > make_date(year - 1, 1, 31) OR until < make_date(year, 12, 1)
            THEN 'a year that the records do not cover: no change'
        WHEN least(records, lag(records) OVER years_before) < getvariable('least')::INTEGER / 3
            THEN 'too few records in one of the years: no change'
        END AS reading,
        lag(records) OVER years_before AS records_before
    FROM counted JOIN fit USING (country, class_code) JOIN coverage USING (country) JOIN countries USING (class_code)
    WINDOW years_before AS (PARTITION BY record_type, country, class_code ORDER BY year)
)
SELECT record_type, country, class_code AS iccs_code, label AS class, year, records,
       CASE WHEN reading IS NULL THEN round(100 * (records - records_before) / records_before) END AS change_percent,
       reading, fit, classed, dated, countries
FROM read LEFT JOIN code_lists ON list = 'iccs' AND code = class_code
ORDER BY record_type, iccs_code, country, year
