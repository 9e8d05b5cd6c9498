"""XML: which elements are records, and what is in them.

Invariant: entities are not expanded and nothing is fetched; the element that is proposed is the outermost that repeats.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from comity.errors import ReadError
from comity.workbench.nested import MOST, fields_of
from comity.workbench.table import Table

if TYPE_CHECKING:
    from pathlib import Path

_LOOKED_AT = 24 << 20
_DECLARED = re.compile(rb'<\?xml[^>]*encoding\s*=\s*["\']([\w.\-]+)')


def read_xml(path: Path, name: str) -> Table:
    """The records of the document. Raises ReadError when nothing in it repeats."""
    with path.open("rb") as file:
        raw = file.read(_LOOKED_AT)
    size = path.stat().st_size
    tag, namespaces = _repeated(raw)
    if tag is None:
        raise ReadError(
            "read.no-header",
            "No element of the document repeats, so there are no records in it",
            file=name,
            remedy="write 'records' in adapter.yaml by hand: the path of the elements that are records",
        )
    records: list[dict[str, Any]] = []
    for element in _elements(raw, tag):
        records.append(_record(element))
        element.clear()
        if len(records) >= MOST:
            break
    space, _, local = tag.rpartition("}")
    prefix = ""
    format: dict[str, Any] = {"type": "xml", "records": f"//{local}"}
    if space:
        prefix = next((key for key, uri in namespaces.items() if key and uri == space[1:]), "r")
        format |= {"records": f"//{prefix}:{local}", "namespaces": {prefix: space[1:]}}
    share = min(1.0, len(raw) / max(size, 1))
    declared = _DECLARED.search(raw[:200])
    evidence = (
        f"XML: the element '{local}' repeats {len(records):,} times",
        f"the document declares the encoding {declared[1].decode()}"
        if declared
        else "no encoding declared, so UTF-8",
    )
    return Table(format, fields_of(records), len(records), round(len(records) / share), True, evidence)


def _parse(raw: bytes, events: tuple[str, ...], tag: str | None = None) -> Any:
    from lxml import etree

    return etree.iterparse(
        io.BytesIO(raw), events=events, tag=tag, recover=True, resolve_entities=False, no_network=True, load_dtd=False,
        huge_tree=False,
    )  # fmt: skip


def _repeated(raw: bytes) -> tuple[str | None, dict[str, str]]:
    """The outermost element that stands more than once in one parent and holds something."""
    from lxml import etree

    counted: Counter[tuple[int, str]] = Counter()
    holding: set[str] = set()
    namespaces: dict[str, str] = {}
    depth = 0
    try:
        for event, element in _parse(raw[: 4 << 20], ("start", "end")):
            if not isinstance(element.tag, str):
                continue
            if event == "start":
                namespaces |= {key: value for key, value in element.nsmap.items() if key}
                counted[depth, element.tag] += 1
                if element.attrib:
                    holding.add(element.tag)
                parent = element.getparent()
                if parent is not None:
                    holding.add(parent.tag)
                depth += 1
            else:
                depth -= 1
    except etree.XMLSyntaxError:
        pass
    repeated = [
        (level, -count, tag)
        for (level, tag), count in counted.items()
        if count > 1 and tag in holding and level
    ]
    if not repeated:
        repeated = [
            (level, -count, tag) for (level, tag), count in counted.items() if tag in holding and level
        ]
    return (min(repeated)[2] if repeated else None), namespaces


def _elements(raw: bytes, tag: str) -> Any:
    from lxml import etree

    try:
        for _, element in _parse(raw, ("end",), tag):
            yield element
    except etree.XMLSyntaxError:
        return


def _record(element: Any) -> Any:
    """An element as a reader gives it: ``@name`` for attributes, ``#text`` beside them, a list where a tag repeats."""
    found: dict[str, Any] = {f"@{_local(key)}": value for key, value in element.attrib.items()}
    repeated: dict[str, list[Any]] = {}
    for child in element:
        if isinstance(child.tag, str):
            repeated.setdefault(_local(child.tag), []).append(_record(child))
    for key, values in repeated.items():
        found[key] = values[0] if len(values) == 1 else values
    text = (element.text or "").strip()
    if not found:
        return text or None
    if text:
        found["#text"] = text
    return found


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
