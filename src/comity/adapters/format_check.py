"""The formats of ``adapter.yaml`` before they become models.

Invariant: what is wrong is told in the words of the format that was meant. The models alone would read a misspelt
type as a plug-in's, and list the options of every format as known.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from comity.adapters.reader import BUILT_IN, format_model, reader_names
from comity.config.yaml_file import place_of, validate_model
from comity.errors import ConfigError, nearest

if TYPE_CHECKING:
    from pathlib import Path

    from comity.config.yaml_file import Location


def check_formats(formats: Any, file: Path, places: dict[Location, tuple[int, int]]) -> Any:
    """The formats, those of installed readers as the reader's own model.

    Raises ConfigError at the first type or option that nobody knows.
    """
    if not isinstance(formats, list):
        return formats
    checked = list(formats)
    for index, format in enumerate(formats):
        if not isinstance(format, dict):
            continue
        at: Location = ("format", index)
        name = format.get("type")
        if name is None:
            # The likeliest cause is a misspelt 'type'; the rest cannot be judged without it.
            close = difflib.get_close_matches("type", map(str, format), n=1)
            if close:
                raise _unknown_key(close[0], {"type"}, file, place_of(places, (*at, close[0])))
            raise _error(
                "config.missing-key",
                "A format needs its 'type'",
                file,
                place_of(places, at),
                "type",
                reader_names(),
            )
        if not isinstance(name, str):
            continue
        if name not in BUILT_IN and name not in reader_names():
            message = f"Nobody reads the format '{name}'"
            raise _error(
                "config.unknown-format", message, file, place_of(places, (*at, "type")), name, reader_names()
            )
        model = format_model(name)
        known = {field.alias or key for key, field in model.model_fields.items()}
        for key in format:
            if key not in known:
                raise _unknown_key(key, known, file, place_of(places, (*at, key)), name)
        if name not in BUILT_IN:
            inner = {location[2:]: place for location, place in places.items() if location[:2] == at}
            checked[index] = validate_model(format, model, file, inner)
    return checked


def _unknown_key(
    key: str, known: set[str], file: Path, place: tuple[int | None, int | None], name: str = ""
) -> ConfigError:
    kind = f"The format '{name}' has no option '{key}'" if name else f"Nobody knows the key '{key}'"
    return _error("config.unknown-key", kind, file, place, key, known)


def _error(
    code: str, message: str, file: Path, place: tuple[int | None, int | None], word: str, known: set[str]
) -> ConfigError:
    line, column = place
    return ConfigError(code, message, file=file, line=line, column=column, remedy=nearest(word, known))
