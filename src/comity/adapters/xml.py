"""XML documents with record elements anywhere in them.

Invariant: nothing is expanded and nothing is fetched: entities, DTDs and the network are off, so a document
is never more than its bytes. Memory holds one record and one batch, since every element is dropped once it
has been seen. The parser gives element by element, so this is the one reader that handles records singly;
what follows is columns again.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from comity.adapters.record_sink import RecordSink
from comity.adapters.utf8_file import Utf8File
from comity.adapters.xml_record import Unreadable, convert, declared_shape, local_name
from comity.errors import ReadError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from comity.adapters.adapter import Adapter
    from comity.adapters.formats import XmlFormat
    from comity.adapters.keys import Level
    from comity.adapters.part import ExportFile, Reading

_BATCH_CHARACTERS = 8 << 20
_CHUNK = 256 << 10
_MOST_NAMES = 200
_OUTLINE = 4 << 20


def read(file: ExportFile, format: XmlFormat, adapter: Adapter, into: Path, first_row: int) -> Reading:
    """``file`` as ``record`` parts. Raises ReadError when it is no XML or no element is a record."""
    if not file.size:
        raise ReadError(
            "read.empty-file", "The file is empty", file=file.name, remedy="ask for the export again"
        )
    path, encoding = file.path, format.encoding
    if encoding is not None and not _is_known(encoding):
        with Utf8File(file, encoding, into) as text, RecordSink(file, adapter, into, first_row) as sink:
            _Document(file, format, adapter, sink).read(text.path, "utf-8")
            return sink.finish(encoding=encoding)
    with RecordSink(file, adapter, into, first_row) as sink:
        document = _Document(file, format, adapter, sink)
        document.read(path, encoding)
        return sink.finish(encoding=encoding or document.encoding)


def probe(file: ExportFile, format: XmlFormat, adapter: Adapter) -> None:
    """The head of the file is XML."""
    _ = adapter
    with file.path.open("rb") as source:
        head = source.read(4096)
    # In any encoding that XML may have, the first sign is an angle bracket.
    if b"<" not in head.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n")[:1]:
        raise _not_xml(file.name, "it does not begin with '<'", None, None)


class RecordPath:
    """``//case``, ``cases/case`` (at any depth) or ``/export/cases/case`` (from the root)."""

    def __init__(self, path: str, namespaces: dict[str, str]) -> None:
        self.text = path
        self.absolute = path.startswith("/") and not path.startswith("//")
        self.steps = tuple(_step(step, namespaces) for step in path.strip("/").split("/") if step)
        self.names = tuple(local_name(step) for step in self.steps)

    def is_record(self, element: Any) -> bool:
        """Whether ``element`` is a record and lies in no other."""
        stack = [element.tag, *(parent.tag for parent in element.iterancestors())][::-1]
        return self.matches(stack) and not any(self.matches(stack[:depth]) for depth in range(1, len(stack)))

    def matches(self, stack: list[str]) -> bool:
        """Whether the element whose tags from the root are ``stack`` is a record."""
        if self.absolute and len(stack) != len(self.steps):
            return False
        return len(stack) >= len(self.steps) and all(
            tag == step if step.startswith("{") else local_name(tag) == step
            for tag, step in zip(reversed(stack), reversed(self.steps), strict=False)
        )


class _Document:
    """One pass over a document."""

    def __init__(self, file: ExportFile, format: XmlFormat, adapter: Adapter, sink: RecordSink) -> None:
        self.file = file
        self.path = RecordPath(format.records, format.namespaces)
        self.shape = declared_shape(adapter.fields)
        self.sink = sink
        self.encoding: str | None = None
        self.undeclared: set[Level] = set()
        self.encode = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode
        self.batch: list[str] = []
        self.lines: list[int] = []
        self.characters = 0

    def read(self, path: Path, encoding: str | None) -> None:
        """Hand every record to the sink, in order."""
        from lxml import etree

        before, fault = self.sink.row, None
        outline = _outline(path, encoding, 1)
        parser = _parser((*outline[0][:1], f"{{*}}{self.path.names[-1]}") if outline else None, encoding)
        try:
            for element in self._records(path, parser):
                self._take(element)
        except etree.XMLSyntaxError as error:
            fault = error
        self._flush()
        if fault is not None:
            first = next(iter(parser.error_log.filter_from_errors()), None)
            line, column = (first.line, first.column) if first else fault.position
            line = line or 1
            message = first.message if first else fault.msg
            if not outline:
                raise _not_xml(self.file.name, message or "", line, column)
            self.sink.refuse(
                "read.broken-xml",
                f"From line {line}, column {column} on the document cannot be read: {message}",
                None,
                line=line,
                byte_offset=None,
            )
        for level in self.undeclared:
            self.sink.keys.counts[level] += 1
        if self.sink.row == before:
            self._check_that_it_is_empty(_outline(path, encoding, _MOST_NAMES))

    def _records(self, path: Path, parser: Any) -> Iterator[Any]:
        """Every record element, whole; all others are dropped as soon as they have passed.

        A fault in the document is raised behind the records before it.
        """
        from lxml import etree

        root = verdict_parent = verdict_tag = fault = None
        verdict = False
        with path.open("rb") as source:
            while fault is None:
                chunk = source.read(_CHUNK)
                try:
                    _ = parser.feed(chunk) if chunk else parser.close()
                except etree.XMLSyntaxError as error:
                    fault = error
                for event, element in parser.read_events():
                    if event == "start":
                        if root is None:
                            root = element
                            self._check_prolog(root)
                        continue
                    parent, tag = element.getparent(), element.tag
                    if parent is not verdict_parent or tag != verdict_tag:
                        # Siblings with one tag are all records or none: their way from the root is the same.
                        verdict, verdict_parent, verdict_tag = self.path.is_record(element), parent, tag
                    if verdict:
                        yield element
                        if parent is not None:
                            element.clear()
                if not chunk:
                    break
                if root is not None:
                    self._drop(root)
        if fault is not None:
            raise fault

    def _drop(self, root: Any) -> None:
        """Drop what lies behind: all but the elements that are still open."""
        element, stack = root, [root.tag]
        while len(element) and not self.path.matches(stack):
            del element[:-1]
            element.text = None
            element = element[-1]
            stack.append(element.tag)

    def _check_prolog(self, root: Any) -> None:
        info = root.getroottree().docinfo
        self.encoding = info.encoding
        entity = None if info.internalDTD is None else next(iter(info.internalDTD.iterentities()), None)
        if entity is not None:
            raise ReadError(
                "read.xml-entities",
                "The document declares entities of its own, which are never expanded",
                file=self.file.name,
                found=f"entity '{entity.name}' in the DOCTYPE",
                remedy="ask the owner for the export without a DOCTYPE",
            )

    def _check_that_it_is_empty(self, outline: list[tuple[str, ...]]) -> None:
        """Without records the element around them must be there, or nothing but the root."""
        outline = [tuple(local_name(tag) for tag in found) for found in outline]
        around = self.path.names[:-1]
        if len(outline) < 2 or (around and any(found[-len(around) :] == around for found in outline)):
            return
        raise ReadError(
            "read.no-such-path",
            f"No element of the document is a record: '{self.path.text}'",
            file=self.file.name,
            remedy=nearest(self.path.names[-1], {found[-1] for found in outline}),
        )

    def _take(self, element: Any) -> None:
        try:
            content = convert(element, self.shape, self.undeclared)
        except Unreadable as reason:
            from lxml import etree

            self._flush()
            raw = etree.tostring(element, encoding="utf-8", with_tail=False)
            self.sink.refuse(reason.code, str(reason), raw, line=element.sourceline, byte_offset=None)
            return
        text = self.encode(content)
        self.batch.append(text)
        self.lines.append(element.sourceline or 0)
        self.characters += len(text)
        if self.characters >= _BATCH_CHARACTERS:
            self._flush()

    def _flush(self) -> None:
        import numpy as np
        import pyarrow as pa

        if self.batch:
            records, lines = pa.array(self.batch, pa.string()), np.array(self.lines, dtype=np.int64)
            self.sink.add(records, self.sink.check(records), lambda bad: (lines[bad], None))
        self.batch, self.lines, self.characters = [], [], 0


def _parser(tags: tuple[str, ...] | None, encoding: str | None) -> Any:
    from lxml import etree

    return etree.XMLPullParser(
        events=("start", "end"),
        tag=tags,
        encoding=encoding,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _outline(path: Path, encoding: str | None, most: int) -> list[tuple[str, ...]]:
    """The tags from the root to each of the first elements."""
    from lxml import etree

    found: dict[tuple[str, ...], None] = {}
    parser = _parser(None, encoding)
    stack: list[str] = []
    with path.open("rb") as source, contextlib.suppress(etree.XMLSyntaxError):
        while len(found) < most and source.tell() < _OUTLINE and (chunk := source.read(4096)):
            try:
                parser.feed(chunk)
            finally:
                for event, element in parser.read_events():
                    if event == "start":
                        stack.append(element.tag)
                        found.setdefault(tuple(stack))
                    else:
                        stack.pop()
    return list(found)


def _step(step: str, namespaces: dict[str, str]) -> str:
    prefix, _, name = step.rpartition(":")
    return f"{{{namespaces[prefix]}}}{name}" if prefix in namespaces else name


def _is_known(encoding: str) -> bool:
    from lxml import etree

    try:
        etree.XMLParser(encoding=encoding)
    except LookupError:
        return False
    return True


def _not_xml(name: str, found: str, line: int | None, column: int | None) -> ReadError:
    return ReadError(
        "read.not-xml",
        "The file is no XML document",
        file=name,
        line=line,
        column=column,
        found=found,
        remedy="check the format in the adapter, and the file's first lines",
    )
