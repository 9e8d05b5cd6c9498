"""Where a thing stands in the site.

Invariant: every name, whatever is in it, gives one file name that is safe on any disk, and two names never the same.
"""

from __future__ import annotations

import re
from html import escape

FOLDERS = {
    "record type": "records",
    "column": "columns",
    "source": "sources",
    "code list": "codes",
}


def file_of(kind: str, name: str) -> str:
    """The page of a thing, from the root of the site; a column is named ``record_type.column``, or ``column`` alone
    when every record has it.
    """
    return f"{FOLDERS[kind]}/{_safe(name)}.html"


def anchor(name: str) -> str:
    """A name as the id of an element."""
    return f"-{_safe(name)}"


def link(kind: str, name: str, text: str | None = None, at: str = "", root: str = "../") -> str:
    """A link to the page of a thing, ``at`` a name in it; ``root`` is empty when it stands in no folder."""
    place = f"#{anchor(at)}" if at else ""
    return f'<a href="{root}{escape(file_of(kind, name) + place, quote=True)}">{escape(text or name)}</a>'


def _safe(name: str) -> str:
    # Capitals are written out too: some disks do not tell them apart.
    return re.sub(r"[^a-z0-9_.\-]|^[.\-]", lambda sign: f"~{ord(sign[0]):x}~", name)
