-- title: The network around a record
-- about: Everything that links and record ids join to one record, to a depth. One row is one tie between two records;
-- about: depth is how far it lies from the first. Ties that a machine only supposes are possible_same_as. As a picture
-- about: with --format svg, for graph programs with --format graphml.
-- param record [record]: the record_id to begin with
-- param depth [number] = 2: how many ties away, 1 to 6
-- param possible [yes no] = yes: no to leave out ties that a machine only supposes
-- param most [number] = 2000: how many ties at most, the nearest first
-- share: no
-- graph: yes
WITH RECURSIVE ties AS (
    SELECT from_record_type AS a_type, from_record_id AS a, role, to_record_type AS b_type, to_record_id AS b FROM link
    WHERE getvariable('possible') != 'no' OR role != 'possible_same_as'
    UNION ALL SELECT 'offence', record_id, 'part_of', 'case_file', case_record_id FROM offence
    UNION ALL SELECT 'person', person_record_id, 'charged_with', 'offence', record_id FROM offence
    UNION ALL SELECT 'warrant', warrant_record_id, 'issued_for', 'offence', record_id FROM offence
    UNION ALL SELECT 'warrant', record_id, 'subject', NULL, subject_record_id FROM warrant
    UNION ALL SELECT 'warrant', record_id, 'part_of', 'case_file', case_record_id FROM warrant
    UNION ALL SELECT 'alert', record_id, 'subject', NULL, subject_record_id FROM alert
    UNION ALL SELECT 'alert', record_id, 'part_of', 'case_file', case_record_id FROM alert
    UNION ALL SELECT 'alert', record_id, 'related', 'warrant', unnest(warrant_record_ids) FROM alert
    UNION ALL SELECT 'person', holder_record_id, 'holder', 'identity_document', record_id FROM identity_document
    UNION ALL SELECT 'evidence_item', record_id, 'evidence_in', 'case_file', case_record_id FROM evidence_item
    UNION ALL SELECT 'evidence_item', record_id, 'related', NULL, item_record_id FROM evidence_item
    UNION ALL SELECT 'custody_event', record_id, 'related', 'evidence_item', evidence_record_id FROM custody_event
    UNION ALL SELECT 'investigative_note', record_id, 'part_of', 'case_file', case_record_id FROM investigative_note
    UNION ALL SELECT 'investigative_note', record_id, 'subject', NULL, subject_record_id FROM investigative_note
), whole AS (
    SELECT DISTINCT * FROM ties WHERE a IS NOT NULL AND b IS NOT NULL
), both_ways AS (
    SELECT a AS one, b AS other FROM whole UNION SELECT b, a FROM whole
), reached(record_id, away) AS (
    SELECT getvariable('record'), 0
    UNION
    SELECT other, away + 1 FROM reached JOIN both_ways ON one = record_id
    WHERE away < least(getvariable('depth')::INTEGER, 6)
), nearest AS (
    SELECT record_id, min(away) AS away FROM reached GROUP BY ALL
), named AS (
    SELECT record_id, 'person' AS type, full_name AS label, owner_country FROM person
    UNION ALL SELECT record_id, 'vehicle', coalesce(plate, vin, make), owner_country FROM vehicle
    UNION ALL SELECT record_id, 'identity_document', number, owner_country FROM identity_document
    UNION ALL SELECT record_id, 'case_file', case_number, owner_country FROM case_file
    UNION ALL SELECT record_id, 'offence', description, owner_country FROM offence
    UNION ALL SELECT record_id, 'organisation', NULL, owner_country FROM organisation
    UNION ALL SELECT record_id, 'warrant', NULL, owner_country FROM warrant
    UNION ALL SELECT record_id, 'alert', NULL, owner_country FROM alert
    UNION ALL SELECT record_id, 'firearm', NULL, owner_country FROM firearm
    UNION ALL SELECT record_id, 'incident', case_number, owner_country FROM incident
)
SELECT greatest(x.away, y.away) AS depth, coalesce(f.type, a_type) AS from_record_type, a AS from_record_id,
       f.label AS from_label, f.owner_country AS from_country, role, coalesce(t.type, b_type) AS to_record_type,
       b AS to_record_id, t.label AS to_label, t.owner_country AS to_country
FROM whole JOIN nearest AS x ON x.record_id = a JOIN nearest AS y ON y.record_id = b
LEFT JOIN named AS f ON f.record_id = a LEFT JOIN named AS t ON t.record_id = b
ORDER BY depth, a, role, b LIMIT getvariable('most')::BIGINT
