"""Arrow imports pandas, for a third of a second, to ask whether an array is one of pandas'. Here none ever is.

Invariant: it is only kept out; who has it, or imports it afterwards, has it whole.
"""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class WithoutPandas:
    """A finder for ``sys.meta_path`` that finds no pandas."""

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        if name == "pandas":
            raise ModuleNotFoundError("a night does without pandas", name=name)


@contextlib.contextmanager
def without_pandas() -> Iterator[None]:
    finder = WithoutPandas()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
