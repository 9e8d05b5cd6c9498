-- title: Vehicles by make and route of recovery
-- about: From which country to which one vehicles came. A route is known where a vehicle reported stolen in one record
-- about: is recovered in another, by VIN or by plate and its country (basis: two records), or where a recovered
-- about: vehicle's plate is of another country than the one that recovered it (basis: plate).
-- param make [code vehicle_make] = : a code of vehicle_make; empty for all
-- param abroad [yes no] = yes: only routes across a border; no for all
-- keys: make, from_country, to_country, basis
-- within: make
-- count: vehicles
WITH recovered AS (
    SELECT *, coalesce(status_country, owner_country) AS at_country FROM vehicle WHERE status = 'recovered'
), stolen AS (
    SELECT *, coalesce(status_country, owner_country) AS at_country FROM vehicle
    WHERE status IN ('stolen', 'misappropriated')
), met AS (
    SELECT r.record_id, r.make, s.at_country AS from_country, r.at_country AS to_country, 1 AS place,
           s.status_date_earliest AS since, r.status_date_latest AS until
    FROM recovered AS r JOIN stolen AS s ON r.vin = s.vin
    UNION ALL
    SELECT r.record_id, r.make, s.at_country, r.at_country, 2, s.status_date_earliest, r.status_date_latest
    FROM recovered AS r JOIN stolen AS s ON r.plate = s.plate AND r.plate_country = s.plate_country
    WHERE r.vin IS NULL OR s.vin IS NULL
    UNION ALL
    SELECT record_id, make, plate_country, at_country, 3, NULL, NULL FROM recovered WHERE plate_country IS NOT NULL
), best AS (
    SELECT * FROM met WHERE until IS NULL OR since IS NULL OR since <= until
    QUALIFY row_number() OVER (PARTITION BY record_id ORDER BY place, since DESC, from_country) = 1
)
SELECT coalesce(make, 'unknown') AS make, from_country, to_country,
       CASE WHEN place = 3 THEN 'plate' ELSE 'two records' END AS basis, count(*) AS vehicles,
       median(date_diff('day', since, until))::INTEGER AS days_between
FROM best
WHERE getvariable('make') IN ('', make) AND (getvariable('abroad') = 'no' OR from_country != to_country)
GROUP BY ALL ORDER BY vehicles DESC, make, from_country, to_country, basis
