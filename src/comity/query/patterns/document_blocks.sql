-- title: Documents stolen in blocks of numbers
-- about: Runs of consecutive numbers of one issuer, as blanks or a box of documents leave them. A number that several
-- about: countries report counts once. Numbers without a tail of at least four digits belong to no run.
-- param gap [number] = 1: how far two neighbours may lie apart
-- param least [number] = 3: how many documents make a block
-- param issuer [code country] = : the issuing country; empty for all
-- share: no
WITH numbered AS (
    SELECT DISTINCT issuing_country, document_class, regexp_replace(number, '[0-9]{1,18}$', '') AS prefix,
           regexp_extract(number, '([0-9]{4,18})$', 1) AS digits
    FROM identity_document
    WHERE status IN ('stolen', 'stolen_blank', 'lost', 'missing') AND regexp_matches(number, '[0-9]{4}$')
      AND getvariable('issuer') IN ('', issuing_country)
), stepped AS (
    SELECT *, digits::BIGINT AS n, length(digits) AS width, digits::BIGINT - lag(digits::BIGINT) OVER run AS step
    FROM numbered WINDOW run AS (PARTITION BY issuing_country, document_class, prefix, length(digits) ORDER BY digits)
), blocks AS (
    SELECT *, count(*) FILTER (step IS NULL OR step > getvariable('gap')::BIGINT)
           OVER (PARTITION BY issuing_country, document_class, prefix, width ORDER BY n) AS block
    FROM stepped
), found AS (
    SELECT issuing_country, document_class, prefix, width, min(digits) AS first, max(digits) AS last, count(*) AS documents
    FROM blocks GROUP BY issuing_country, document_class, prefix, width, block
    HAVING count(*) >= getvariable('least')::BIGINT
)
SELECT issuing_country, document_class, prefix || first AS first_number, prefix || last AS last_number, documents,
       last::BIGINT - first::BIGINT + 1 - documents AS missing_between,
       (SELECT list(DISTINCT owner_country ORDER BY owner_country) FROM identity_document AS d
        WHERE d.issuing_country IS NOT DISTINCT FROM found.issuing_country AND length(d.number) = length(prefix || first)
          AND d.number BETWEEN prefix || first AND prefix || last) AS reported_by
FROM found ORDER BY documents DESC, first_number
