"""The catalogue as DCAT 3 in JSON-LD, after the application profile DCAT-AP 3.

Invariant: it can be read without a network, for its context is in it; the same release gives the same identifiers; it
holds what the site holds, and no value of a record. Terms: W3C DCAT 3, Dublin Core, DQV, the EU authority tables.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comity.catalog.place import file_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from pathlib import Path

    from comity.catalog.catalog import Catalog
    from comity.catalog.coverage import Held
    from comity.catalog.source_entry import SourceEntry
    from comity.standard import RecordType

Node = dict[str, Any]
CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "dqv": "http://www.w3.org/ns/dqv#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "owl": "http://www.w3.org/2002/07/owl#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_EU = "http://publications.europa.eu/resource/authority"
_PARQUET = "https://www.iana.org/assignments/media-types/application/vnd.apache.parquet"
_FREQUENCIES = {"daily": "DAILY", "weekly": "WEEKLY", "monthly": "MONTHLY", "yearly": "ANNUAL"}
_METRICS = {
    "completeness": "The share, 0 to 1, of the values of the record type's own columns that are filled.",
    "checks": "The share, 0 to 1, of the checks of its suites that held when it was last judged.",
}


def write_dcat(
    catalog: Catalog, path: Path, *, base: str | None = None, publisher: str | None = None
) -> None:
    """Write the catalogue to ``path``, whole or not at all."""
    from comity.query.output import output_file

    with output_file(path) as file:
        file.write(dcat_text(catalog, base=base, publisher=publisher).encode())


def dcat_text(catalog: Catalog, *, base: str | None = None, publisher: str | None = None) -> str:
    """``base``: where the site is published, with which every identifier then begins; without it they are UUIDs."""
    graph = _Dcat(catalog, base, publisher or catalog.standard.title).graph()
    return json.dumps({"@context": CONTEXT, "@graph": graph}, ensure_ascii=False, indent=1) + "\n"


@dataclass(frozen=True)
class _Dcat:
    catalog: Catalog
    base: str | None
    publisher: str

    def graph(self) -> list[Node]:
        standard = self.catalog.standard
        types = [each for each in standard.record_types.values() if self.catalog.of_type(each.name)]
        datasets = [self._record_type(each) for each in types]
        datasets += [self._source(each) for each in self.catalog.sources]
        root: Node = {
            "@id": self._id("index.html", "catalog"),
            "@type": "dcat:Catalog",
            "dct:title": _text(f"Catalogue of the {standard.title}"),
            "dct:description": _text(standard.description),
            "dct:publisher": self._agent("federation", self.publisher),
            "dct:language": _typed(f"{_EU}/language/ENG", "dct:LinguisticSystem"),
            "dct:spatial": [self._location(country) for country in self.catalog.countries],
            "dcat:themeTaxonomy": {
                **_typed(f"{_EU}/data-theme", "skos:ConceptScheme"),
                "dct:title": _text("Data theme"),
            },
            "dcat:version": str(self.catalog.release),
            "dct:modified": _time(self.catalog.published_at),
            "dcat:dataset": [{"@id": dataset["@id"]} for dataset in datasets],
        }
        return [_kept(node) for node in (root, *datasets, *self._standards(types), *self._metrics())]

    def _id(self, page: str, part: str = "") -> str:
        if self.base is None:
            return uuid.uuid5(uuid.NAMESPACE_OID, f"{self.catalog.origin}/{page}#{part}").urn
        return f"{self.base.rstrip('/')}/{page}" + (f"#{part}" if part else "")

    def _record_type(self, record_type: RecordType) -> Node:
        name = record_type.name
        held = self.catalog.of_type(name)
        sources = [source for each in held if (source := self.catalog.source(each.source_id))]
        columns = record_type.own_columns
        cells = sum(each.records for each in held) * len(columns)
        filled = sum(each.filled.get(column.name, 0) for each in held for column in columns)
        conforms = [{"@id": self._id(file_of("record type", name), "standard")}]
        return {
            **self._dataset(file_of("record type", name), name, held),
            "dct:title": _text(record_type.title),
            "dct:description": _text(record_type.description),
            "dct:publisher": self._agent("federation", self.publisher),
            "dct:creator": [self._owner(source) for source in sources],
            "dct:accrualPeriodicity": _frequency([source.due for source in sources]),
            "dct:conformsTo": conforms,
            "dct:source": [
                {"@id": self._id(file_of("source", each.source_id), "dataset")} for each in sources
            ],
            "dct:rights": [each for source in sources for each in _rights(source)],
            "dcat:distribution": self._distribution(file_of("record type", name), held, conforms),
            "dqv:hasQualityMeasurement": self._measured(
                file_of("record type", name), "completeness", filled / cells if cells else None
            ),
        }

    def _source(self, source: SourceEntry) -> Node:
        page = file_of("source", source.source_id)
        held = self.catalog.of_source(source.source_id)
        conforms = [
            {"@id": self._id(file_of("record type", each.record_type), "standard")}
            for each in held
            if each.record_type in self.catalog.standard.record_types
        ]
        last = self.catalog.quality.last(source.source_id)
        return {
            **self._dataset(page, source.source_id, held, [source.owner_country]),
            "dct:title": source.name,
            "dct:description": source.description or source.name,
            "dct:publisher": self._owner(source),
            "dct:accrualPeriodicity": _frequency([source.due]),
            "dct:rights": _rights(source),
            "dcat:distribution": self._distribution(page, held, conforms, source) if held else None,
            "dqv:hasQualityMeasurement": self._measured(page, "checks", None if last is None else last / 100),
        }

    def _dataset(
        self, page: str, name: str, held: Sequence[Held], countries: Iterable[str] | None = None
    ) -> Node:
        """What the datasets of record types and of sources have in common."""
        since = min((each.since for each in held if each.since), default=None)
        until = max((each.until for each in held if each.until), default=None)
        owners = sorted({each.owner_country for each in held}) if countries is None else countries
        return {
            "@id": self._id(page, "dataset"),
            "@type": "dcat:Dataset",
            "dct:identifier": name,
            "dcat:keyword": _text(name.replace("_", " ")),
            "dcat:theme": {
                **_typed(f"{_EU}/data-theme/JUST", "skos:Concept"),
                "skos:prefLabel": _text("Justice, legal system and public safety"),
            },
            "dcat:landingPage": _typed(self._id(page), "foaf:Document"),
            "dct:spatial": [self._location(country) for country in owners if country],
            # The time in which its records came, since what they tell of lies in columns of their own.
            "dct:temporal": {
                "@id": self._id(page, "temporal"),
                "@type": "dct:PeriodOfTime",
                "dcat:startDate": _time(since),
                "dcat:endDate": _time(until),
            }
            if since
            else None,
            "dct:issued": _time(since),
            "dct:modified": _time(until),
            "dct:accessRights": _typed(f"{_EU}/access-right/RESTRICTED", "dct:RightsStatement"),
            "dcat:version": str(self.catalog.release),
        }

    def _distribution(
        self, page: str, held: Sequence[Held], conforms: list[Node], source: SourceEntry | None = None
    ) -> Node:
        # Files are read through the federation and not fetched: then the landing page is the access (DCAT 3, 5.4).
        licence = source.licence if source else ""
        return {
            "@id": self._id(page, "distribution"),
            "@type": "dcat:Distribution",
            "dct:title": _text("Parquet files, read through the federation in SQL"),
            "dcat:accessURL": _typed(self._id(page), "foaf:Document"),
            "dcat:mediaType": _typed(_PARQUET, "dct:MediaType"),
            "dct:format": _typed(f"{_EU}/file-type/PARQUET", "dct:MediaTypeOrExtent"),
            "dcat:byteSize": {
                "@type": "xsd:nonNegativeInteger",
                "@value": str(sum(each.bytes for each in held)),
            },
            "dct:conformsTo": conforms,
            "dct:license": {
                "@id": self._id(page, "licence"),
                "@type": "dct:LicenseDocument",
                "dct:title": licence,
            }
            if licence
            else None,
        }

    def _standards(self, types: Sequence[RecordType]) -> Iterable[Node]:
        standard = self.catalog.standard
        for each in types:
            yield {
                "@id": self._id(file_of("record type", each.name), "standard"),
                "@type": "dct:Standard",
                "dct:title": _text(f"{standard.title}: {each.title}"),
                "dct:identifier": each.name,
                "owl:versionInfo": standard.version,
            }

    def _metrics(self) -> Iterable[Node]:
        for name, told in _METRICS.items():
            yield {
                "@id": self._id("quality.html", name),
                "@type": "dqv:Metric",
                "skos:definition": _text(told),
                "dqv:expectedDataType": {"@id": "xsd:double"},
                "dqv:inDimension": {
                    "@id": self._id("quality.html", f"dimension-{name}"),
                    "@type": "dqv:Dimension",
                    "skos:prefLabel": _text("completeness" if name == "completeness" else "consistency"),
                },
            }

    def _measured(self, page: str, metric: str, value: float | None) -> Node | None:
        if value is None:
            return None
        return {
            "@id": self._id(page, f"measured-{metric}"),
            "@type": "dqv:QualityMeasurement",
            "dqv:isMeasurementOf": {"@id": self._id("quality.html", metric)},
            "dqv:computedOn": {"@id": self._id(page, "dataset")},
            "dqv:value": {"@type": "xsd:double", "@value": f"{value:.6f}"},
        }

    def _owner(self, source: SourceEntry) -> Node:
        return self._agent(
            f"owner-{source.owner_country}-{source.authority}",
            source.authority or self.catalog.country(source.owner_country),
        )

    def _agent(self, key: str, name: str) -> Node:
        # An authority is the same agent in whatever dataset it is named.
        return {
            "@id": uuid.uuid5(uuid.NAMESPACE_OID, f"{self.catalog.origin}/{key}").urn,
            "@type": "foaf:Agent",
            "foaf:name": name,
        }

    def _location(self, country: str) -> Node:
        codes = self.catalog.standard.code_lists["country"].codes
        alpha3 = codes[country].attributes.get("alpha3") if country in codes else None
        if alpha3:
            return _typed(f"{_EU}/country/{alpha3}", "dct:Location")
        return {
            "@id": uuid.uuid5(uuid.NAMESPACE_OID, f"country/{country}").urn,
            "@type": "dct:Location",
            "skos:prefLabel": self.catalog.country(country),
        }


def _rights(source: SourceEntry) -> list[Node]:
    """Who is to be named, and under what conditions the owner gives it."""
    handling = source.handling or {}
    told = [source.attribution]
    told += [f"{label.replace('_', ' ')}: {text}" for label, text in handling.items()]
    return [{"@type": "dct:RightsStatement", "rdfs:label": f"{source.name}: {text}"} for text in told if text]


def _frequency(due: Sequence[str]) -> Node | None:
    """That of the source which comes most often."""
    known = [each for each in _FREQUENCIES if each in due]
    if not known and not due:
        return None
    return _typed(f"{_EU}/frequency/{_FREQUENCIES[known[0]] if known else 'IRREG'}", "dct:Frequency")


def _typed(uri: str, kind: str) -> Node:
    return {"@id": uri, "@type": kind}


def _text(text: str) -> Node:
    return {"@language": "en", "@value": text}


def _time(at: datetime | None) -> Node | None:
    return {"@type": "xsd:dateTime", "@value": at.isoformat()} if at else None


def _kept(node: Node) -> Node:
    """Without what is not known."""
    return {
        key: _kept(value) if isinstance(value, dict) else value
        for key, value in node.items()
        if value not in (None, "", [])
    }
