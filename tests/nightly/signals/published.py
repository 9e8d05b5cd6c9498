"""What the OpenLineage project publishes of its events: the classes that it generates from its own JSON Schemas.

A whole event is read by them: the event, its run, job and datasets, and every facet by the schema that it names. A key
that the schema does not know, a facet that does not belong where it stands, a text where a number belongs, a run id
that is no UUID or a moment without a time raises.
"""

from __future__ import annotations

import importlib
import pkgutil
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import attr
import cattrs
from openlineage.client import generated
from openlineage.client.generated import base


@cache
def published() -> dict[str, type]:
    """Address of a schema → the class that is generated from it."""
    found: dict[str, type] = {}
    for module in pkgutil.iter_modules(generated.__path__):
        for kind in vars(importlib.import_module(f"{generated.__name__}.{module.name}")).values():
            if isinstance(kind, type) and attr.has(kind) and hasattr(kind, "_get_schema"):
                found[kind._get_schema()] = kind
    return found


def read_event(event: dict[str, Any]) -> Any:
    schema = event.pop("schemaURL")
    if not datetime.fromisoformat(event["eventTime"]).tzinfo:
        raise ValueError(f"{event['eventTime']} has no zone")
    return _converter().structure(event, published()[schema])


def read_facet(facet: dict[str, Any], slot: type = base.BaseFacet) -> Any:
    """``slot``: the kind of facet that may stand there."""
    content = dict(facet)
    schema, producer = content.pop("_schemaURL"), content.pop("_producer")
    if not urlsplit(producer).scheme:
        raise ValueError(f"{producer} is no URI")
    kind = published()[schema]
    if not issubclass(kind, slot):
        raise TypeError(f"{kind.__name__} is no {slot.__name__}")
    return _converter(of_facets=False).structure(content, kind)


@cache
def _converter(*, of_facets: bool = True) -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True)
    for plain in (str, int, bool):
        converter.register_structure_hook(plain, _exactly)
    if of_facets:
        for slot in vars(base).values():
            if isinstance(slot, type) and issubclass(slot, base.BaseFacet):
                converter.register_structure_hook(slot, read_facet)
    return converter


def _exactly(value: Any, kind: type) -> Any:
    if type(value) is not kind and not isinstance(value, Enum):
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value
