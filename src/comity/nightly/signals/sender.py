"""Posting events while the night goes on.

Invariant: the night never waits for the other side, but at its end, and there no longer than ``SECONDS``; events
arrive in order or not at all; after two in a row that did not arrive, no more are tried.
"""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import Any

from comity.nightly.signals.post import NotSent, post_json

SECONDS = 45.0
_FAILURES = 2


class Sender:
    """Call it with an event; then ``close``."""

    def __init__(self, url: str, token: str | None) -> None:
        self.url, self.token = url, token
        self._queue: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
        self._sent, self._asked, self._why = 0, 0, ""
        self._thread = threading.Thread(target=self._work, name="comity-lineage", daemon=True)
        self._thread.start()

    def __call__(self, event: dict[str, Any]) -> None:
        self._asked += 1
        self._queue.put(event)

    def close(self) -> str | None:
        """Wait for what is under way; what went wrong, or None."""
        self._queue.put(None)
        self._thread.join(SECONDS)
        if self._sent == self._asked:
            return None
        why = self._why or f"no answer within {SECONDS:.0f} s"
        return f"lineage: {self._asked - self._sent} of {self._asked} events did not arrive: {why}"

    def _work(self) -> None:
        failures = 0
        while (event := self._queue.get()) is not None:
            if failures >= _FAILURES:
                continue
            try:
                post_json(self.url, event, self.token, tries=2)
            except NotSent as error:
                failures, self._why = failures + 1, str(error)
            except Exception as error:  # a thread that dies silently would tell nothing
                failures, self._why = failures + 1, type(error).__name__
            else:
                failures, self._sent = 0, self._sent + 1
