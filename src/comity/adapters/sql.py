"""Names and texts in SQL.

Invariant: whatever characters a name or a text holds, the SQL means exactly that name or text.
"""

from __future__ import annotations


def quoted_name(name: str) -> str:
    """``name`` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def quoted_text(text: str) -> str:
    """``text`` as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"
