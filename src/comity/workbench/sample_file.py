"""Invented records as a file of the profile's format: what stands around them and how they are written down.

Invariant: nothing but the records, the names of the fields and the quirks of the profile is in the file.
"""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from comity.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Profile = Mapping[str, Any]
    Records = Sequence[Mapping[str, Any]]


def sample_file(profile: Profile, made: Records) -> bytes:
    """The file of ``made``, one dictionary a record by the names of its fields. Raises ConfigError for a format that
    no sample is written in.
    """
    kind = profile["format"]["type"]
    if kind in _BYTES:
        return _BYTES[kind](profile, made)
    if kind not in _TEXTS:
        raise ConfigError(
            "workbench.cannot-synthesise",
            f"No synthetic sample is made of the format '{kind}'",
            remedy="profile an export of it as a file, and name the format in adapter.yaml by hand",
        )
    encoding = profile["format"].get("encoding", "utf-8")
    if encoding == "utf-8" and profile.get("mark"):
        encoding = "utf-8-sig"
    return _TEXTS[kind](profile, made).encode(encoding, "replace")


def _delimited(profile: Profile, made: Records) -> str:
    format, fields = profile["format"], profile["fields"]
    out = io.StringIO()
    quoting: Any = csv.QUOTE_ALL if profile["quoted"] == "always" else csv.QUOTE_MINIMAL
    writer = csv.writer(
        out, delimiter=format.get("delimiter", ","), quotechar=format.get("quote") or '"', quoting=quoting,
        lineterminator=profile["line_ending"],
    )  # fmt: skip
    for number in range(1, format.get("preamble_rows", 0) + 1):
        out.write(f"synthetic line {number} above the table{profile['line_ending']}")
    for _ in range(format.get("header_rows", 1)):
        writer.writerow([field["name"] for field in fields])
    for record in made:
        writer.writerow([record[field["name"]] or "" for field in fields])
    if format.get("footer"):
        for word in profile["footer"]:
            writer.writerow([word, *([""] * (len(fields) - 1))])
    return out.getvalue()


def _nested(profile: Profile, made: Records) -> str:
    records = [_object(profile["fields"], record) for record in made]
    if profile["format"]["type"] == "ndjson":
        return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    document: Any = records
    for step in reversed([each for each in profile["format"].get("records", "").split(".") if each]):
        document = {step: document}
    return json.dumps(document, ensure_ascii=False, indent=1)


def _object(fields: Sequence[Mapping[str, Any]], record: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for field in fields:
        value = record[field["name"]]
        if "records" in field:
            value = [_object(field["records"], inner) for inner in value]
        *above, last = (field.get("path") or field["name"]).split(".")
        at = made
        for step in above:
            at = at.setdefault(step, {})
        at[last] = value
    return made


def _fixed(profile: Profile, made: Records) -> str:
    format = profile["format"]
    ending = "" if format.get("line_ending") == "none" else profile["line_ending"]
    lines = []
    for record in made:
        line = "".join((record[f["name"]] or "")[: f["length"]].ljust(f["length"]) for f in profile["fields"])
        lines.append(line.ljust(format.get("record_length", len(line))) + ending)
    return "".join(lines)


def _spreadsheet(profile: Profile, made: Records) -> bytes:
    try:
        from xlsxwriter import Workbook
    except ImportError:
        raise ConfigError(
            "workbench.cannot-synthesise",
            "Sheets need the package XlsxWriter",
            remedy='install it with the extra "comity[xlsx]"',
        ) from None
    format, fields = profile["format"], profile["fields"]
    rows: list[list[Any]] = [
        [f"synthetic line {number} above the table"] for number in range(1, profile["preamble"] + 1)
    ]
    rows += [[field["name"] for field in fields] for _ in range(format.get("header_rows", 1))]
    rows += [[record[field["name"]] for field in fields] for record in made]
    if format.get("footer"):
        rows += [[word] for word in profile["footer"]]
    held = io.BytesIO()
    # No cell becomes a link or a formula, whatever it begins with.
    with Workbook(held, {"strings_to_urls": False, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet(format.get("sheet"))
        for place, row in enumerate(rows):
            sheet.write_row(place, 0, row)
    return held.getvalue()


def _parquet(profile: Profile, made: Records) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    held = io.BytesIO()
    columns = {field["name"]: [record[field["name"]] for record in made] for field in profile["fields"]}
    kinds = {
        field["name"]: pa.list_(pa.string()) if field.get("many") else pa.string()
        for field in profile["fields"]
    }
    pq.write_table(pa.table(columns, pa.schema(list(kinds.items()))), held)
    return held.getvalue()


def _xml(profile: Profile, made: Records) -> bytes:
    from lxml import etree

    format = profile["format"]
    prefix, _, record = format["records"].rpartition("/")[2].rpartition(":")
    space = format.get("namespaces", {}).get(prefix)
    root = etree.Element("sample" if space is None else f"{{{space}}}sample", nsmap=space and {prefix: space})
    for each in made:
        _element(root, record, _object(profile["fields"], each))
    return bytes(etree.tostring(root, encoding="utf-8", xml_declaration=True, pretty_print=True))


def _element(above: Any, name: str, value: Any) -> None:
    """``value`` as a child of ``above``, as the reader of XML names its parts: ``@attribute``, ``#text``."""
    from lxml import etree

    if isinstance(value, list):
        for each in value:
            _element(above, name, each)
        return
    made = etree.SubElement(above, f"{above.tag[: above.tag.rfind('}') + 1]}{name}")
    if not isinstance(value, dict):
        made.text = value
        return
    for key, part in value.items():
        if key.startswith("@") and part is not None:
            made.set(key[1:], part)
        elif key == "#text":
            made.text = part
        elif not key.startswith("@") and part is not None:
            _element(made, key, part)


_TEXTS: dict[str, Callable[[Profile, Records], str]] = {
    "csv": _delimited,
    "json": _nested,
    "ndjson": _nested,
    "fixed_width": _fixed,
}
_BYTES: dict[str, Callable[[Profile, Records], bytes]] = {
    "spreadsheet": _spreadsheet,
    "parquet": _parquet,
    "xml": _xml,
}
