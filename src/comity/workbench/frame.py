"""The frame around the rows of a table: what stands above the header, the header itself, and what stands below.

Invariant: a row is taken for a header only if it differs from the rows below it; in doubt there is none, for a record
that is taken for a header would be lost and shown.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from comity.workbench.words import known_words, words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_NUMBER = re.compile(r"^[\d.,:/\-+% ]*\d[\d.,:/\-+%TZ ]*$")
_TOTAL = re.compile(r"^\W*(totale?s?|sum|summe|insgesamt|всього|всего|итого|razem|ogółem|合計|合计|總計|总计|計|합계|"
                    r"총계|รวม|المجموع|celkem|yhteensä|kokku|toplam|tổng|jumlah|fuente|source|quelle|fonte|źródło|bron|nota?|notes?)\b",
                    re.IGNORECASE)  # fmt: skip
_SEARCHED = 30
_MOST_FOOTERS = 12


@dataclass(frozen=True)
class Frame:
    """Counted in rows that are not blank: ``preamble`` rows, then ``headers`` rows, ``footers`` at the end."""

    preamble: int
    headers: int
    names: tuple[str, ...]
    footers: int
    width: int
    footer_pattern: str | None
    evidence: tuple[str, ...]
    doubt: str | None = None


def find_frame(rows: Sequence[Sequence[str]], *, whole: bool) -> Frame:
    """The frame of ``rows``, which begin with the first of the table. ``whole``: they end with the last too."""
    width = Counter(_width(row) for row in rows if len(row) > 0).most_common(1)[0][0] if rows else 0
    width = max(width, max((_width(row) for row in rows[:_SEARCHED] if _looks_like_names(row)), default=0) if any(
        len(row) != _width(row) for row in rows[:_SEARCHED]) else 0)  # fmt: skip
    first = next((place for place, row in enumerate(rows[:_SEARCHED]) if _fills(row, width)), 0)
    evidence: list[str] = []
    if first:
        evidence.append(f"{first} rows above the table have other cells than its {width}")
    footers, pattern = _footers(rows, width) if whole else (0, None)
    body = [row for row in rows[first + 1 : len(rows) - footers or None] if len(row) >= width][:500]
    score, reasons = _header_score(rows[first], body) if rows else (0.0, [])
    headers = 1 if score >= 0.5 else 0
    doubt = None
    if 0.35 <= score < 0.65:
        doubt = "it is not plain whether the first row is a header or a record: " + "; ".join(reasons)
    evidence.append(("header: " if headers else "no header: ") + "; ".join(reasons))
    if headers and len(body) > 5:
        second, why = _header_score(body[0], body[1:])
        if second >= 0.65 and _typed_apart(body[0], body[1:]) >= 0.3:
            headers = 2
            evidence.append("a second header row: " + "; ".join(why))
    names = tuple(" ".join(cell.split()) for cell in rows[first][:width]) if headers else ()
    if footers:
        evidence.append(f"{footers} rows below the table, the first cell fits {pattern}")
    return Frame(first, headers, names, footers, width, pattern, tuple(evidence), doubt)


def _width(row: Sequence[str]) -> int:
    """Cells up to the last that holds something; a delimited row counts all of its cells."""
    if isinstance(row, tuple):
        return len(row)
    return max((place for place, cell in enumerate(row, 1) if cell.strip()), default=0)


def _fills(row: Sequence[str], width: int) -> bool:
    filled = sum(1 for cell in row[:width] if cell.strip())
    return len(row) >= width and filled >= max(1, width * 0.6)


def _looks_like_names(row: Sequence[str]) -> bool:
    cells = [cell for cell in row if cell.strip()]
    return len(cells) > 2 and len(set(cells)) == len(cells) and not any(_NUMBER.match(cell) for cell in cells)


def _header_score(row: Sequence[str], body: Sequence[Sequence[str]]) -> tuple[float, list[str]]:
    """How much ``row`` is names and not values, 0 to 1, and why."""
    cells = [cell.strip() for cell in row]
    filled = [cell for cell in cells if cell]
    if not filled:
        return 0.0, ["the row is empty"]
    reasons: list[str] = []
    score = 0.2
    numbers = sum(1 for cell in filled if _NUMBER.match(cell))
    if numbers:
        score -= 0.5
        reasons.append(f"{numbers} of its cells are numbers or dates")
    if len(set(filled)) < len(filled):
        score -= 0.1
        reasons.append("a cell stands in it twice")
    letters = sum(len("".join(words_of(cell))) for cell in filled)
    known = known_words(cells)
    if letters and known:
        score += 0.5 * min(1.0, 1.6 * known / letters)
        reasons.append(f"{known / letters:.0%} of its letters are words that headers have")
    apart = _typed_apart(row, body)
    if apart:
        score += 0.5 * apart
        reasons.append(f"in {apart:.0%} of the columns it is of another kind than the values below")
    same = sum(
        1
        for place, cell in enumerate(cells)
        if cell and any(other[place].strip() == cell for other in body if place < len(other))
    )
    if same:
        score -= 0.8 * same / len(filled)
        reasons.append(f"{same} of its cells come back among the values below")
    return max(0.0, min(1.0, score)), reasons


def _typed_apart(row: Sequence[str], body: Sequence[Sequence[str]]) -> float:
    """The share of columns whose values are numbers or dates, or of one length, and the row's cell is not."""
    if not body:
        return 0.0
    apart = counted = 0
    for place, cell in enumerate(row):
        values = [other[place].strip() for other in body if place < len(other) and other[place].strip()]
        if len(values) < 2 or not cell.strip():
            continue
        counted += 1
        typed = sum(1 for value in values if _NUMBER.match(value)) > 0.8 * len(values)
        lengths = {len(value) for value in values}
        if (typed and not _NUMBER.match(cell.strip())) or (
            len(lengths) == 1 and len(values) > 4 and len(cell.strip()) not in lengths
        ):
            apart += 1
    return apart / counted if counted else 0.0


def _footers(rows: Sequence[Sequence[str]], width: int) -> tuple[int, str | None]:
    count = 0
    words: list[str] = []
    for row in reversed(rows[-_MOST_FOOTERS:]):
        first = row[0].strip() if row else ""
        empty = sum(1 for cell in row[:width] if not cell.strip())
        odd = len(row) != width if isinstance(row, tuple) else empty >= width * 0.5
        if not (
            (_TOTAL.match(first) and (odd or empty))
            or (odd and first and not _NUMBER.match(first) and empty >= len(row) - 2)
        ):
            break
        count += 1
        words.append(re.match(r"\W*\w+", first)[0] if re.match(r"\W*\w+", first) else first[:1])  # type: ignore[index]
    if not count or count == len(rows):
        return 0, None
    return count, f"^({'|'.join(dict.fromkeys(re.escape(word) for word in reversed(words)))})"
