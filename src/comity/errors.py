"""Every error that Comity raises for a person, and its stable code.

Invariant: a ComityError says what failed, where (file, line, column), what was found and what to do next;
its code is documented in docs/errors/ and never changes meaning.

    ComityError
    ├── ConfigError      a file that a person wrote is wrong: YAML, settings, crosswalk, suite   (config.*)
    ├── StandardError    the standard itself is wrong or is asked for something it lacks        (standard.*)
    ├── ReadError        an export cannot be read: this source stops, the others go on          (read.*)
    ├── MappingError     a mapping cannot be compiled, or its policy says stop                  (mapping.*)
    ├── ValidationError  a suite cannot be loaded or run                                        (validation.*)
    ├── StoreError       ledger, files or release                                               (store.*)
    └── QueryError       a question that cannot be answered                                     (query.*)
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class ComityError(Exception):
    """An error written for the person who reads it.

    ``code`` is ``area.kebab-case``; ``line`` and ``column`` count from 1. ``exit_code``: where a command gives its
    codes a meaning of their own; None: that of the kind of error.
    """

    exit_code: int | None = None

    def __init__(
        self,
        code: str,
        message: str,
        *,
        file: Path | str | None = None,
        line: int | None = None,
        column: int | None = None,
        found: str | None = None,
        remedy: str | None = None,
    ) -> None:
        self.code = code
        self.message = message
        self.file = str(file) if file is not None else None
        self.line = line
        self.column = column
        self.found = found
        self.remedy = remedy
        super().__init__(self.text())

    def place(self) -> str | None:
        """``file:line:column`` as far as it is known."""
        if self.file is None:
            return f"line {self.line}" if self.line is not None else None
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)

    def text(self) -> str:
        """The whole error as a few lines of plain text."""
        lines = [f"{self.message} [{self.code}]"]  # one line each, whatever stands in a file
        if place := self.place():
            lines.append(f"  at     {place}")
        if self.found is not None:
            lines.append(f"  found  {self.found}")
        if self.remedy is not None:
            lines.append(f"  next   {self.remedy}")
        return "\n".join(printable(line) for line in lines)

    def __reduce__(self) -> tuple[object, ...]:
        # An error crosses from a worker process to the coordinator: keyword arguments must survive.
        return (_rebuild, (type(self), self.__dict__))


def _rebuild(kind: type[ComityError], state: dict[str, str]) -> ComityError:
    error = kind.__new__(kind)
    error.__dict__.update(state)
    Exception.__init__(error, error.text())
    return error


class ConfigError(ComityError):
    """A file that a person wrote is wrong."""


class StandardError(ComityError):
    """The standard is wrong, or is asked for something that it does not have."""


class ReadError(ComityError):
    """An export cannot be read. The source stops; nothing published is replaced."""


class MappingError(ComityError):
    """A mapping cannot be compiled or applied."""


class ValidationError(ComityError):
    """A suite cannot be loaded or run."""


class StoreError(ComityError):
    """The ledger or the files cannot be read or written."""


class QueryError(ComityError):
    """A question that cannot be answered."""


def printable(text: str) -> str:
    """``text`` on one line and without control characters, which a terminal would carry out."""
    return "".join(sign if sign.isprintable() else "␤" for sign in text)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``did you mean 'delimiter'? ``, with the blank behind it; empty if nothing known is near."""
    names = sorted(set(known))
    other_case = [name for name in names if name.casefold() == word.casefold()]
    close = other_case or difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    return f"did you mean '{close[0]}'? " if close else ""


def nearest(word: str, known: Iterable[str]) -> str:
    """A remedy that lists what is known and names the nearest: ``did you mean 'delimiter'? Known: …``."""
    names = sorted(set(known))
    return f"{did_you_mean(word, names)}Known: {', '.join(names)}"
