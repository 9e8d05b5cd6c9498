"""Fixed width: how long a record is, and where its fields may begin.

Invariant: without the owner's record description every cut is a guess, and each field says so.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from comity.workbench.table import SampleField, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from comity.workbench.layout import Layout

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
    text = raw[: 1 << 20].decode(encoding, "replace")
    if text.count("\n") * _LONGEST > len(text):
        return read_fixed_lines(text, encoding, share)
    kinds = _kinds(text)
    scores = {length: _alike(kinds, length) for length in range(8, min(_LONGEST, len(kinds) // 3))}
    if not scores:
        return None
    best = max(scores.values())
    length = min(each for each, score in scores.items() if score > best - 0.02)
    count = len(text) // length
    lines = [text[place * length : (place + 1) * length] for place in range(count)]
    evidence = f"fixed width without line ends: characters of a kind come back after {length}"
    return _table(lines, encoding, length, "none", share, evidence)


def read_described(raw: bytes, encoding: str, share: float, layout: Layout) -> Table | None:
    """Records whose fields the owner has described; how long they are, and what ends them, is seen. None: no record."""
    text = raw[: 1 << 20].decode(encoding, "replace")
    lines = [line for line in text.splitlines() if line]
    ending = "\n"
    if not lines:
        return None
    if _usual_length(lines) > 2 * layout.end:
        ending = "none"
        kinds = _kinds(text)
        scores = {length: _alike(kinds, length) for length in range(layout.end, 2 * layout.end)}
        length = max(scores, key=lambda each: (round(scores[each], 3), -each))
        lines = [text[at : at + length] for at in range(0, len(text) - length + 1, length)]
    length = _usual_length(lines)
    evidence = (
        f"fixed width, as described: {len(layout.fields)} fields in {layout.end} of {length} characters"
    )
    places = [(each.start - 1, each.length) for each in layout.fields]
    fields = tuple(
        SampleField(
            each.name, tuple(line[at : at + size].strip() or None for line in lines),
            start=each.start, length=size, description=each.description or each.name,
        )
        for each, (at, size) in zip(layout.fields, places, strict=True)
    )  # fmt: skip
    return Table(
        _format(encoding, length, ending), fields, len(lines), _about(lines, share), True, (evidence,)
    )


def _table(
    lines: Sequence[str], encoding: str, length: int, ending: str, share: float, evidence: str
) -> Table:
    fields = []
    for number, (start, stop) in enumerate(_cuts(lines[:_TRIED], length), 1):
        values = tuple(line[start:stop].strip() or None for line in lines)
        fields.append(SampleField(f"field_{number}", values, start=start + 1, length=stop - start))
    return Table(
        _format(encoding, length, ending), tuple(fields), len(lines), _about(lines, share), False, (evidence,),
        {"record_length": _DOUBT},
    )  # fmt: skip


def _format(encoding: str, length: int, ending: str) -> dict[str, Any]:
    return {"type": "fixed_width", "encoding": encoding, "record_length": length, "line_ending": ending}


def _usual_length(lines: Sequence[str]) -> int:
    return Counter(map(len, lines)).most_common(1)[0][0]


def _about(lines: Sequence[str], share: float) -> int | None:
    return round(len(lines) / share) if share else None


def _kinds(text: str) -> NDArray[np.uint8]:
    import numpy as np

    return np.array([_kind(sign) for sign in text[:200_000]], np.uint8)


def _alike(kinds: NDArray[np.uint8], length: int) -> float:
    """The share of characters that are of the kind of the one ``length`` before."""
    return float((kinds[length:] == kinds[:-length]).mean()) if len(kinds) > length else 0.0


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
