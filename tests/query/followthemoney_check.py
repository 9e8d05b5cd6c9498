"""Run by the Python of an environment that has the package followthemoney: ``python followthemoney_check.py FILE``.

Prints as JSON what the package finds wrong with the entities of FILE, by its own model: a schema or property that it
does not know, a value that it would not take as it stands, a required property without a value, a reference that leads
nowhere or to a schema that may not stand there, a dataset's name. ``country CODE …`` prints those that it has not.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from followthemoney import model
from followthemoney.dataset.util import dataset_name_check
from followthemoney.types import registry


def wrong_in(path: Path) -> list[str]:
    found = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    schemata = {entity["id"]: model.get(entity["schema"]) for entity in found}
    wrong = [f"{len(found) - len(schemata)} ids stand twice"] if len(found) != len(schemata) else []
    for entity in found:
        schema, who = schemata[entity["id"]], f"{entity['schema']} {entity['id']}"
        if schema is None or schema.abstract:
            wrong.append(f"{who}: no such schema")
            continue
        for dataset in entity["datasets"]:
            dataset_name_check(dataset)
        wrong += [
            f"{who}: {name} is required" for name in schema.required if not entity["properties"].get(name)
        ]
        for name, values in entity["properties"].items():
            prop = schema.get(name)
            if prop is None or prop.deprecated:
                wrong.append(f"{who}: no property {name}")
                continue
            for value in values:
                if prop.type.clean(value, format=prop.format) != value or len(value) > prop.max_length:
                    wrong.append(f"{who}: {name} is not {value!r}")
                if prop.type == registry.entity:
                    other = schemata.get(value)
                    if other is None or not other.is_a(prop.range):
                        wrong.append(f"{who}: {name} leads to {value}, which is no {prop.range} of this file")
    return wrong


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["country", *codes]:
            print(json.dumps([code for code in codes if registry.country.clean(code) != code]))
        case [path]:
            print(json.dumps(wrong_in(Path(path))))
