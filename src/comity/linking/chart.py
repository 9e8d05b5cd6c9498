"""Why two records may be one, as a page with a waterfall chart.

Invariant: the page needs no network, and whatever stands in a record is shown as text.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROW, _LEFT, _WIDE, _BITS = 30, 250, 480, 170


def page(
    title: str,
    one: Sequence[str],
    other: Sequence[str],
    weight: float,
    told: Sequence[tuple[str, str, float]],
) -> str:
    """``one``, ``other``: what is shown of both records; ``told``: name, words and bits of every comparison;
    ``weight``: all of them and the prior.
    """
    prior = weight - sum(bits for _, _, bits in told)
    bars = [("start", "two records taken at random", prior), *told]
    sums, at = [0.0], 0.0
    for _, _, bits in bars:
        at += bits
        sums.append(at)
    low, high = min(*sums, 0.0), max(*sums, 0.0)
    scale = _WIDE / max(high - low, 1.0)

    def x(bits: float) -> float:
        return _LEFT + (bits - low) * scale

    rows = []
    for i, (name, words, bits) in enumerate(bars):
        begin, end = sorted((sums[i], sums[i + 1]))
        y = i * _ROW + 6
        colour = "#2e7d32" if bits >= 0 else "#b3261e"
        rows.append(
            f'<text x="{_LEFT - 8}" y="{y + 15}" text-anchor="end">{escape(name)}</text>'
            f'<rect x="{x(begin):.1f}" y="{y}" width="{max((end - begin) * scale, 1):.1f}" height="18" fill="{colour}">'
            f"<title>{escape(words)}: {bits:+.1f} bits</title></rect>"
            f'<text x="{_LEFT + _WIDE + 10}" y="{y + 15}">{bits:+.1f} {escape(words)}</text>'
        )
    width, height = _LEFT + _WIDE + _BITS + 120, len(bars) * _ROW + 10
    probability = 1 / (1 + 2 ** -max(min(weight, 60), -60))
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>body{{font:15px/1.5 system-ui,sans-serif;margin:2rem;max-width:70rem}}
svg{{max-width:100%}}svg text{{font:13px system-ui,sans-serif}}
td{{padding:.2rem 1rem .2rem 0}}</style></head><body>
<h1>{escape(title)}</h1>
<table><tr><td>one</td><td>{_apart(one)}</td></tr><tr><td>other</td><td>{_apart(other)}</td></tr></table>
<p>Weight {weight:.1f} bits: a probability of {probability:.4f}. Each bar is what one comparison adds or takes away.
It is a hint. Only a person, or the owner, confirms.</p>
<svg role="img" aria-label="waterfall of weights" viewBox="0 0 {width} {height}" width="{width}">
<line x1="{x(0):.1f}" x2="{x(0):.1f}" y1="0" y2="{height}" stroke="#999"/>
{"".join(rows)}
</svg></body></html>
"""


def _apart(values: Sequence[str]) -> str:
    """Each on its own: beside a name that is written from the right, a date would be turned round."""
    return ", ".join(f"<bdi>{escape(value)}</bdi>" for value in values)
