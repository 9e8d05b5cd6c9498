"""Ties between records as GraphML and as a picture.

Invariant: both say what the table of ties says, no more: every record once, every tie once. The picture is one SVG
file without scripts, fonts or addresses of other files: the first record in the middle, the others on rings by how far
away they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from comity.query.failure import asking

if TYPE_CHECKING:
    import duckdb

_RING, _LETTERS, _MARGIN = 150, 18, 90
# Distinct for who sees no colours too: the record type is written under each.
_COLOURS = ("#1b6ca8", "#b8500c", "#3a7d34", "#7a3b9c", "#8c6d00", "#a12c4a", "#2f6f73", "#555555")


@dataclass(frozen=True)
class Node:
    """A record: ``away`` ties from the first."""

    record_id: str
    record_type: str
    label: str
    country: str
    away: int


@dataclass(frozen=True)
class Graph:
    """``ties``: from record id, role, to record id."""

    nodes: dict[str, Node]
    ties: tuple[tuple[str, str, str], ...]


def graph_of(answer: duckdb.DuckDBPyRelation, first: str) -> Graph:
    """The rows of the pattern ``network``, which are bounded, around the record ``first``."""
    with asking():
        rows = answer.fetchall()
    away = {first: 0}
    while True:  # rows are ordered by depth, not by their way from the first
        near = {
            new: away[old] + 1
            for row in rows
            for old, new in ((row[2], row[7]), (row[7], row[2]))
            if old in away and away[old] + 1 < away.get(new, math.inf)
        }
        if not near:
            break
        away.update(near)
    nodes = {}
    for row in rows:
        for kind, record, label, country in ((row[1:5]), (row[6:10])):
            nodes[record] = Node(
                record, kind or "", label or "", country or "", away.get(record, int(row[0]))
            )
    nodes.setdefault(first, Node(first, "", first, "", 0))
    return Graph(nodes, tuple((row[2], row[5], row[7]) for row in rows))


def graphml(graph: Graph) -> str:
    """GraphML as Gephi, yEd and networkx read it."""
    keys = {"type": "node", "label": "node", "country": "node", "away": "node", "role": "edge"}
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">',
    ]
    lines += [
        f'<key id="{name}" for="{of}" attr.name="{name}" attr.type="{"int" if name == "away" else "string"}"/>'
        for name, of in keys.items()
    ]
    lines.append('<graph edgedefault="directed">')
    for node in graph.nodes.values():
        values = {
            "type": node.record_type, "label": node.label, "country": node.country, "away": str(node.away)
        }  # fmt: skip
        data = "".join(f'<data key="{key}">{_text(value)}</data>' for key, value in values.items())
        lines.append(f"<node id={quoteattr(node.record_id)}>{data}</node>")
    lines += [
        f'<edge source={quoteattr(a)} target={quoteattr(b)}><data key="role">{_text(role)}</data></edge>'
        for a, role, b in graph.ties
    ]
    return "\n".join([*lines, "</graph>", "</graphml>", ""])


def svg(graph: Graph) -> str:
    """The picture; a supposed tie is dashed."""
    places = _places(graph)
    reach = max((math.hypot(x, y) for x, y in places.values()), default=0) + _MARGIN
    kinds = sorted({node.record_type for node in graph.nodes.values()})
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{-reach:.0f} {-reach:.0f} {2 * reach:.0f} {2 * reach:.0f}" '
        'font-family="sans-serif" font-size="10" text-anchor="middle">',
        f'<rect x="{-reach:.0f}" y="{-reach:.0f}" width="100%" height="100%" fill="white"/>',
    ]
    for a, role, b in graph.ties:
        (x, y), (u, v) = places[a], places[b]
        # Nearer to the outer end: in the middle of a star all would meet.
        at = 0.5 + 0.15 * (
            (graph.nodes[b].away > graph.nodes[a].away) - (graph.nodes[b].away < graph.nodes[a].away)
        )
        dashed = ' stroke-dasharray="4 3"' if role == "possible_same_as" else ""
        lines.append(
            f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{u:.1f}" y2="{v:.1f}" stroke="#999"{dashed}/>'
            f'<text x="{x + at * (u - x):.1f}" y="{y + at * (v - y):.1f}" fill="#666" font-size="8">'
            f"{_text(role)}</text>"
        )
    for record, node in graph.nodes.items():
        x, y = places[record]
        colour = _COLOURS[kinds.index(node.record_type) % len(_COLOURS)]
        shown = node.label or record[:8]
        shown = shown if len(shown) <= _LETTERS else shown[: _LETTERS - 1] + "…"
        said = " · ".join(part for part in (node.record_type, node.country) if part)
        lines.append(
            f"<g><title>{_text(f'{node.label} {record}'.strip())}</title>"
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{9 if node.away else 13}" fill="{colour}"/>'
            f'<text x="{x:.1f}" y="{y + 22:.1f}">{_text(shown)}</text>'
            f'<text x="{x:.1f}" y="{y + 33:.1f}" fill="#666" font-size="8">{_text(said)}</text></g>'
        )
    return "\n".join([*lines, "</svg>", ""])


def _places(graph: Graph) -> dict[str, tuple[float, float]]:
    """Rings by distance; on a ring a record stands near the direction of those that it hangs on."""
    neighbours: dict[str, list[str]] = {record: [] for record in graph.nodes}
    for a, _, b in graph.ties:
        neighbours[a].append(b)
        neighbours[b].append(a)
    angles: dict[str, float] = {}
    places: dict[str, tuple[float, float]] = {}
    radius = 0.0
    for away in sorted({node.away for node in graph.nodes.values()}):
        ring = [record for record, node in graph.nodes.items() if node.away == away]
        hangs = {
            record: [angles[other] for other in neighbours[record] if other in angles] for record in ring
        }
        ring.sort(key=lambda record: (min(hangs[record], default=0.0), graph.nodes[record].label, record))
        # Each needs the width of its words on the ring.
        radius = max(radius + _RING, len(ring) * 70 / math.tau) if away else 0.0
        for number, record in enumerate(ring):
            angle = math.tau * number / len(ring)
            angles[record] = angle
            places[record] = (radius * math.cos(angle), radius * math.sin(angle))
    return places


def _text(value: str) -> str:
    """Text in XML, without the characters that XML cannot hold."""
    return escape("".join(sign if sign >= " " and sign not in "\ufffe\uffff" else " " for sign in value))
