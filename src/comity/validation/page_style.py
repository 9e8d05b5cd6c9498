"""How every page of Comity looks, and how it is kept.

Invariant: a page is one file that needs no network and no font of its own; what it may load is nothing, and the only
style and script that it may use are those that it is made with, by their hashes. Most have no script.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

STYLE = """
:root { color-scheme: light dark; --bad: #b3261e; --warn: #8a5a00; --good: #1b6e3c; --line: #8884; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; border-bottom: 1px solid var(--line); }
table { border-collapse: collapse; width: 100%; } th { text-align: left; font-weight: 600; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
.blocked, .fail.critical, .error { color: var(--bad); font-weight: 600; }
.marked, .fail.warning { color: var(--warn); font-weight: 600; } .published, .pass { color: var(--good); }
.not_applicable, small { opacity: .7; } code { font-size: .92em; } summary { cursor: pointer; margin: .6rem 0; }
h3 { font-size: 1rem; margin: 1.4rem 0 .4rem; } caption { text-align: left; padding: .3rem 0; opacity: .8; }
.scroll { overflow-x: auto; } .facts { display: flex; flex-wrap: wrap; gap: 1.6rem; padding: 0; list-style: none; }
.facts b { display: block; font-size: 1.4rem; font-variant-numeric: tabular-nums; }
svg { display: block; max-width: 100%; height: auto; }
svg text { font: 11px system-ui, sans-serif; fill: currentColor; }
.line { fill: none; stroke: currentColor; stroke-width: 1.5; opacity: .75; } .dot { fill: currentColor; }
.grid { stroke: currentColor; opacity: .18; } .accepted { fill: #2f7d4f; } .rejected { fill: #b3261e; }
.not_selected { fill: #8a8a8a; } .key { display: inline-block; vertical-align: middle; margin-right: .3rem; }
a:focus-visible, summary:focus-visible { outline: 2px solid currentColor; outline-offset: 2px; }
@media print { body { max-width: none; } details { display: block; } }
""".strip()


def document(title: str, body: str, *, style: str = "", script: str = "", before: str = "") -> str:
    """A whole page; ``title`` is text, ``body`` and what stands ``before`` it are HTML in which every text is escaped
    already. ``style`` adds to that of all pages; ``script`` is the only one that may run.
    """
    style = f"\n{STYLE}\n{style}"
    allowed = f"style-src 'sha256-{_digest(style)}'" + (
        f"; script-src 'sha256-{_digest(script)}'" if script else ""
    )
    policy = f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"
    runs = f"<script>{script}</script>" if script else ""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}"><meta name="referrer" content="no-referrer">
<title>{escape(title)}</title><style>{style}</style></head><body>
{before}<main>
<h1>{escape(title)}</h1>
{body}</main>{runs}</body></html>
"""


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def write_private(path: Path, content: str) -> None:
    """Beside, then in place: whoever reads the file sees a whole one. For its owner alone."""
    beside = path.with_name(path.name + ".part")
    beside.write_text(content, "utf-8")
    beside.chmod(0o600)
    beside.replace(path)
