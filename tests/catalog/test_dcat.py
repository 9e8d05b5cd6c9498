"""DCAT: it is JSON-LD, it says what the release is, and it keeps the shapes of DCAT-AP 3."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyshacl
import pytest
from rdflib import RDF, Graph, URIRef
from rdflib.namespace import DCAT, DCTERMS, FOAF

from comity.catalog.dcat import dcat_text

if TYPE_CHECKING:
    from comity.catalog.catalog import Catalog

BASE = "https://data.example/catalogue/"
SHAPES = Path(__file__).parent / "dcat_ap"
EU = "http://publications.europa.eu/resource/authority"


def parsed(text: str) -> Graph:
    return Graph().parse(data=text, format="json-ld")


@pytest.fixture(scope="module")
def graph(catalog: Catalog) -> Graph:
    return parsed(dcat_text(catalog, base=BASE, publisher="Bureau of the Federation"))


@pytest.mark.parametrize("shapes", ["shapes.ttl", "range.ttl"])
def test_the_shapes_of_dcat_ap_hold(graph: Graph, shapes: str) -> None:
    conforms, _, said = pyshacl.validate(graph, shacl_graph=Graph().parse(SHAPES / shapes))

    assert conforms, said


def test_the_shapes_would_see_what_is_missing(graph: Graph) -> None:
    broken = Graph() + graph
    broken.remove((None, DCAT.accessURL, None))

    conforms, _, said = pyshacl.validate(broken, shacl_graph=Graph().parse(SHAPES / "shapes.ttl"))
    assert not conforms and "accessURL" in said


def test_every_record_type_with_records_and_every_source_is_a_dataset(catalog: Catalog, graph: Graph) -> None:
    identifiers = {
        str(graph.value(dataset, DCTERMS.identifier)) for dataset in graph.subjects(RDF.type, DCAT.Dataset)
    }
    (root,) = graph.subjects(RDF.type, DCAT.Catalog)

    assert identifiers == {held.record_type for held in catalog.held} | {s.source_id for s in catalog.sources}
    assert len(list(graph.objects(root, DCAT.dataset))) == len(identifiers)
    publisher = graph.value(root, DCTERMS.publisher)
    assert str(graph.value(publisher, FOAF.name)) == "Bureau of the Federation"


def test_a_source_says_who_publishes_it_how_often_where_and_under_which_terms(
    catalog: Catalog, graph: Graph
) -> None:
    dataset = URIRef(f"{BASE}sources/nz-police-vehicles.html#dataset")
    source = catalog.source("nz-police-vehicles")
    assert source is not None

    assert graph.value(dataset, DCTERMS.accrualPeriodicity) == URIRef(f"{EU}/frequency/WEEKLY")
    assert graph.value(dataset, DCTERMS.spatial) == URIRef(f"{EU}/country/NZL")
    assert str(graph.value(graph.value(dataset, DCTERMS.publisher), FOAF.name)) == source.authority
    rights = {str(label) for each in graph.objects(dataset, DCTERMS.rights) for label in graph.objects(each)}
    assert any(source.attribution in label for label in rights)
    period = graph.value(dataset, DCTERMS.temporal)
    assert graph.value(period, DCAT.startDate) and graph.value(period, DCAT.endDate)


def test_a_record_type_names_its_sources_its_standard_and_its_files(catalog: Catalog, graph: Graph) -> None:
    dataset = URIRef(f"{BASE}records/vehicle.html#dataset")
    distribution = graph.value(dataset, DCAT.distribution)

    assert {str(each).rpartition("/")[2] for each in graph.objects(dataset, DCTERMS.source)} == {
        f"{held.source_id}.html#dataset" for held in catalog.of_type("vehicle")
    }
    assert graph.value(dataset, DCTERMS.conformsTo) == URIRef(f"{BASE}records/vehicle.html#standard")
    size = graph.value(distribution, DCAT.byteSize)
    assert size is not None and int(size) == sum(held.bytes for held in catalog.of_type("vehicle")) > 0


def test_without_a_base_the_identifiers_are_uuids_and_always_the_same(catalog: Catalog) -> None:
    text = dcat_text(catalog)

    subjects = {str(each) for each in parsed(text).subjects() if isinstance(each, URIRef)}
    own = {each for each in subjects if not each.startswith("http")}
    assert own and all(each.startswith("urn:uuid:") for each in own)
    assert dcat_text(catalog) == text
