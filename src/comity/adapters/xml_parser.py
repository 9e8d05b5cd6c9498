"""The parser of XML that finds whole records, and can begin again in the middle of a document.

Invariant: nothing is expanded and nothing is fetched: entities, DTDs and the network are off. What has been given is
dropped, so that memory holds what was fed since. A fault is always told: none is passed over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from comity.adapters.xml_record import local_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from comity.adapters.xml_path import RecordPath

# What libxml2 calls them.
UNDECLARED_ENTITY: Final = 26
INVALID_CHARACTER: Final = 9
INVALID_BYTES: Final = 81
_NOT_FINISHED: Final = 77
_NAMESPACES: Final = range(200, 206)


@dataclass(frozen=True)
class Fault:
    """Why the parser can go no further; ``line`` and ``column`` count from where it began."""

    kind: int
    message: str
    line: int = 0
    column: int = 0


NOT_CLOSED: Final = Fault(0, "The record is not closed before the next one begins")
UNREADABLE: Final = Fault(0, "The markup cannot be read")


class NoRootError(Exception):
    """Not even one element could be read."""

    def __init__(self, fault: Fault) -> None:
        self.line, self.column = fault.line, fault.column
        super().__init__(fault.message)


class RecordParser:
    """Fed with the text of a document piece by piece.

    ``root``: tag of the document's root; ``nested``: a record may hold elements of its own name; ``check_root``
    sees the root before any record.
    """

    def __init__(
        self, records: RecordPath, root: str, *, nested: bool, check_root: Callable[[Any], None]
    ) -> None:
        self._records, self._nested, self._check_root = records, nested, check_root
        self._tags = (root, f"{{*}}{records.names[-1]}")
        self._around: list[tuple[str, Any]] = [(tag, {}) for tag in records.around(root)]
        self._seen = False
        self.external = False
        """The document has a DTD, which nobody fetches."""
        self.prefix: str | None = None
        """What the records have before their name."""

    @property
    def root_tag(self) -> str:
        return self._around[0][0]

    def begin(self, encoding: str | None) -> None:
        """At the beginning of a document."""
        self._parser = make_parser(self._tags, encoding)
        self._root = self._last = self._parent = self._tag = None
        self._verdict = False

    def resume(self, encoding: str) -> None:
        """Inside the elements that were around the last record."""
        from lxml import etree

        self.begin(encoding)
        root = inner = None
        for tag, namespaces in self._around:
            inner = etree.Element(tag, nsmap=namespaces) if inner is None else etree.SubElement(inner, tag)
            root = inner if root is None else root
        assert inner is not None  # the root is always around
        inner.text = "."
        text = etree.tostring(root, encoding="unicode")
        self.feed(text[: text.index(">.<") + 1].encode(encoding), last=False)

    def feed(self, data: bytes, *, last: bool) -> tuple[list[Any], Fault | None]:
        """The records that are whole now, and why it goes no further. Raises NoRootError.

        None stands for an element that has the records' name and is none, so that all of that name are counted.
        """
        from lxml import etree

        fault = None
        try:
            self._parser.feed(data)
            if last:
                self._parser.close()
        except etree.XMLSyntaxError as error:
            fault = Fault(error.code, str(error.msg), *error.position)
        found: list[Any] = []
        inside = False
        for event, element in self._parser.read_events():
            if event == "start":
                self._begun(element)
            elif inside:
                continue
            elif self._is_record(element):
                found.append(element)
            elif not self._nested and self._has_name(element):
                # In a record: that one was not closed.
                inside = self._records.lies_in_record(element)
                found += [] if inside else [None]
        # Some faults are only logged, and the parser would begin a new document with what comes next.
        for entry in self._parser.feed_error_log.filter_from_fatals():
            fault = Fault(entry.type, entry.message, entry.line, entry.column)
            break
        record = next((each for each in reversed(found) if each is not None), None)
        if record is not None:
            self.prefix = record.prefix
            above = list(record.iterancestors())[::-1]
            self._around = [(each.tag, each.nsmap) for each in above] or self._around
        if fault is None or fault.kind in _NAMESPACES:
            # An element whose prefix nobody declared keeps its name with the prefix, and may be drift.
            return found, NOT_CLOSED if inside else None
        if not self._seen:
            raise NoRootError(fault)
        return found, fault

    def is_open(self) -> bool:
        """Whether a record has begun that has not ended."""
        element = self._root
        if element is None:
            return False
        stack = [element.tag]
        while len(element) and not self._records.matches(stack):
            element = element[-1]
            stack.append(element.tag)
        return self._records.matches(stack) and element is not self._last

    def drop(self) -> None:
        """Drop what lies behind: all but the elements that are still open."""
        element = self._root
        if element is None:
            return
        stack = [element.tag]
        while len(element) and not self._records.matches(stack):
            del element[:-1]
            element.text = None
            element = element[-1]
            stack.append(element.tag)

    def reason(self) -> Fault:
        """Why a record that was fed as a whole did not come."""
        _, fault = self.feed(b"", last=True)
        return NOT_CLOSED if fault is None or fault.kind == _NOT_FINISHED else fault

    def _begun(self, element: Any) -> None:
        if self._root is None:
            self._root = element
            if not self._seen:
                self._seen = True
                self.external = bool(element.getroottree().docinfo.doctype)
                self._check_root(element)

    def _has_name(self, element: Any) -> bool:
        return local_name(element.tag) == self._records.names[-1]

    def _is_record(self, element: Any) -> bool:
        parent, tag = element.getparent(), element.tag
        if parent is not self._parent or tag != self._tag:
            # Siblings with one tag are all records or none: their way from the root is the same.
            self._verdict, self._parent, self._tag = self._records.is_record(element), parent, tag
        if self._verdict:
            self._last = element
        return self._verdict


def make_parser(tags: tuple[str, ...] | None, encoding: str | None) -> Any:
    """A parser that expands nothing and fetches nothing."""
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
