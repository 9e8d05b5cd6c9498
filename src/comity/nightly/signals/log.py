"""The log of a run: one JSON object a line, with the run and the source in each.

Invariant: a line is whole and on its way to the disk before the next step begins; it holds names, stages, counts and
codes, never a value; a log that cannot be written does not stop the night.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from pathlib import Path

    from comity.nightly.signals.hide import Hide

LEVELS = {
    **dict.fromkeys(("failed", "blocked", "broken", "error"), "error"),
    **dict.fromkeys(("marked", "stale", "undelivered"), "warning"),
}
"""Of an event; all others are ``info``."""


def moment() -> str:
    """Now, in UTC, as ISO 8601 with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class NightLog:
    """``path``: ``log.jsonl`` of the run. ``stream``: where every line goes as well, or None."""

    def __init__(self, path: Path, run_id: str, hide: Hide, stream: TextIO | None = None) -> None:
        self.run_id, self.hide, self.stream = run_id, hide, stream
        self.trouble: str | None = None
        self._file: TextIO | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            self._file = os.fdopen(handle, "a", encoding="utf-8")
        except OSError as error:
            self.trouble = f"log: {error.strerror or error}"

    def tell(
        self, event: str, source: str | None = None, detail: str = "", **more: str | float | None
    ) -> None:
        """Write one line. ``more``: fields that are left out where they are None."""
        line: dict[str, object] = {
            "time": moment(),
            "level": LEVELS.get(event, "info"),
            "run": self.run_id,
            "event": event,
        }
        if source:
            line["source"] = source
        if detail:
            line["detail"] = self.hide(detail)
        line |= {
            key: self.hide(value) if isinstance(value, str) else value
            for key, value in more.items()
            if value is not None
        }
        self._write(json.dumps(line, ensure_ascii=False) + "\n")

    def close(self) -> None:
        if self._file is not None:
            try:
                self._file.close()
            except OSError as error:
                self.trouble = self.trouble or f"log: {error.strerror or error}"
            self._file = None

    def _write(self, line: str) -> None:
        for stream in (self._file, self.stream):
            if stream is None:
                continue
            try:
                stream.write(line)
                stream.flush()
            except (OSError, ValueError) as error:
                self.trouble = self.trouble or f"log: {getattr(error, 'strerror', None) or error}"
