-- title: Cases that share a person, a vehicle or a document
-- about: Pairs of cases and what they share: the same record, the same VIN, the same document of one issuer, a person
-- about: confirmed to be the same, or a person with the same name and full date of birth, which is possible and no
-- about: more. A case of one country is never merged with another's: the owners decide.
-- param abroad [yes no] = no: yes for pairs of two countries only
-- param possible [yes no] = yes: no to leave out what is only possible
-- share: no
WITH tied AS (
    SELECT from_record_id AS a, to_record_id AS b FROM link WHERE role NOT IN ('same_as', 'possible_same_as')
    UNION ALL SELECT to_record_id, from_record_id FROM link WHERE role NOT IN ('same_as', 'possible_same_as')
    UNION ALL SELECT case_record_id, person_record_id FROM offence WHERE person_record_id IS NOT NULL
), same AS (
    SELECT from_record_id AS a, to_record_id AS b FROM link WHERE role = 'same_as'
    UNION SELECT to_record_id, from_record_id FROM link WHERE role = 'same_as'
), things AS (
    SELECT record_id, 'person' AS shared, record_id AS key, 'same record' AS basis FROM person
    UNION ALL SELECT a, 'person', least(a, b), 'confirmed the same' FROM same
    UNION ALL SELECT record_id, 'person', name_key || birth_date_earliest, 'possible: name and date of birth' FROM person
        WHERE name_key IS NOT NULL AND birth_date_earliest = birth_date_latest AND getvariable('possible') != 'no'
    UNION ALL SELECT record_id, 'vehicle', record_id, 'same record' FROM vehicle
    UNION ALL SELECT record_id, 'vehicle', vin, 'same VIN' FROM vehicle WHERE vin IS NOT NULL
    UNION ALL SELECT record_id, 'document', record_id, 'same record' FROM identity_document
    UNION ALL SELECT record_id, 'document', concat_ws(':', issuing_country, document_class, number), 'same number'
        FROM identity_document WHERE number IS NOT NULL AND issuing_country IS NOT NULL
), held AS (
    SELECT DISTINCT c.record_id AS case_id, c.owner_country, c.case_number, shared, key, basis
    FROM case_file AS c JOIN tied ON c.record_id = tied.a JOIN things ON things.record_id = tied.b
)
SELECT one.owner_country AS country, one.case_number, one.case_id AS case_record_id,
       other.owner_country AS other_country, other.case_number AS other_case_number,
       other.case_id AS other_case_record_id, one.shared,
       arg_min(one.basis, one.basis LIKE 'possible%') AS basis, count(DISTINCT one.key) AS things
FROM held AS one JOIN held AS other ON one.shared = other.shared AND one.key = other.key AND one.basis = other.basis
 AND one.case_id < other.case_id
WHERE getvariable('abroad') = 'no' OR one.owner_country != other.owner_country
GROUP BY one.owner_country, one.case_number, one.case_id, other.owner_country, other.case_number, other.case_id, one.shared
ORDER BY country, one.case_number, other_country, other_case_number, one.shared
