"""What a record is in FollowTheMoney: schemata, properties, and how their values are written.

Invariant: a property has a value only where the record says so; nothing is guessed. What FollowTheMoney has no
property or no code for, such as a VIN or a nationality that is no country, and what is longer than a property may be,
is told in ``notes`` and not lost.

FollowTheMoney writes a date as far as it is known (``1979``, ``1979-04``), a country as ISO 3166 in small letters with
exceptions of its own, which the code list ``country`` holds, and every value as text in a list.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from comity.store.view_sql import literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import duckdb

    Labels = Callable[[str, str], str]

# Where each kind of other name of a person goes.
_NAMES = {
    "name": ("primary", "transliteration", "other_script", "mrz"),
    "previousName": ("birth", "maiden", "former"),
    "weakAlias": ("nickname",),
    "alias": ("alias", None),
}
# The languages, of ISO 639-3, that FollowTheMoney 4 takes.
_LANGUAGES = tuple(
    "afr amh ara aze bel ben bos bul cat ces cnr dan deu ell eng est fas fil fin fra gle heb hin hrv hun "
    "hye ind isl ita jpn kan kat kaz khm kir kor lao lav lit ltz mkd mlt mon msa mul mya nep nld nor pol "
    "por pus ron rus sin slk slv spa sqi srp swa swe tam tel tgk tgl tha tuk tur ukr urd uzb vie zho".split()
)
# What a value of a property may have in signs, where the text is the source's own.
_NUMBERS = {"idNumber": 64, "number": 64, "registrationNumber": 64, "sourceUrl": 4096}
_MOST = {
    **dict.fromkeys(("name", "alias", "previousName", "weakAlias"), 384),
    **dict.fromkeys(
        "firstName lastName fatherName birthPlace appearance profession model authority".split(), 1024
    ),
    **dict.fromkeys("role relationship criteria matcher".split(), 1024),
    **_NUMBERS,
}
_PIECES = (
    "lambda t: list_transform(range(0, greatest(length(t), 1), 65000), lambda i: substring(t, i + 1, 65000))"
)
_DATE = r"^\d{4}(-\d{2}(-\d{2})?)?$"


def labels_of(connection: duckdb.DuckDBPyConnection) -> Labels:
    """A function that writes SQL for the label of a code: ``labels(code list, expression)``."""
    found: dict[str, dict[str, str]] = {}
    for name, code, label in connection.execute("SELECT list, code, label FROM ledger.code_lists").fetchall():
        found.setdefault(name, {})[code] = label
    return lambda name, code: f"coalesce({_lookup(found.get(name, {}), code)}, {code})"


def countries(connection: duckdb.DuckDBPyConnection) -> str:
    """SQL for the map from codes of the standard to those of FollowTheMoney, without those that it does not have."""
    rows = connection.execute(
        "SELECT code, attributes FROM ledger.code_lists WHERE list = 'country'"
    ).fetchall()
    return _map(countries_of(rows))


def countries_of(rows: Sequence[tuple[str, str | None]]) -> dict[str, str]:
    """Code → code there, from the codes of the list ``country`` with their attributes."""
    known = {}
    for code, attributes in rows:
        about = json.loads(attributes or "{}")
        if written := about.get("ftm") or (code.lower() if about.get("kind") == "country" else None):
            known[code] = written
    return known


def account(labels: Labels) -> str:
    """SQL for what each entity says of itself: the row that it was made from, and how it may be used."""
    return (
        "['Record ' || record_id || ' of ' || source_id || ': row ' || source_row || ' of export ' || export_id, "
        f"'Confidentiality: ' || {labels('confidentiality', 'confidentiality')}] "
        f"|| {_each('Handling', 'handling_code', 'handling_codes', labels, coded=True)} "
        f"|| {_each('May be processed for', 'purpose', 'permitted_purposes', labels)} "
        f"|| {_each('Special care', 'sensitive_category', 'sensitive_categories', labels)}"
    )


def _each(what: str, code_list: str, codes: str, labels: Labels, coded: bool = False) -> str:
    code = "c || ' ' || " if coded else ""
    return f"list_transform({codes}, lambda c: '{what}: ' || {code}{labels(code_list, 'c')})"


def person(labels: Labels) -> dict[str, str]:
    """Property → SQL for its list of texts, over a record of a person."""
    kinds = {name: _other_names(*types) for name, types in _NAMES.items()}
    spoken = "list_filter(languages, lambda c: c {} IN " + f"{_LANGUAGES})"
    return {
        "name": f"[full_name, full_name_latin] || {kinds['name']}",
        "alias": kinds["alias"], "previousName": kinds["previousName"], "weakAlias": kinds["weakAlias"],
        "firstName": "[given_names, given_names_latin]",
        "lastName": "[family_name, family_name_latin, second_family_name]",
        "fatherName": "[patronymic]",
        "gender": "[CASE sex WHEN 'M' THEN 'male' WHEN 'F' THEN 'female' WHEN 'X' THEN 'other' END]",
        "birthDate": _date("birth_date"), "deathDate": _date("death_date"),
        "birthPlace": "[birth_place]", "birthCountry": _country("[birth_country]"),
        "nationality": _country("nationalities"),
        "idNumber": "[personal_number]",
        "height": "[height_cm || ' cm']", "weight": "[weight_kg || ' kg']",
        "eyeColor": _colours("eye_colour", labels), "hairColor": _colours("hair_colour", labels),
        "appearance": "[distinguishing_marks]", "profession": "occupations", "spokenLanguage": spoken.format(""),
        # Somebody whose identity a criminal uses is not wanted.
        "topics": "[CASE WHEN identity_basis IS NOT DISTINCT FROM 'misused' THEN NULL "
        "WHEN status = 'wanted' THEN 'wanted' WHEN status = 'sanctioned' THEN 'sanction' END]",
        "keywords": f"[{labels('person_status', 'status')}]",
        "sourceUrl": "[url]",
        "notes": f"[remarks, 'Identity: ' || {labels('identity_basis', 'identity_basis')}, "
        f"'Identification as year and number: ' || interpol_id, "
        f"{_said('Born', 'birth_date')}, {_said('Died', 'death_date')}, "
        f"{_no_country('Born in', '[birth_country]', labels)}, {_no_country('Nationality', 'nationalities', labels)}, "
        f"'Speaks: ' || nullif(array_to_string({spoken.format('NOT')}, ', '), '')] || {account(labels)}",
    }  # fmt: skip


def _colours(code_list: str, labels: Labels) -> str:
    known = f"list_filter({code_list}s, lambda c: c <> 'XXX')"
    return f"list_transform({known}, lambda c: {labels(code_list, 'c')})"


def vehicle(labels: Labels) -> dict[str, str]:
    """The same of a vehicle: its name is make and model, or else its plate, VIN or kind."""
    make = f"CASE WHEN make NOT IN ('OTHER', 'UNKNOWN') THEN {labels('vehicle_make', 'make')} ELSE make_as_given END"
    kind = labels("vehicle_category", "category")
    return {
        "name": f"[coalesce(nullif(concat_ws(' ', {make}, model), ''), plate, vin, chassis_number, {kind}, record_id)]",
        "type": f"[{kind}]", "model": "[model]", "registrationNumber": "[plate]",
        "country": _country("[plate_country]"),
        "keywords": f"[{labels('vehicle_status', 'status')}]",
        "notes": "['Model year ' || model_year, 'VIN ' || vin, 'Chassis number ' || chassis_number, "
        f"'Engine number ' || engine_number, remarks, "
        f"'Colour: ' || {labels('colour', 'colour')}, "
        f"concat_ws(' ', {labels('vehicle_status', 'status')}, status_date, status_place), "
        f"{_no_country('Registered in', '[plate_country]', labels)}] || {account(labels)}",
    }  # fmt: skip


def document(labels: Labels, holders: str) -> dict[str, str]:
    """The same of a document; ``holders``: SQL for the list of ids of entities."""
    return {
        "holder": holders, "number": "[number]", "type": f"[{labels('document_class', 'document_class')}]",
        "country": _country("[issuing_country]"), "authority": "[issuing_authority]",
        "startDate": _date("issue_date"), "endDate": _date("expiry_date"),
        "summary": f"[concat_ws(' ', {labels('document_status', 'status')}, status_date)]",
        "description": f"[circumstances, {_no_country('Issued by', '[issuing_country]', labels)}, "
        f"{_said('Issued', 'issue_date')}, {_said('Expires', 'expiry_date')}] || {account(labels)}",
        "recordId": "[record_id]",
    }  # fmt: skip


def holder(labels: Labels) -> dict[str, str]:
    """The same of a holder of whom no more than the name in the document is known."""
    return {
        "name": "[holder_name]",
        "notes": f"['Known only as the holder of document ' || number] || {account(labels)}",
    }


def link(one: str, other: str, told: str, labels: Labels) -> dict[str, str]:
    """The same of a link; ``one``, ``other``: the properties of its first and second record, ``told``: of its role."""
    role = f"[coalesce(role_as_given, {labels('link_role', 'role')})]"
    properties = {
        one: "[from_record_id]", other: "[to_record_id]", told: role, "startDate": _date("valid_from"),
        "endDate": _date("valid_to"), "recordId": "[record_id]", "description": f"[note] || {account(labels)}",
    }  # fmt: skip
    if told == "criteria":  # Similar has no dates and no description
        del properties["startDate"], properties["endDate"], properties["recordId"], properties["description"]
        properties |= {
            told: f"{role} || coalesce(reasons, [])", "confidenceScore": "[weight]",
            "matcher": "[coalesce(confirmed_by, source_id)]",
        }  # fmt: skip
    return properties


def entity(schema: str, properties: Mapping[str, str], record_id: str = "record_id") -> str:
    """SQL for the JSON of one entity. All are SQL, ``properties`` of lists."""
    pairs = ", ".join(
        f"{{'k': '{name}', 'v': {value}}}" for name, value in _within_limits(properties).items()
    )
    return (
        f"to_json({{'id': {record_id}, 'schema': {schema}, 'properties': map_from_entries(list_transform("
        f"list_filter([{pairs}], lambda p: len(p.v) > 0), lambda p: (p.k, p.v))), "
        "'datasets': [replace(source_id, '-', '_')], "
        f"'first_seen': {_moment('first_seen')}, 'last_change': {_moment('last_changed')}}})::VARCHAR"
    )


def _within_limits(properties: Mapping[str, str]) -> dict[str, str]:
    """The properties, clean, with what is too long for one told whole in ``notes`` or ``description``, in pieces."""
    fitting, told = {}, []
    for name, value in properties.items():
        fitting[name] = _clean(value)
        if name in _MOST:
            too_long = f"list_filter({fitting[name]}, lambda t: length(t) > {_MOST[name]})"
            told.append(f"list_transform({too_long}, lambda t: '{name}: ' || t)")
            # A number of which a part is missing would be another number.
            fitting[name] = (
                f"list_filter({fitting[name]}, lambda t: length(t) <= {_MOST[name]})"
                if name in _NUMBERS
                else f"list_transform({fitting[name]}, lambda t: if(length(t) <= {_MOST[name]}, t, "
                f"left(t, {_MOST[name] - 1}) || '…'))"
            )
    for name in ("summary", "notes", "description"):
        if name in fitting:
            more = [] if name == "summary" else told
            fitting[name] = _clean(
                f"flatten(list_transform({' || '.join([fitting[name], *more])}, {_PIECES}))"
            )
    return fitting


def _clean(texts: str) -> str:
    """Each once, without blanks around it; nothing where there is nothing."""
    return (
        f"list_sort(list_distinct(list_filter(list_transform(coalesce({texts}, []), "
        "lambda t: trim(CAST(t AS VARCHAR))), lambda t: t <> '')))"
    )


def _other_names(*types: str | None) -> str:
    """Other names of these types; None: of no type."""
    told = ", ".join(literal(kind) for kind in types if kind)
    chosen = f"n.name_type IN ({told})" + (" OR n.name_type IS NULL" if None in types else "")
    return (
        f"list_transform(list_filter(coalesce(other_names, []), lambda n: {chosen}), lambda n: n.full_name)"
    )


def _date(column: str) -> str:
    """What is known of a partial date from its beginning: ``1979-04~`` and ``1979-04-XX`` are ``1979-04``."""
    written = f"regexp_replace(regexp_replace({column}, '[~?%]$', ''), '(-XX)+$', '')"
    return f"[CASE WHEN regexp_matches({written}, '{_DATE}') THEN {written} END]"


def _said(what: str, column: str) -> str:
    """A date that is not only a prefix: ``197X``, ``1970/1971``, ``1965~``."""
    return f"CASE WHEN NOT regexp_matches({column}, '{_DATE}') THEN '{what} ' || {column} END"


def _country(codes: str) -> str:
    return f"list_transform({codes}, lambda c: getvariable('ftm_countries')[c])"


def _no_country(what: str, codes: str, labels: Labels) -> str:
    """Codes that are no country there, by their label."""
    missing = f"list_filter({codes}, lambda c: getvariable('ftm_countries')[c] IS NULL)"
    said = f"list_transform({missing}, lambda c: {labels('country', 'c')})"
    return f"'{what} ' || nullif(array_to_string({said}, ', '), '')"


def _moment(column: str) -> str:
    return f"strftime({column}, '%Y-%m-%dT%H:%M:%S')"


def _map(values: Mapping[str, str]) -> str:
    written = ", ".join(f"{literal(key)}: {literal(value)}" for key, value in sorted(values.items()))
    return f"MAP {{{written}}}" if values else "MAP([]::VARCHAR[], []::VARCHAR[])"


def _lookup(values: Mapping[str, str], code: str) -> str:
    return f"{_map(values)}[{code}]"
