"""Fixed width: how long a record is, and where its fields may begin.

Invariant: every cut is a guess, and each field says so; a person decides with the owner's record description.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from comity.workbench.table import SampleField, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

_TRIED = 500
_LONGEST = 2_000
_DOUBT = "the cuts are guessed from blanks and digits: compare them with the owner's record description"


def read_fixed_lines(text: str, encoding: str, share: float) -> Table | None:
    """Lines that are all of one length; None when they are not."""
    lines = text.splitlines()
    lines = [line for line in lines if line][:20_000]
    if len(lines) < 3:
        return None
    length, count = Counter(map(len, lines)).most_common(1)[0]
    if count < 0.8 * len(lines) or length < 8:
        return None
    evidence = (
        f"fixed width: {count / len(lines):.0%} of the lines have {length} characters, and no mark between"
    )
    return _table([line for line in lines if len(line) == length], encoding, length, "\n", share, evidence)


def read_fixed_records(raw: bytes, encoding: str, share: float) -> Table | None:
    """Records without line ends: the length at which the bytes are most alike again."""
    import numpy as np

    text = raw[: 1 << 20].decode(encoding, "replace")
    if text.count("\n") * _LONGEST > len(text):
        return read_fixed_lines(text, encoding, share)
    kinds = np.array([_kind(sign) for sign in text[:200_000]], np.uint8)
    scores = {}
    for length in range(8, min(_LONGEST, len(kinds) // 3)):
        scores[length] = float((kinds[length:] == kinds[:-length]).mean())
    if not scores:
        return None
    best = max(scores.values())
    length = min(each for each, score in scores.items() if score > best - 0.02)
    count = len(text) // length
    lines = [text[place * length : (place + 1) * length] for place in range(count)]
    evidence = f"fixed width without line ends: characters of a kind come back after {length}"
    return _table(lines, encoding, length, "none", share, evidence)


def _table(
    lines: Sequence[str], encoding: str, length: int, ending: str, share: float, evidence: str
) -> Table:
    format: dict[str, Any] = {
        "type": "fixed_width",
        "encoding": encoding,
        "record_length": length,
        "line_ending": ending,
    }
    fields = []
    for number, (start, stop) in enumerate(_cuts(lines[:_TRIED], length), 1):
        values = tuple(line[start:stop].strip() or None for line in lines)
        fields.append(SampleField(f"field_{number}", values, start=start + 1, length=stop - start))
    return Table(
        format, tuple(fields), len(lines), round(len(lines) / share) if share else None, False, (evidence,),
        {"record_length": _DOUBT},
    )  # fmt: skip


def _cuts(lines: Sequence[str], length: int) -> list[tuple[int, int]]:
    """A field begins where blanks end in every line, or where letters and digits change in nearly every line."""
    starts = {0}
    profile = [Counter(_kind(line[place]) for line in lines if place < len(line)) for place in range(length)]
    for place in range(1, length):
        before, here = profile[place - 1], profile[place]
        blank = before[0] / len(lines)
        if blank > 0.4 and here[0] / len(lines) < 0.2:
            starts.add(place)
        usual, count = here.most_common(1)[0]
        earlier, seen = before.most_common(1)[0]
        if usual != earlier and {usual, earlier} == {1, 2} and min(count, seen) > 0.95 * len(lines):
            starts.add(place)
    marks = [*sorted(starts), length]
    return list(pairwise(marks))


def _kind(sign: str) -> int:
    return 0 if sign.isspace() else 1 if sign.isdigit() else 2 if sign.isalpha() else 3
