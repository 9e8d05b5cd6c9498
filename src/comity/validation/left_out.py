"""Modules that an import names and that nothing here uses, or not yet: what they would cost is saved.

Invariant: only who imports within ``names_only`` gets names for a module; whoever asks later gets the module itself.
"""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def load_when_used(name: str) -> None:
    """Let ``import name`` load nothing until something of the module is used."""
    spec = importlib.util.find_spec(name)
    if name in sys.modules or spec is None:
        return
    stand_in = ModuleType(name)
    stand_in.__spec__ = spec

    def load(attribute: str) -> Any:
        if sys.modules[name] is stand_in:
            del sys.modules[name]
        return getattr(importlib.import_module(name), attribute)

    stand_in.__getattr__ = load  # type: ignore[method-assign]
    sys.modules[name] = stand_in
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, stand_in)


@contextlib.contextmanager
def names_only(is_one: Callable[[str], bool]) -> Iterator[None]:
    """Within it, a module of which ``is_one`` says so is not loaded: every name of it is an empty class."""
    finder = _NamesOnly(is_one)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in finder.made:
            sys.modules.pop(name, None)


class _NamesOnly:
    def __init__(self, is_one: Callable[[str], bool]) -> None:
        self.is_one = is_one
        self.made: set[str] = set()

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        above = name.rpartition(".")[0]
        whole = not above or above in self.made or not self.is_one(above)  # else its package is there already
        if not (whole and self.is_one(name)):
            return None
        self.made.add(name)
        return ModuleSpec(name, self, is_package=True)  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> None:
        """Python's own."""

    def exec_module(self, module: ModuleType) -> None:
        def named(attribute: str) -> type:
            if attribute.startswith("__"):
                raise AttributeError(attribute)
            return type(attribute, (_Nothing,), {})

        module.__getattr__ = named  # type: ignore[method-assign]


class _Nothing(Exception):
    """An exception, so that it can be named wherever a class can: after ``except`` as well, or as a decorator."""
