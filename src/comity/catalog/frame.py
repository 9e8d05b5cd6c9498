"""What the pages of the site have in common.

Invariant: a cell is text and escaped, unless it is marked as HTML, and that is made here or by ``link``.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from comity.catalog.text import percent
from comity.validation.page_style import document

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# A share is shaded by one colour over whatever the page's background is, so it fits the light and the dark one.
_SHADES = "".join(f".f{step} {{ background: rgb(47 125 79 / {step * 0.06:.2f}); }} " for step in range(11))
STYLE = f"""
nav {{ margin: 0 0 1rem; padding: 0 1rem; display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; }}
body {{ padding: 0; max-width: 88rem; }} main {{ padding: 0 1rem; }} h1 {{ overflow-wrap: anywhere; }}
.share {{ text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }} {_SHADES}
.none {{ opacity: .55; }} tbody th {{ font-weight: 400; }} td code {{ overflow-wrap: anywhere; }}
td.rule {{ min-width: 16rem; }} td.told {{ min-width: 14rem; }} td.list {{ min-width: 9rem; }}
.scroll tbody th[scope=row] {{ position: sticky; left: 0; background: Canvas; }}
dl {{ display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.2rem; }} dt {{ opacity: .75; }}
dd {{ margin: 0; overflow-wrap: anywhere; }}
#ask {{ font: inherit; font-size: 1.1rem; width: 100%; box-sizing: border-box; padding: .5rem .7rem; }}
#found {{ list-style: none; padding: 0; }} #found li {{ padding: .35rem 0; border-bottom: 1px solid var(--line); }}
#found small {{ margin-left: .5rem; }} #found span {{ display: block; opacity: .8; }}
@media (max-width: 40rem) {{ dl {{ grid-template-columns: 1fr; }} dt {{ margin-top: .4rem; }} }}
@media print {{ nav, #search {{ display: none; }} }}
"""


@dataclass(frozen=True)
class Html:
    """A piece that is HTML already, in a cell of some class."""

    text: str
    style: str = ""


Cell = str | Html


def page(
    title: str, body: Iterable[str], footer: str, *, root: str = "../", script: str = "", after: str = ""
) -> str:
    """A page of the site; ``footer`` says what it is made from."""
    links = (("index.html", "Catalogue"), ("index.html#sources", "Sources"), ("quality.html", "Quality"))
    before = "".join(f'<a href="{root}{target}">{text}</a>' for target, text in links)
    content = "\n".join(part for part in body if part)
    return document(
        title,
        f"{content}\n<p><small>{escape(footer)}</small></p>{after}\n",
        style=STYLE,
        script=script,
        before=f'<nav aria-label="Catalogue">{before}</nav>\n',
    )


def table(head: Sequence[str], rows: Iterable[Sequence[Cell]], *, caption: str = "", numbers: int = 0) -> str:
    """A table whose first column names the row; the last ``numbers`` columns are set to the right."""
    right = len(head) - numbers

    def heading(place: int, text: str) -> str:
        style = ' class="number"' if place >= right else ""
        return f'<th scope="col"{style}>{escape(text)}</th>'

    def cell(place: int, content: Cell) -> str:
        html = content if isinstance(content, Html) else Html(escape(content))
        style = html.style or ("number" if place >= right else "")
        kind = f' class="{style}"' if style else ""
        return f'<th scope="row"{kind}>{html.text}</th>' if place == 0 else f"<td{kind}>{html.text}</td>"

    heads = "".join(heading(place, text) for place, text in enumerate(head))
    body = "".join(
        f"<tr>{''.join(cell(place, content) for place, content in enumerate(row))}</tr>\n" for row in rows
    )
    told = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f'<div class="scroll"><table>{told}<thead><tr>{heads}</tr></thead><tbody>\n{body}</tbody></table></div>'


def shaded(share: float | None) -> Html:
    """A share as percent, on a ground that is the stronger the more is filled."""
    if share is None:
        return Html("–", "share none")
    if share == 0:
        return Html("0 %", "share none")
    return Html(escape(percent(share)), f"share f{min(10, max(1, round(share * 10)))}")


def facts(rows: Iterable[tuple[str, Cell]]) -> str:
    """What is known of one thing, label and text; what is empty is left out."""
    told = [(label, text.text if isinstance(text, Html) else escape(text)) for label, text in rows]
    return f"<dl>{''.join(f'<dt>{escape(label)}</dt><dd>{text}</dd>' for label, text in told if text)}</dl>"


def paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>" if text else ""
