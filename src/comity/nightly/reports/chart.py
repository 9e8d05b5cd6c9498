"""Charts as inline SVG.

Invariant: a chart says in words what it shows, to who cannot see it; it has no script, no style of its own and no text
that is not escaped. The same numbers give the same bytes.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, HEIGHT, MARGIN = 170, 40, 4


def sparkline(label: str, values: Sequence[float | None], unit: str = "") -> str:
    """A line over the nights, oldest first; a night without a value is a gap. Its highest point is the top."""
    known = [value for value in values if value is not None]
    if not known:
        return "<small>no value yet</small>"
    low, high = min(0.0, *known), max(known)
    span = (high - low) or 1.0
    step = (WIDTH - 2 * MARGIN) / max(len(values) - 1, 1)
    points = [
        (MARGIN + place * step, HEIGHT - MARGIN - (value - low) / span * (HEIGHT - 2 * MARGIN))
        for place, value in enumerate(values)
        if value is not None
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    told = (
        f"{label}: last {number(known[-1])}{unit}, lowest {number(min(known))}{unit}, "
        f"highest {number(high)}{unit}, in {len(known)} of {len(values)} nights"
    )
    base = HEIGHT - MARGIN
    return (
        f'<svg role="img" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">'
        f"<title>{escape(told)}</title>"
        f'<line class="grid" x1="{MARGIN}" x2="{WIDTH - MARGIN}" y1="{base}" y2="{base}"/>'
        f'<polyline class="line" points="{line}"/><circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="2.5"/></svg>'
    )


def bars(label: str, rows: Sequence[tuple[str, Sequence[tuple[str, int]]]]) -> str:
    """Horizontal bars, one a row, each of parts: class of the style → count. Every bar is as long as its share of the
    longest, but never too short to be seen.
    """
    longest = max((sum(count for _, count in parts) for _, parts in rows), default=0)
    if not longest:
        return ""
    left, width, high = 230, 760, 20
    drawn = []
    for place, (name, parts) in enumerate(rows):
        y, x = place * high + 4, float(left)
        total = sum(count for _, count in parts)
        words = ", ".join(f"{count:,} {kind.replace('_', ' ')}" for kind, count in parts)
        drawn.append(
            f"<g><title>{escape(f'{name}: {words}')}</title>"
            f'<text x="{left - 8}" y="{y + 11}" text-anchor="end">{escape(name)}</text>'
        )
        for kind, count in parts:
            long = max(count / longest * (width - left - 80), 1.0 if count else 0.0)
            drawn.append(
                f'<rect class="{escape(kind, quote=True)}" x="{x:.1f}" y="{y}" width="{long:.1f}" height="13"/>'
            )
            x += long
        drawn.append(f'<text x="{x + 6:.1f}" y="{y + 11}">{total:,}</text></g>')
    return (
        f'<svg role="img" aria-label="{escape(label, quote=True)}" viewBox="0 0 {width} {len(rows) * high + 8}" '
        f'width="{width}">{"".join(drawn)}</svg>'
    )


def number(value: float | None) -> str:
    """For a person: no more digits than matter."""
    if value is None:
        return "–"
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:,.1f}" if abs(value) >= 1 else f"{value:.2f}"
