"""XML documents with record elements anywhere in them.

Invariant: nothing is expanded and nothing is fetched: entities, DTDs and the network are off, so a document
is never more than its bytes. Memory holds one piece of the document and one batch. The parser gives element by
element, so this is the one reader that handles records singly; what follows is columns again.
"""

from __future__ import annotations

import codecs
import contextlib
import json
import re
from typing import TYPE_CHECKING, Any

from comity.adapters.record_sink import RecordSink
from comity.adapters.utf8_file import Utf8File
from comity.adapters.xml_parser import NoRootError, RecordParser, make_parser
from comity.adapters.xml_path import RecordPath
from comity.adapters.xml_record import Unreadable, convert, declared_shape, local_name
from comity.adapters.xml_stream import Damage, RecordStream
from comity.errors import ReadError, nearest

if TYPE_CHECKING:
    from pathlib import Path

    from comity.adapters.adapter import Adapter
    from comity.adapters.formats import XmlFormat
    from comity.adapters.keys import Level
    from comity.adapters.part import ExportFile, Reading

_BATCH_CHARACTERS = 8 << 20
_MOST_NAMES = 200
_OUTLINE = 4 << 20
_DECLARATION = re.compile(rb"\s*<\?xml[^>]*\sencoding\s*=\s*[\"']([A-Za-z0-9._:-]+)[\"']")
# A byte order mark, or how a document without one begins.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    ("<?".encode("utf-16-le"), "utf-16-le"),
    ("<?".encode("utf-16-be"), "utf-16-be"),
)


def read(file: ExportFile, format: XmlFormat, adapter: Adapter, into: Path, first_row: int) -> Reading:
    """``file`` as ``record`` parts. Raises ReadError when it is no XML or no element is a record."""
    if not file.size:
        raise ReadError(
            "read.empty-file", "The file is empty", file=file.name, remedy="ask for the export again"
        )
    encoding = format.encoding or _declared_encoding(file.path)
    if _is_plain(encoding):
        with RecordSink(file, adapter, into, first_row) as sink:
            document = _Document(file, format, adapter, sink)
            document.read(file.path, format.encoding, encoding)
            return sink.finish(encoding=format.encoding or document.encoding or encoding)
    with Utf8File(file, encoding, into) as text, RecordSink(file, adapter, into, first_row) as sink:
        _Document(file, format, adapter, sink, exact=False).read(text.path, "utf-8", "utf-8")
        return sink.finish(encoding=encoding)


def probe(file: ExportFile, format: XmlFormat, adapter: Adapter) -> None:
    """The head of the file is XML."""
    _ = adapter
    with file.path.open("rb") as source:
        head = source.read(4096)
    # In any encoding that XML may have, the first sign is an angle bracket.
    if b"<" not in head.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n")[:1]:
        raise _not_xml(file.name, "it does not begin with '<'", None, None)


class _Document:
    """One pass over a document."""

    def __init__(
        self, file: ExportFile, format: XmlFormat, adapter: Adapter, sink: RecordSink, *, exact: bool = True
    ) -> None:
        self.file, self.sink, self.exact = file, sink, exact
        self.path = RecordPath(format.records, format.namespaces)
        self.shape = declared_shape(adapter.fields)
        self.encoding: str | None = None
        self.undeclared: set[Level] = set()
        self.encode = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode
        self.batch: list[str] = []
        self.characters = 0

    def read(self, path: Path, encoding: str | None, text_encoding: str) -> None:
        """Hand every record to the sink, in order."""
        before = self.sink.row
        outline = _outline(path, encoding, 1)
        name, root = self.path.names[-1], outline[0][0] if outline else self.path.names[0]
        nested = self.shape.has(name) or name in self.path.names[:-1]
        parser = RecordParser(self.path, root, nested=nested, check_root=self._check_prolog)
        parser.begin(encoding)
        stream = RecordStream(path, parser, name, text_encoding, nested=nested, marked=not self.exact)
        try:
            for found in stream:
                if isinstance(found, Damage):
                    self._refuse(found.code, found.message, found.raw or None, (found.line, found.offset))
                else:
                    self._take(found, stream)
        except NoRootError as error:
            raise _not_xml(self.file.name, str(error), error.line, error.column) from None
        self._flush()
        for level in self.undeclared:
            self.sink.keys.counts[level] += 1
        if self.sink.row == before:
            self._check_that_it_is_empty(_outline(path, encoding, _MOST_NAMES))

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

    def _take(self, element: Any, stream: RecordStream) -> None:
        try:
            content = convert(element, self.shape, self.undeclared)
        except Unreadable as reason:
            from lxml import etree

            raw = etree.tostring(element, encoding="utf-8", with_tail=False)
            self._refuse(reason.code, str(reason), raw, stream.place())
            return
        text = self.encode(content)
        self.batch.append(text)
        self.characters += len(text)
        if self.characters >= _BATCH_CHARACTERS:
            self._flush()

    def _refuse(self, code: str, message: str, raw: bytes | None, place: tuple[int, int]) -> None:
        self._flush()
        line, offset = place
        self.sink.refuse(code, message, raw, line=line, byte_offset=offset if self.exact else None)

    def _flush(self) -> None:
        import pyarrow as pa

        if self.batch:
            records = pa.array(self.batch, pa.string())
            self.sink.add(records, self.sink.check(records), lambda bad: (None, None))
        self.batch, self.characters = [], 0


def _outline(path: Path, encoding: str | None, most: int) -> list[tuple[str, ...]]:
    """The tags from the root to each of the first elements."""
    from lxml import etree

    found: dict[tuple[str, ...], None] = {}
    feeder = make_parser(None, encoding)
    stack: list[str] = []
    with path.open("rb") as source, contextlib.suppress(etree.XMLSyntaxError):
        while len(found) < most and source.tell() < _OUTLINE and (chunk := source.read(4096)):
            try:
                feeder.feed(chunk)
            finally:
                for event, element in feeder.read_events():
                    if event == "start":
                        stack.append(element.tag)
                        found.setdefault(tuple(stack))
                    else:
                        stack.pop()
    return list(found)


def _declared_encoding(path: Path) -> str:
    """What the document says it is in, by its first bytes."""
    with path.open("rb") as source:
        head = source.read(256)
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    declared = _DECLARATION.match(head)
    try:
        return codecs.lookup(declared[1].decode("ascii")).name if declared else "utf-8"
    except LookupError:
        return "utf-8"  # The parser may know it, or will say that it does not.


def _is_plain(encoding: str) -> bool:
    """Whether the parser knows it, and markup can be found in it as bytes."""
    from lxml import etree

    try:
        etree.XMLParser(encoding=encoding)
    except LookupError:
        return False
    return "<a/>".encode(encoding) == b"<a/>"


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
