"""Nested records, from JSON or XML, as fields: the path of every value, lists of texts, lists of records.

Invariant: every key that was seen becomes a field or part of one, and one that is not in every record is optional.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from comity.workbench.table import SampleField, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST = 20_000
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}:,]')


def read_json_lines(texts: Sequence[str], encoding: str, *, share: float) -> Table | None:
    """One object a line; None when the first lines are no objects."""
    records: list[dict[str, Any]] = []
    first = [line for line in texts[0].removeprefix("\ufeff").splitlines()[:20] if line.strip()]
    if sum(1 for line in first if line.startswith("{") and line.rstrip().endswith("}")) * 2 < len(first) + 1:
        return None
    for text in texts:
        for line in text.removeprefix("\ufeff").splitlines():
            if not line.strip() or len(records) >= MOST:
                continue
            try:
                record = json.loads(line, parse_int=str, parse_float=str)
            except ValueError:
                continue
            if isinstance(record, dict):
                records.append(record)
    if not records:
        return None
    return _table({"type": "ndjson", "encoding": encoding}, records, share)


def read_json(text: str, encoding: str, *, whole: bool, share: float) -> Table | None:
    """A document with a list of objects somewhere; None when there is none."""
    text = text.removeprefix("\ufeff")
    path, start = _first_list(text)
    if path is None:
        return None
    records: list[dict[str, Any]] = []
    decoder = json.JSONDecoder(parse_int=str, parse_float=str)
    at = start
    while len(records) < MOST:
        while at < len(text) and text[at] in " \t\r\n,":
            at += 1
        if at >= len(text) or text[at] != "{":
            break
        try:
            record, at = decoder.raw_decode(text, at)
        except ValueError:
            # Damaged, or cut off where the sample ends: the next record begins at the next brace.
            following = text.find("\n{", at + 1)
            if following < 0 or not whole:
                break
            at = following + 1
            continue
        records.append(record)
    format: dict[str, Any] = {"type": "json", "encoding": encoding}
    if path:
        format["records"] = path
    return _table(format, records, share * min(1.0, at / max(len(text), 1))) if records else None


def _first_list(text: str) -> tuple[str | None, int]:
    """The path of the first list of objects and where its first item begins."""
    keys: list[str] = []
    stack: list[str] = []
    last = ""
    opened = -1
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign[0] == '"':
            last = sign[1:-1]
        elif sign == "[":
            opened = token.end()
            stack.append(sign)
            continue
        elif sign == "{":
            if opened >= 0 and not text[opened : token.start()].strip():
                return ".".join(keys), token.start()
            stack.append(sign)
        elif sign == ":" and stack and stack[-1] == "{":
            del keys[sum(1 for each in stack if each == "{") - 1 :]
            keys.append(last)
        elif sign in "]}" and stack:
            stack.pop()
            del keys[sum(1 for each in stack if each == "{") :]
        opened = -1
    return None, 0


def _table(format: dict[str, Any], records: Sequence[dict[str, Any]], share: float) -> Table:
    fields = fields_of(records)
    where = f" at '{format['records']}'" if format.get("records") else ""
    evidence = (f"{format['type']}: {len(records):,} objects{where}, {len(fields)} fields",)
    return Table(format, fields, len(records), round(len(records) / share) if share else None, True, evidence)


def fields_of(records: Sequence[dict[str, Any]]) -> tuple[SampleField, ...]:
    """The fields of nested ``records``, in the order in which they first come."""
    values: dict[str, dict[int, Any]] = defaultdict(dict)
    for number, record in enumerate(records):
        for path, value in _leaves(record, ""):
            values[path][number] = value
    fields = []
    names: dict[str, int] = defaultdict(int)
    for path, found in values.items():
        # An object that is null in one record and an object in another is the object's fields.
        if any(other.startswith(f"{path}.") for other in values) and all(
            value is None for value in found.values()
        ):
            continue
        base = path.replace(".", "_").lstrip("@#_") or path
        names[base.casefold()] += 1
        name = base if names[base.casefold()] == 1 else f"{base}_{names[base.casefold()]}"
        optional = len(found) < len(records)
        lists = [value for value in found.values() if isinstance(value, list)]
        items = [item for value in lists for item in value]
        shown = path if path != name else ""
        if any(isinstance(item, dict) for item in items):
            inner = fields_of([item for item in items if isinstance(item, dict)])
            fields.append(SampleField(name, path=shown, records=inner, optional=optional))
        elif lists:
            texts = tuple(_text(item) for item in items)
            fields.append(SampleField(name, texts, path=shown, many=True, optional=optional))
        else:
            column = tuple(_text(found.get(number)) for number in range(len(records)))
            fields.append(SampleField(name, column, path=shown, optional=optional))
    return tuple(fields)


def _leaves(record: dict[str, Any], above: str) -> Iterable[tuple[str, Any]]:
    for key, value in record.items():
        path = f"{above}.{key}" if above else key
        if isinstance(value, dict) and value:
            yield from _leaves(value, path)
        elif isinstance(value, dict):
            yield path, None
        else:
            yield path, value


def _text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
