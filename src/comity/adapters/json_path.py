"""Finding the list of records inside a JSON document.

Invariant: only the document up to the list is read, in flat memory; when the list is not there, the error
names the keys that are.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from comity.adapters.json_records import (
    CLOSE_ARRAY,
    COLON,
    COMMA,
    OPEN_ARRAY,
    OPEN_OBJECT,
    PIECE,
    WHITESPACE,
    State,
    find_marks,
)
from comity.errors import ReadError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comity.adapters.utf8_file import Utf8File

_MOST_KEYS = 200
_LONGEST_KEY = 10_000
_LONGEST_SPACE = 1 << 20


def find_list(text: Utf8File, path: str, name: str) -> tuple[int, int] | None:
    """The position behind the ``[`` of the list at ``path``, and how many objects are open around it.

    None when ``null`` stands where the list should: it is empty.
    """
    steps = tuple(path.split(".")) if path else ()
    position, byte = check_head(text, name, b"[{")
    for depth in range(len(steps)):
        if byte != OPEN_OBJECT:
            raise _no_list(name, steps[:depth], f"{_kind(byte)} instead of an object", path)
        position, byte = _find_key(text, position, steps[: depth + 1], name)
    if byte == ord("n") and text.read_at(position, 4) == b"null":
        return None
    if byte == OPEN_OBJECT:
        keys = _keys(text, position)
        raise _no_list(name, steps, f"an object with the keys {', '.join(keys) or 'none'}", path)
    if byte != OPEN_ARRAY:
        raise _no_list(name, steps, _kind(byte), path)
    return position + 1, len(steps)


def check_head(text: Utf8File, name: str, expected: bytes) -> tuple[int, int]:
    """Position and value of the first byte, which must be one of ``expected``."""
    position, byte = _next_byte(text, text.start)
    if byte and byte in expected:
        return position, byte
    found = text.read_at(position, 20)
    if not found:
        raise ReadError("read.empty-file", "The file is empty", file=name, remedy="ask for the export again")
    raise ReadError(
        "read.not-json",
        "The file is no JSON of the declared kind",
        file=name,
        found=ascii(found)[1:],
        remedy="check type ('json' is one document, 'ndjson' one record a line) and encoding in the adapter",
    )


def _find_key(text: Utf8File, position: int, steps: tuple[str, ...], name: str) -> tuple[int, int]:
    """Where the value of the last of ``steps`` begins, in the object that opens at ``position``."""
    seen: list[str] = []
    for key, colon in _iter_keys(text, position):
        if key == steps[-1]:
            return _next_byte(text, colon + 1)
        if len(seen) < _MOST_KEYS:
            seen.append(key)
    at = ".".join(steps[:-1])
    raise ReadError(
        "read.no-such-path",
        f"The document has no key '{steps[-1]}'" + (f" in '{at}'" if at else ""),
        file=name,
        found=f"{len(seen)} other keys" if seen else "no keys",
        remedy=nearest(steps[-1], seen) if seen else "check 'records' in the adapter",
    )


def _keys(text: Utf8File, position: int) -> list[str]:
    found: list[str] = []
    for key, _ in _iter_keys(text, position):
        found.append(key)
        if len(found) >= 20:
            break
    return found


def _iter_keys(text: Utf8File, position: int) -> Iterator[tuple[str, int]]:
    """The keys of the object that opens at ``position``, each with the position of its colon."""
    import numpy as np

    state, before = State(), position
    while data := text.read_at(position, PIECE):
        marks = find_marks(np.frombuffer(data, dtype=np.uint8), state, colons=True)
        state = marks.state
        # Only what lies at the object's own level; what is deeper is passed over in columns.
        own = np.flatnonzero((marks.depth == 1) & (marks.byte != CLOSE_ARRAY) | (marks.depth < 1))
        for index in own.tolist():
            at, byte = position + int(marks.position[index]), int(marks.byte[index])
            if marks.depth[index] < 1:
                return
            if byte == COLON:
                yield _key(text, before + 1, at), at
            elif byte in (COMMA, OPEN_OBJECT):
                before = at
        position += len(data)


def _key(text: Utf8File, start: int, end: int) -> str:
    raw = text.read_at(start, min(end - start, _LONGEST_KEY)).strip(WHITESPACE)
    try:
        return str(json.loads(raw))
    except ValueError:
        return raw.decode("utf-8", errors="backslashreplace")


def _next_byte(text: Utf8File, position: int) -> tuple[int, int]:
    """The first byte from ``position`` on that is no white space; 0 at the end."""
    limit = position + _LONGEST_SPACE
    while position < limit and (data := text.read_at(position, 4096)):
        if rest := data.lstrip(WHITESPACE):
            return position + len(data) - len(rest), rest[0]
        position += len(data)
    return position, 0


def _kind(byte: int) -> str:
    return {OPEN_OBJECT: "an object", OPEN_ARRAY: "a list", ord('"'): "a text", 0: "nothing"}.get(
        byte, "a value"
    )


def _no_list(name: str, steps: tuple[str, ...], found: str, path: str) -> ReadError:
    where = f"'{'.'.join(steps)}'" if steps else "the document itself"
    return ReadError(
        "read.no-list-of-records",
        f"There is no list of records: {where} is {found}",
        file=name,
        remedy=f"let 'records' in the adapter lead to a list; it is '{path}' now",
    )
