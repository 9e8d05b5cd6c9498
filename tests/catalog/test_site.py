"""The site: everything is there, every link leads somewhere, nothing is fetched, and no name is markup."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
from lxml import html

from comity.catalog.place import anchor, file_of
from comity.catalog.search_index import data_block, entries
from comity.catalog.site import site_pages, write_site
from comity.catalog.source_entry import SourceField
from comity.errors import QueryError
from comity.query.federation import open_federation

if TYPE_CHECKING:
    from pathlib import Path

    from comity.catalog.catalog import Catalog
    from comity.config.settings import Settings

HOSTILE = "</title></style></script><script>alert('x')</script><img src=x onerror=y> & \"quoted\""


def read(path: Path) -> html.HtmlElement:
    return html.document_fromstring(path.read_text("utf-8"))


def text_of(tree: html.HtmlElement) -> str:
    return " ".join(tree.text_content().split())


def test_everything_of_the_federation_has_a_page(catalog: Catalog, site: Path) -> None:
    standard = catalog.standard

    for record_type in standard.record_types.values():
        assert (site / file_of("record type", record_type.name)).is_file()
        for column in record_type.columns:
            name = column.name if column.envelope else f"{record_type.name}.{column.name}"
            assert (site / file_of("column", name)).is_file()
    assert all((site / file_of("source", source.source_id)).is_file() for source in catalog.sources)
    assert all((site / file_of("code list", name)).is_file() for name in standard.code_lists)
    assert len(catalog.sources) >= 15


def test_every_link_leads_to_a_page_and_a_place_in_it(site: Path) -> None:
    pages = {path: path.read_text("utf-8") for path in site.rglob("*.html")}
    ids = {path: set(re.findall(r'\bid="([^"]+)"', text)) for path, text in pages.items()}
    wrong = []
    for path, text in pages.items():
        for href in re.findall(r'\bhref="([^"]+)"', text):
            target, _, place = unquote(href).partition("#")
            found = (path.parent / target).resolve() if target else path
            if not found.is_file() or (place and place not in ids[found]):
                wrong.append(f"{path.name}: {href}")

    assert not wrong
    assert len(pages) > 500


def test_a_page_loads_nothing_and_runs_nothing_but_its_own(site: Path) -> None:
    for path in (site / "index.html", site / "quality.html", next((site / "columns").iterdir())):
        text = path.read_text("utf-8")
        tree = html.document_fromstring(text)
        (policy,) = tree.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
        digests = {
            base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()
            for part in re.findall(r"<(?:style|script)>(.*?)</(?:style|script)>", text, re.DOTALL)
        }

        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert set(re.findall(r"'sha256-([^']+)'", policy)) == digests
        assert ("script-src" in policy) == (path.name == "index.html")
        assert (
            tree.xpath("//@src | //link | //img | //iframe | //@style | //@*[starts-with(name(), 'on')]")
            == []
        )
        assert "http://" not in text.replace("http-equiv", "") and "https://" not in text


def test_a_column_leads_back_to_the_fields_and_rules_of_each_source(site: Path) -> None:
    tree = read(site / "columns" / "vehicle.make.html")
    said = text_of(tree)

    assert "nz-police-vehicles" in said and "us-vehicles" in said
    assert '{"from": "VMA", "codes": "make"}' in said
    assert tree.xpath("//a[text()='VMA']/@href") == [f"../sources/us-vehicles.html#{anchor('VMA')}"]
    shares = [cell.text_content() for cell in tree.xpath("//td[starts-with(@class, 'share')]")]
    assert len(shares) == 2 and all(share.endswith("%") for share in shares)


def test_a_partial_date_and_the_envelope_have_their_rules_too(site: Path) -> None:
    assert '"date": ["%Y-%m-%d"]' in text_of(read(site / "columns" / "vehicle.status_date_latest.html"))
    assert "adapter.yaml: handling" in text_of(read(site / "columns" / "confidentiality.html"))


def test_a_source_says_whose_it_is_and_what_became_of_each_field(catalog: Catalog, site: Path) -> None:
    said = text_of(read(site / "sources" / "us-vehicles.html"))
    source = catalog.source("us-vehicles")
    assert source is not None and source.ignored

    assert source.owner_country in said and source.title in said
    assert "vehicle.make" in said and "key of vehicle" in said
    for reason in source.ignored.values():
        assert f"not used: {' '.join(reason.split())}" in said


def test_a_record_type_shows_what_each_country_fills(catalog: Catalog, site: Path) -> None:
    tree = read(site / "records" / "person.html")
    heads = [
        cell.text_content() for cell in tree.xpath("//caption[contains(., 'own columns')]/..//thead//th")
    ]

    assert heads == [
        "Column",
        *sorted({held.owner_country for held in catalog.of_type("person")}),
        "Type",
        "Meaning",
    ]


def test_names_that_hold_markup_are_text(catalog: Catalog) -> None:
    first, *rest = catalog.sources
    field = SourceField(HOSTILE, HOSTILE, HOSTILE)
    bad = replace(
        first, title=HOSTILE, authority=HOSTILE, description=HOSTILE, licence=HOSTILE, attribution=HOSTILE,
        last_outcome=HOSTILE, kind=HOSTILE, fields=(field,), ignored={HOSTILE: HOSTILE}, handling={HOSTILE: HOSTILE},
        notes=(HOSTILE,),
    )  # fmt: skip
    hostile = replace(catalog, sources=(bad, *rest))

    for name, text in site_pages(hostile):
        scripts = len(re.findall("<script", text))
        assert scripts == (2 if name == "index.html" else 0)
        assert "<img" not in text and "onerror=y>" not in text
    block = re.sub(r"^<script[^>]*>|</script>$", "", data_block(hostile))
    assert "<" not in block and json.loads(block) == [list(entry) for entry in entries(hostile)]


def test_two_names_never_take_one_file() -> None:
    names = ["a", "A", "../a", ".a", "a/b", "a~2f~b", "a b", "é"]

    files = {file_of("source", name) for name in names}
    assert len(files) == len(names)
    assert all(re.fullmatch(r"sources/[a-z0-9_~][a-z0-9_~.\-]*\.html", name) for name in files)


def test_a_catalogue_is_replaced_and_nothing_else(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("comity.catalog.site.site_pages", lambda _: iter([("index.html", "new")]))
    folder = tmp_path / "site"
    folder.mkdir()
    assert write_site(catalog, folder) == 1
    (folder / "old.html").touch()
    write_site(catalog, folder)
    assert {path.name for path in folder.iterdir()} == {"index.html", "catalog.jsonld"}

    other = tmp_path / "papers"
    other.mkdir()
    (other / "letter.txt").write_text("mine")
    with pytest.raises(QueryError) as refused:
        write_site(catalog, other)
    assert refused.value.code == "query.not-a-catalog"
    assert [path.name for path in tmp_path.iterdir() if "part" in path.name] == []
    assert (other / "letter.txt").read_text() == "mine"


def test_no_value_of_a_record_is_in_the_site(night: Settings, site: Path) -> None:
    asked = (
        "SELECT full_name FROM person WHERE length(full_name) > 7",
        "SELECT holder_name FROM identity_document WHERE length(holder_name) > 6",
        "SELECT vin FROM vehicle WHERE length(vin) > 6",
        "SELECT record_id FROM person",
    )
    with open_federation(night) as federation:
        values = {row[0] for question in asked for row in federation.sql(question).fetchall()}
    whole = "\n".join(path.read_text("utf-8") for path in site.rglob("*") if path.is_file())

    assert len(values) > 50
    assert [value for value in values if value in whole] == []
