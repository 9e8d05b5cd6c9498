"""What is answered: a record that may be meant, why, and what its owner asks of whoever uses it.

Invariant: no answer without its owner, its handling and how to confirm it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """``score``: 0 to 100. ``shown``: columns of the record. ``handling``: those of the envelope on its use."""

    record_type: str
    record_id: str
    score: float
    reasons: tuple[str, ...]
    owner_country: str
    source_id: str
    shown: dict[str, Any]
    handling: dict[str, Any]
    authority: str | None = None

    @property
    def confirm(self) -> str:
        """What to do before anything is done to anyone."""
        owner = f"{self.authority} ({self.owner_country})" if self.authority else self.owner_country
        asks = f"confirm with the owner, {owner}, under {self.source_id} {self.record_id}"
        conditions = self.handling.get("handling_conditions")
        return f"{asks}; {conditions}" if conditions else asks

    def as_dict(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        return {
            "score": round(self.score, 1),
            "record_type": self.record_type,
            "record_id": self.record_id,
            "owner_country": self.owner_country,
            "source_id": self.source_id,
            **self.shown,
            "reasons": list(self.reasons),
            "handling": self.handling,
            "confirm": self.confirm,
        }
