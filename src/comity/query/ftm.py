"""Records as entities of FollowTheMoney, one JSON object a line, for tools that follow links.

Invariant: an entity leaves only when its owner allows it: never under a handling code that asks for permission first,
never to a recipient who is denied or not among those named, never for a purpose that is not permitted; and every
reference leads to an entity of the same file. What stays behind is counted by its reason. Ids are those of the
records, the same in every export.

The answer says which records; their columns come from the views of the release, so that an entity is always whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from comity.errors import QueryError
from comity.query.code import check_code
from comity.query.ftm_entities import countries, document, entity, holder, labels_of, link, person, vehicle
from comity.store.view_sql import literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

    from comity.query.ftm_entities import Labels

# What a link is there, by its role and what it joins; any other joins a subject and an object.
_LINKS = (
    ("role IN ('possible_same_as', 'same_as')", "Similar", "candidate", "match", "criteria"),
    ("role = 'owner' AND from_record_type = 'person' AND to_record_type = 'vehicle'",
     "Ownership", "owner", "asset", "role"),
    ("role = 'associate' AND from_record_type = 'person' AND to_record_type = 'person'",
     "Associate", "person", "associate", "relationship"),
    ("role = 'relative' AND from_record_type = 'person' AND to_record_type = 'person'",
     "Family", "person", "relative", "relationship"),
    ("true", "UnknownLink", "subject", "object", "role"),
)  # fmt: skip
_BATCH = 10_000


@dataclass(frozen=True)
class Written:
    """``entities``: lines written; ``left_out``: reason → records and links that did not leave."""

    entities: int
    left_out: dict[str, int]


def write_ftm(
    connection: duckdb.DuckDBPyConnection,
    answer: duckdb.DuckDBPyRelation,
    target: BinaryIO,
    recipient: str | None = None,
    purpose: str | None = None,
) -> Written:
    """Write the records that ``answer`` names in its column ``record_id``, who holds the documents among them, and
    what links them.

    ``recipient``: the country that is given the file; ``purpose``: what for. Without a recipient only what its owner
    reserves for nobody leaves; without a purpose, each entity says for which it may be processed.
    """
    check_code(connection, "country", recipient)
    check_code(connection, "purpose", purpose)
    _choose(connection, answer)
    labels = labels_of(connection)
    connection.execute(f"SET VARIABLE ftm_countries = {countries(connection)}")
    _decide(connection, _refused(recipient, purpose))
    written = 0
    for query in _entities(labels):
        for batch in connection.sql(query).to_arrow_reader(_BATCH):
            target.write("".join(f"{line}\n" for line in batch.column(0).to_pylist()).encode())
            written += batch.num_rows
    rows = connection.execute(
        "SELECT refused, count(*) FROM (SELECT refused FROM ftm_records UNION ALL SELECT refused FROM ftm_links) "
        "WHERE refused IS NOT NULL GROUP BY refused ORDER BY refused"
    ).fetchall()
    return Written(written, dict(rows))


def _choose(connection: duckdb.DuckDBPyConnection, answer: duckdb.DuckDBPyRelation) -> None:
    """The table ``ftm_chosen``: ids of the records that are meant."""
    if "record_id" not in answer.columns:
        raise QueryError(
            "query.no-record-id",
            "The answer does not say which records are meant",
            found=", ".join(answer.columns)[:200],
            remedy="ask for the column record_id of persons, vehicles and documents",
        )
    connection.execute("CREATE OR REPLACE TEMP TABLE ftm_chosen (record_id VARCHAR)")
    # Fetched whole before it is put down: a connection answers one question at a time.
    connection.register("ftm_answer", answer.project("record_id").distinct().to_arrow_table())
    connection.execute("INSERT INTO ftm_chosen SELECT record_id FROM ftm_answer WHERE record_id IS NOT NULL")
    connection.unregister("ftm_answer")


def _refused(recipient: str | None, purpose: str | None) -> str:
    """SQL for why a record may not leave; NULL when it may."""
    to = literal(recipient) if recipient else "NULL"
    cases = [
        ("list_contains(handling_codes, 'H2')", "handling code H2: not without permission of the owner"),
        ("list_contains(handling_codes, 'H3')", "handling code H3: under conditions in words"),
    ]
    if recipient is None:
        reserved = "len(recipients_allow) > 0 OR len(recipients_deny) > 0"
        cases.append((reserved, "the owner names recipients: say who gets it with --recipient"))
    else:
        own = f"owner_country <> {to}"
        cases += [
            (f"list_contains(recipients_deny, {to})", f"the owner denies it to {recipient}"),
            (f"{own} AND len(recipients_allow) > 0 AND NOT list_contains(recipients_allow, {to})",
             f"{recipient} is not among the recipients that the owner named"),
        ]  # fmt: skip
    if purpose is not None:
        allowed = f"list_contains(permitted_purposes, {literal(purpose)})"
        cases.append((f"NOT {allowed}", f"the owner does not permit the purpose {purpose}"))
    return f"CASE {' '.join(f'WHEN {when} THEN {literal(why)}' for when, why in cases)} END"


def _decide(connection: duckdb.DuckDBPyConnection, refused: str) -> None:
    """The tables ``ftm_records`` and ``ftm_links``, with why what is in them may not leave, and ``ftm_holders``."""
    # A document is nothing without its holder, so it brings whoever that is.
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE ftm_holders AS "
        "SELECT record_id, holder_record_id AS holder FROM identity_document "
        "WHERE record_id IN (FROM ftm_chosen) AND holder_record_id IS NOT NULL UNION "
        "SELECT to_record_id, from_record_id FROM link WHERE role = 'holder' AND to_record_type = 'identity_document' "
        f"AND from_record_type = 'person' AND to_record_id IN (FROM ftm_chosen) AND ({refused}) IS NULL"
    )
    wanted = "record_id IN (SELECT record_id FROM ftm_chosen UNION SELECT holder FROM ftm_holders)"
    no_holder = (
        "(holder_name IS NOT NULL OR record_id IN (SELECT h.record_id FROM ftm_holders h JOIN persons p "
        "ON p.record_id = h.holder WHERE p.refused IS NULL))"
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE ftm_records AS WITH persons AS MATERIALIZED "
        f"(SELECT record_id, {refused} AS refused FROM person WHERE {wanted}), "
        f"found AS (SELECT 'person' AS record_type, * FROM persons UNION ALL "
        f"SELECT 'vehicle', record_id, {refused} FROM vehicle WHERE {wanted} UNION ALL "
        f"SELECT 'identity_document', record_id, coalesce({refused}, CASE WHEN NOT {no_holder} THEN "
        "'documents whose holder is not known or may not leave' END) "
        f"FROM identity_document WHERE {wanted}) "
        "FROM found UNION ALL SELECT NULL, record_id, 'records that are no person, vehicle or document' "
        "FROM ftm_chosen WHERE record_id NOT IN (SELECT record_id FROM found)"
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE ftm_links AS SELECT l.record_id, "
        f"coalesce({refused}, CASE WHEN f.record_type = 'identity_document' "
        "OR t.record_type = 'identity_document' THEN 'links of documents other than to their holder' END) AS refused "
        "FROM link l JOIN ftm_records f ON f.record_id = from_record_id AND f.refused IS NULL "
        "JOIN ftm_records t ON t.record_id = to_record_id AND t.refused IS NULL "
        "WHERE role NOT IN ('not_same_as', 'holder')"
    )


def _entities(labels: Labels) -> Iterator[str]:
    """Queries, each of one column with lines of JSON."""
    allowed = "record_id IN (SELECT record_id FROM ftm_records WHERE refused IS NULL)"
    for kind, schema, properties in (("person", "Person", person), ("vehicle", "Vehicle", vehicle)):
        made = entity(literal(schema), properties(labels))
        yield f"SELECT {made} FROM {kind} WHERE {allowed} ORDER BY record_id"
    documents = (
        "identity_document LEFT JOIN (SELECT h.record_id, list(h.holder) AS holders FROM ftm_holders h "
        "JOIN ftm_records p ON p.record_id = h.holder AND p.refused IS NULL GROUP BY h.record_id) AS held "
        f"USING (record_id) WHERE {allowed}"
    )
    # Of a holder whom no record describes, the name in the document is all that is known.
    alone = "record_id || '-holder'"
    made = entity(literal("Person"), holder(labels), alone)
    yield f"SELECT {made} FROM {documents} AND holders IS NULL ORDER BY record_id"
    schema = "CASE document_class WHEN 'passport' THEN 'Passport' ELSE 'Identification' END"
    made = entity(schema, document(labels, f"coalesce(holders, [{alone}])"))
    yield f"SELECT {made} FROM {documents} ORDER BY record_id"
    others = "true"
    for condition, schema, one, other, told in _LINKS:
        made = entity(literal(schema), link(one, other, told, labels))
        yield (
            f"SELECT {made} FROM link JOIN ftm_links USING (record_id) WHERE ftm_links.refused IS NULL "
            f"AND {others} AND {condition} ORDER BY record_id"
        )
        others += f" AND NOT ({condition})"
