"""A pydantic model of a file as JSON Schema, for an editor.

Invariant: every key that the model takes is in the schema and no other, with the sentence that stands beside it in
the code. The dialect is draft 7, which every YAML language server knows.
"""

from __future__ import annotations

import ast
import inspect
from functools import cache
from textwrap import dedent
from typing import Any, get_args

from pydantic import BaseModel

DIALECT = "http://json-schema.org/draft-07/schema#"
Schema = dict[str, Any]
# An editor names what is accepted in its error; hundreds of codes would hide it.
_MOST_NAMED = 40


def model_schema(model: type[BaseModel]) -> Schema:
    """The schema of ``model``; the models inside it stand under ``definitions`` by their class's name."""
    schema: Schema = model.model_json_schema(by_alias=True, ref_template="#/definitions/{model}")
    definitions: Schema = schema.pop("$defs", {})
    for each in models_in(model):
        described = definitions.get(each.__name__) or (schema if each is model else None)
        if described is None:
            continue
        if text := summary(each):
            described["description"] = text
        for name, field in each.model_fields.items():
            sentence = field.description or sentences(each).get(name)
            key = field.alias or name
            if sentence and key in described.get("properties", {}):
                described["properties"][key]["description"] = sentence
    if "$ref" in schema:  # a model that holds itself
        schema = definitions[model.__name__] | schema
        del schema["$ref"]
    return {"$schema": DIALECT, **_plain(schema), "definitions": _plain(definitions)}


def models_in(model: type[BaseModel]) -> tuple[type[BaseModel], ...]:
    """A model, and those inside it, each once."""
    found: dict[type[BaseModel], None] = {}
    waiting = [model]
    while waiting:
        each = waiting.pop()
        if each not in found:
            found[each] = None
            waiting += [kind for field in each.model_fields.values() for kind in _kinds(field.annotation)]
    return tuple(found)


def _kinds(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [kind for each in get_args(annotation) for kind in _kinds(each)]


def summary(model: type[BaseModel]) -> str:
    """The first paragraph of what a model says of itself, on one line; nothing where it says nothing."""
    text = inspect.cleandoc(model.__dict__.get("__doc__") or "").partition("\n\n")[0]
    return " ".join(text.split()).replace("``", "`")


@cache
def sentences(model: type[BaseModel]) -> dict[str, str]:
    """The text that stands under each field of a model, in its class and those above."""
    found: dict[str, str] = {}
    for kind in reversed(model.__mro__):
        if issubclass(kind, BaseModel) and kind is not BaseModel:
            (body,) = ast.parse(dedent(inspect.getsource(kind))).body
            assert isinstance(body, ast.ClassDef)
            for field, text in zip(body.body, body.body[1:], strict=False):
                if (
                    isinstance(field, ast.AnnAssign)
                    and isinstance(field.target, ast.Name)
                    and isinstance(text, ast.Expr)
                    and isinstance(text.value, ast.Constant)
                    and isinstance(text.value.value, str)
                ):
                    found[field.target.id] = " ".join(text.value.value.split()).replace("``", "`")
    return found


def _plain(schema: Any) -> Any:
    """Without the titles that pydantic makes of names, and without null for a key that is simply not there."""
    if isinstance(schema, list):
        return [_plain(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "default" in schema and schema["default"] is None and "anyOf" in schema:
        (first, *others) = [each for each in schema["anyOf"] if each != {"type": "null"}]
        more = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
        return _plain({"anyOf": [first, *others], **more} if others else {**first, **more})
    named = ("properties", "definitions")
    return {
        key: {name: _plain(each) for name, each in value.items()} if key in named else _plain(value)
        for key, value in schema.items()
        if not (key == "title" and isinstance(value, str))
    }


def choice(descriptions: dict[str, str], **more: Any) -> Schema:
    """One of some texts, each with what it means."""
    schema: Schema = {"type": "string", "enum": list(descriptions)}
    if len(descriptions) > _MOST_NAMED:
        schema["errorMessage"] = "There is no such value here. Completion lists all that there are."
    if any(descriptions.values()):
        schema["enumDescriptions"] = list(descriptions.values())
    return schema | more


def when(key: str, value: str, then: Schema) -> Schema:
    """``then`` where ``key`` has that value."""
    return {"if": {"properties": {key: {"const": value}}, "required": [key]}, "then": then}
