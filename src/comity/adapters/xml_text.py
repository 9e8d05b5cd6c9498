"""XML as plain text: where records begin in it, and what else stands there.

Invariant: comments and CDATA sections never count. This is only asked where the parser has given up, or where a
document is cut into pieces; what a record holds is never taken from here.
"""

from __future__ import annotations

import re

_HIDDEN = re.compile(rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>", re.DOTALL)
_HIDDEN_EDGE = re.compile(rb"<!--|<!\[CDATA\[|-->|\]\]>")
_ENTITY = re.compile(rb"&(?!(?:#[0-9]+|#x[0-9A-Fa-f]+|amp|lt|gt|quot|apos);)[^\s;<&\"']*;")
_TAGS = re.compile(rb"(?:\s*</?[^\s<>/!?]+(?:\s[^<>]*)?>)*\s*")


class RecordText:
    """Text in an encoding that agrees with ASCII, with records of one tag, in whatever namespace."""

    def __init__(self, name: str, encoding: str) -> None:
        tag = re.escape(name.encode(encoding))
        self._start = re.compile(rb"<(?:[^\s<>/:=\"'!?&]+:)?" + tag + rb"(?=[\s/>])")
        self._end = re.compile(rb"</(?:[^\s<>/:=\"'!?&]+:)?" + tag + rb"\s*>|/>")
        self._tag, self._encoding = name.encode(encoding), encoding

    def starts(self, data: bytes, *, loose: bool = False) -> list[int]:
        """Where records begin. ``loose``: what is before ``data`` may have opened a comment or a CDATA section."""
        if loose and (edge := _HIDDEN_EDGE.search(data)) and edge[0] in (b"-->", b"]]>"):
            data = b" " * edge.end() + data[edge.end() :]
        return [match.start() for match in self._start.finditer(_HIDDEN.sub(_blank, data))]

    def may_exceed(self, data: bytes, prefix: str | None, count: int) -> bool:
        """Whether more than ``count`` records may begin here: quicker than to ask where."""
        opening = b"<" + (f"{prefix}:".encode(self._encoding) if prefix else b"") + self._tag
        return sum(data.count(opening + sign) for sign in (b">", b" ", b"/", b"\n", b"\t", b"\r")) > count

    def last_start(self, data: bytes) -> int:
        """Where the last record begins, if it is not at the very beginning; 0 if there is none."""
        at = len(data)
        while (at := data.rfind(self._tag, 0, at)) > 0:
            begin = data.rfind(b"<", 0, at)
            if begin > 0 and (match := self._start.match(data, begin)) and match.end() == at + len(self._tag):
                hidden = max(_open(data, begin, b"<!--", b"-->"), _open(data, begin, b"<![CDATA[", b"]]>"))
                if hidden < 0:
                    return begin
                at = hidden
        return 0

    def behind(self, data: bytes, start: int, stop: int) -> int:
        """Where the record that begins at ``start`` ends; ``stop`` if it does not end before."""
        end = 0
        for match in self._end.finditer(data, start, stop):
            end = match.end() if match[0] != b"/>" or not end else end
        return end or stop


def _blank(match: re.Match[bytes]) -> bytes:
    return b" " * len(match[0])


def _open(data: bytes, at: int, opening: bytes, closing: bytes) -> int:
    """Where what is not closed before ``at`` opens; -1 if it is closed."""
    opened = data.rfind(opening, 0, at)
    return -1 if opened < 0 or data.find(closing, opened + len(opening), at) >= 0 else opened


def is_markup(data: bytes) -> bool:
    """Whether this is nothing but tags and white space."""
    return _TAGS.fullmatch(data) is not None


def used_entity(data: bytes) -> str | None:
    """The first entity in it that XML itself does not have."""
    match = _ENTITY.search(_HIDDEN.sub(b"", data))
    return match[0].decode("utf-8", "replace") if match else None
