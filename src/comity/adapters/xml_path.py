"""Which elements of an XML document are records.

Invariant: an element inside a record is never a record of its own.
"""

from __future__ import annotations

from typing import Any

from comity.adapters.xml_record import local_name


class RecordPath:
    """``//case``, ``cases/case`` (at any depth) or ``/export/cases/case`` (from the root)."""

    def __init__(self, path: str, namespaces: dict[str, str]) -> None:
        self.text = path
        self.absolute = path.startswith("/") and not path.startswith("//")
        self.steps = tuple(_step(step, namespaces) for step in path.strip("/").split("/") if step)
        self.names = tuple(local_name(step) for step in self.steps)

    def is_record(self, element: Any) -> bool:
        """Whether ``element`` is a record and lies in no other."""
        stack = [element.tag, *(parent.tag for parent in element.iterancestors())][::-1]
        return self.matches(stack) and not self._holds_record(stack[:-1])

    def lies_in_record(self, element: Any) -> bool:
        """Whether some element around ``element`` is a record."""
        return self._holds_record([parent.tag for parent in element.iterancestors()][::-1])

    def _holds_record(self, stack: list[str]) -> bool:
        return any(self.matches(stack[:depth]) for depth in range(1, len(stack) + 1))

    def matches(self, stack: list[str]) -> bool:
        """Whether the element whose tags from the root are ``stack`` is a record."""
        if self.absolute and len(stack) != len(self.steps):
            return False
        return len(stack) >= len(self.steps) and all(
            tag == step if step.startswith("{") else local_name(tag) == step
            for tag, step in zip(reversed(stack), reversed(self.steps), strict=False)
        )

    def around(self, root: str) -> list[str]:
        """The tags above a record as far as the path says them, for a document with that ``root``."""
        above = list(self.steps[:-1])
        if self.absolute or (above and local_name(above[0]) == local_name(root)):
            above = above[1:]
        return [root, *above]


def _step(step: str, namespaces: dict[str, str]) -> str:
    prefix, _, name = step.rpartition(":")
    return f"{{{namespaces[prefix]}}}{name}" if prefix in namespaces else name
