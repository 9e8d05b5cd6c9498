"""What of an adapter its sample never exercises.

Invariant: only what the adapter declares is asked for; a quirk that it does not declare is no finding.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from comity.config.yaml_file import read_yaml
from comity.workbench.check.finding import Finding, placed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from comity.adapters.adapter import Adapter
    from comity.workbench.check.evaluation import Sample, Sums

_FILE = "adapter.yaml"
_UNICODE = ("utf-8", "utf-8-sig")


def check_adapter(
    adapter: Adapter, sample: Sample, sums: Sequence[Sums], used: frozenset[str]
) -> Iterator[Finding]:
    """Formats, encodings and fields that the sample does not show, and fates of a row.

    ``sums``: what every branch of every mapping makes of it. ``used``: the fields that rules read.
    """
    path = adapter.folder / _FILE
    _, places = read_yaml(path)
    listed = ("format", 0) in places
    read = {file.format for reading in sample.readings for file in reading.files}
    for index, format in enumerate(adapter.formats):
        at = ("format", index) if listed else ("format",)
        name = f"format {index + 1} ({format.type})" if listed else f"format ({format.type})"
        if index not in read:
            yield Finding(
                "warning", "check.format-unexercised", name, f"No file of the sample is read by {name}",
                "add such a file to the sample", path, *placed(places, at),
            )  # fmt: skip
        elif (encoding := getattr(format, "encoding", None)) and _only_ascii(adapter, encoding):
            yield Finding(
                "info" if codecs.lookup(encoding).name in _UNICODE else "warning",
                "check.encoding-unexercised", encoding,
                f"The sample has no byte by which '{encoding}' differs from ASCII",
                "add a row with a letter that ASCII does not have", path, *placed(places, (*at, "encoding")),
            )  # fmt: skip
    filled = sample.filled_fields(tuple(field.name for field in adapter.fields))
    for number, field in enumerate(adapter.fields):
        if filled[field.name] == 0 and field.name in used:
            yield Finding(
                "warning", "check.field-never-filled", field.name,
                f"No row of the sample has anything in the field '{field.name}', which a rule reads",
                "add a row that has", path, *placed(places, ("fields", number)),
            )  # fmt: skip
    yield from _fates(adapter, sample, sums)


def _fates(adapter: Adapter, sample: Sample, sums: Sequence[Sums]) -> Iterator[Finding]:
    path = adapter.folder / "sample"
    # Equal keys are settled where all parts of an export come together: the golden output knows of them.
    golden = adapter.folder / "golden" / "rejects.ndjson"
    twice = golden.exists() and golden.stat().st_size > 0
    if not (
        twice or any(each.rows_refused for each in sample.readings) or any(s.judged > s.records for s in sums)
    ):
        yield Finding(
            "warning", "check.no-rejected-row", "sample", "No row of the sample is rejected",
            "add one that is: too short, without its key, or twice", path,
        )  # fmt: skip
    if not any(each.records for each in sums):
        yield Finding(
            "warning", "check.no-accepted-row", "sample", "No row of the sample is accepted",
            "add one that is: a sample shows how the source is normally", path,
        )  # fmt: skip


def _only_ascii(adapter: Adapter, encoding: str) -> bool:
    """Of files that are text as they lie there; a binary or packed one says nothing about it."""
    try:
        if "A1".encode(encoding) != b"A1":
            return False  # EBCDIC, UTF-16: no byte is ASCII
    except (LookupError, UnicodeError):
        return False
    texts = [path.read_bytes() for path in sorted((adapter.folder / "sample").glob("*")) if path.is_file()]
    return bool(texts) and all(text.isascii() and b"PK\x03\x04" not in text[:4] for text in texts)
