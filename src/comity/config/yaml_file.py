"""Reading a YAML file that a person wrote.

Invariant: whatever is wrong in the file becomes a ConfigError with file, line, column, what is known and the
nearest name; never a traceback. Values are read by YAML 1.2's core rules, so ``NO`` is a country and not ``false``,
and a date or ``12:30`` stays text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from comity.errors import ConfigError, nearest

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic_core import ErrorDetails

Model = TypeVar("Model", bound=BaseModel)
Location = tuple[str | int, ...]
_MOST_PLACES = 200_000
UNDECIDED = re.compile(r"^TODO\b")
"""What a proposal leaves to a person: a value or a key that begins so."""


class _CoreLoader(yaml.SafeLoader):
    """YAML 1.2 core schema: only true/false, null, integers and floats are anything but text."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  (its own, not the base's)


for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:bool", r"^(?:true|false)$", "tf"),
    ("tag:yaml.org,2002:null", r"^(?:null|~|)$", ["n", "~", ""]),
    ("tag:yaml.org,2002:int", r"^[-+]?(?:0|[1-9][0-9]*)$", "-+0123456789"),
    ("tag:yaml.org,2002:float", r"^[-+]?(?:0|[1-9][0-9]*)?\.[0-9]+(?:[eE][-+]?[0-9]+)?$", "-+.0123456789"),
):
    _CoreLoader.add_implicit_resolver(_tag, re.compile(_pattern), list(_first))

# libyaml reads five times as fast, where PyYAML was built with it; it gives the same nodes and places.
_quick: type[yaml.SafeLoader | yaml.CSafeLoader] | None = None
if yaml.__with_libyaml__:

    class _QuickLoader(yaml.CSafeLoader):
        yaml_implicit_resolvers = _CoreLoader.yaml_implicit_resolvers

    _quick = _QuickLoader
# It composes by a recursion that no limit of Python's stops.
_QUICK_DEPTH = 5_000


def read_yaml(path: Path) -> tuple[Any, dict[Location, tuple[int, int]]]:
    """The file's content, and for every key and item the line and column where it stands (from 1)."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise ConfigError(
            "config.missing-file", "A file that is needed does not exist", file=path, remedy="create it"
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigError(
            "config.not-utf8", "The file is not UTF-8", file=path, found=str(error), remedy="save it as UTF-8"
        ) from None
    except OSError as error:
        raise ConfigError(
            "config.unreadable-file",
            "The file cannot be read",
            file=path,
            found=error.strerror or str(error),
            remedy="check that it is a file, and that this user may read it",
        ) from None
    return _parse(text, path)


def _parse(text: str, path: Path) -> tuple[Any, dict[Location, tuple[int, int]]]:
    if _quick is not None and _shallow(text):
        try:
            return _read(_quick, text, path)
        except (yaml.YAMLError, ValueError, AttributeError, RecursionError):
            pass  # the other loader says what is wrong, in its words
    try:
        return _read(_CoreLoader, text, path)
    except RecursionError:
        raise ConfigError(
            "config.bad-yaml",
            "The file is nested too deeply, or an alias stands inside its own anchor",
            file=path,
            remedy="write it out without anchors and aliases",
        ) from None
    except (ValueError, AttributeError) as error:  # a tag such as !!int before what is no integer
        raise ConfigError(
            "config.bad-yaml",
            "A value is not what its tag says, or a number has no end",
            file=path,
            found=str(error),
            remedy="remove the tag; write a very long number as text, in quotes",
        ) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ConfigError(
            "config.bad-yaml",
            "The file is not valid YAML",
            file=path,
            line=mark.line + 1 if mark else None,
            column=mark.column + 1 if mark else None,
            found=str(error.problem or error.context),
            remedy="check the indentation, the colons and the quotes at this place",
        ) from None
    except yaml.YAMLError as error:
        raise ConfigError(
            "config.bad-yaml",
            "The file is not valid YAML",
            file=path,
            found=str(error),
            remedy="remove the character that no text has",
        ) from None


def _shallow(text: str) -> bool:
    """Whether nothing in the text can be nested very deeply: each level of a flow needs a bracket, and each of a block
    a character of its line, an indentation or a sign.
    """
    flow = text.count("[") + text.count("{")
    return flow + max(map(len, text.split("\n"))) <= _QUICK_DEPTH


def _read(
    kind: type[yaml.SafeLoader | yaml.CSafeLoader], text: str, path: Path
) -> tuple[Any, dict[Location, tuple[int, int]]]:
    loader = kind(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None, {}
        places: dict[Location, tuple[int, int]] = {}
        _collect(node, (), places, path)
        return loader.construct_document(node), places
    finally:
        loader.dispose()


def load_model(path: Path, model: type[Model]) -> Model:
    """The file as ``model``. Unknown keys, wrong types and missing keys become one ConfigError each, first first."""
    content, places = read_yaml(path)
    return validate_model(content if content is not None else {}, model, path, places)


def validate_model(
    content: Any, model: type[Model], path: Path, places: dict[Location, tuple[int, int]]
) -> Model:
    """``content`` as ``model``; errors point into ``path`` by ``places``."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise _explain(error.errors(), model, path, places, content) from None


def undecided(path: Path, line: int, column: int, found: str) -> ConfigError:
    """The error for a TODO: nothing runs on a guess."""
    return ConfigError(
        "config.undecided",
        "A TODO stands here: what it is about is not decided yet, and nothing runs on a guess",
        file=path,
        line=line,
        column=column,
        found=found if len(found) <= 300 else found[:299] + "…",
        remedy="write what holds in its place; where the rest of the rule is right, remove the TODO alone",
    )


def place_of(places: dict[Location, tuple[int, int]], location: Location) -> tuple[int | None, int | None]:
    """The line and column of ``location``, or of its nearest parent that stands in the file."""
    while location and location not in places:
        location = location[:-1]
    return places.get(location, (None, None))


def _collect(node: yaml.Node, at: Location, places: dict[Location, tuple[int, int]], path: Path) -> None:
    places.setdefault(at, (node.start_mark.line + 1, node.start_mark.column + 1))
    if len(places) > _MOST_PLACES:
        raise ConfigError(
            "config.bad-yaml",
            f"The file has more than {_MOST_PLACES:,} keys and items, its aliases written out",
            file=path,
            remedy="write it without aliases of aliases, or split it",
        )
    if isinstance(node, yaml.ScalarNode) and UNDECIDED.match(node.value):
        raise undecided(path, node.start_mark.line + 1, node.start_mark.column + 1, node.value)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise ConfigError(
                    "config.bad-yaml",
                    "A key is a name, and here stands a list or a block",
                    file=path,
                    line=key.start_mark.line + 1,
                    column=key.start_mark.column + 1,
                    remedy="put the braces or brackets in quotes if they are text",
                )
            if UNDECIDED.match(key.value):
                said = f"{key.value}: {value.value}" if isinstance(value, yaml.ScalarNode) else key.value
                raise undecided(path, key.start_mark.line + 1, key.start_mark.column + 1, said)
            key.tag = "tag:yaml.org,2002:str"  # a key is a name: `true:` and `1:` stay text
            if key.value in seen:
                raise ConfigError(
                    "config.duplicate-key",
                    f"The key '{key.value}' stands twice in the same block",
                    file=path,
                    line=key.start_mark.line + 1,
                    column=key.start_mark.column + 1,
                    remedy="keep one of the two",
                )
            seen.add(key.value)
            places[(*at, key.value)] = (key.start_mark.line + 1, key.start_mark.column + 1)
            _collect(value, (*at, key.value), places, path)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _collect(value, (*at, index), places, path)


def _explain(
    details: list[ErrorDetails],
    model: type[BaseModel],
    path: Path,
    places: dict[Location, tuple[int, int]],
    content: Any,
) -> ConfigError:
    # Unknown keys first: a misspelt key also shows as a missing one, and the misspelling is the cause.
    detail = min(details, key=lambda item: item["type"] != "extra_forbidden")
    location: Location = tuple(part for part in detail["loc"] if _stands_in(part, places))
    line, column = place_of(places, location)
    where = ".".join(str(part) for part in location) or "the file"
    if detail["type"] == "extra_forbidden":
        known = _known_keys(model, detail["loc"][:-1])
        return ConfigError(
            "config.unknown-key",
            f"Nobody knows the key '{detail['loc'][-1]}'",
            file=path,
            line=line,
            column=column,
            found=where,
            remedy=nearest(str(detail["loc"][-1]), known),
        )
    if detail["type"] == "missing":
        return ConfigError(
            "config.missing-key",
            f"The key '{detail['loc'][-1]}' is missing",
            file=path,
            line=line,
            column=column,
            found=f"in {where}",
            remedy=f"add '{detail['loc'][-1]}'",
        )
    shown = repr(detail["input"])
    return ConfigError(
        "config.invalid-value",
        f"{where}: {detail['msg'].removeprefix('Value error, ')}",
        file=path,
        line=line,
        column=column,
        found=shown if len(shown) <= 120 else shown[:117] + "…",
        remedy="correct the value",
    )


def _stands_in(part: str | int, places: dict[Location, tuple[int, int]]) -> bool:
    """Pydantic names the branch of a union in its locations; such a part is no key of the file."""
    return any(part in location for location in places)


def _known_keys(model: type[BaseModel], location: Location) -> set[str]:
    """The keys that the model allows at ``location``: every model met below the top whose fields fit."""
    candidates: list[Any] = [model]
    for part in location:
        following: list[Any] = []
        for candidate in candidates:
            if isinstance(candidate, type) and issubclass(candidate, BaseModel):
                for name, field in candidate.model_fields.items():
                    if (field.alias or name) == part:
                        following.extend(_models_in(field.annotation))
        candidates = following or candidates
    keys: set[str] = set()
    for candidate in candidates:
        keys |= {field.alias or name for name, field in candidate.model_fields.items()}
    return keys


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for inner in getattr(annotation, "__args__", ()) for found in _models_in(inner)]
