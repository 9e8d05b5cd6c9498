"""``docs/reference.md``: every key, step, calendar and option from the models, each with an example that is run.

What a key means is the text beside it in the code; what becomes of an example is what the program makes of it.
"""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from pydantic_core import PydanticUndefined

from comity.adapters import formats
from comity.adapters.database import snapshot
from comity.adapters.export import read_export
from comity.config.yaml_file import read_yaml
from comity.mappings.calendar import YEARS, read_date
from comity.mappings.rule import NEEDS, ORIGINS, READINGS, TEXT_ORIGINS, Rule
from comity.mappings.text_steps import DESCRIPTIONS, sql_text, text_step
from comity.workbench.mapping_schema import CALENDARS, CHECKS
from comity.workbench.model_schema import sentences
from tests.adapters.exports import make_adapter, make_file, refused, rows
from tests.mappings.examples import ID, compiled, rule_mapping, shown
from tests.mappings.small import CROSSWALK, SourceField, run_plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

HEAD = """<!-- Made by `make docs`: do not edit. -->

# Reference

Everything that a mapping and a format can say, in the order of the code it is made from, each with an example. What
stands behind an arrow, or below an export, is what the program made of the example when this page was made. The pages
on [mappings](mapping.md) and [adapters](adapters.md) explain how the parts go together.
"""
VARIABLE = "COMITY_REFERENCE_URL"


def reference_page() -> str:
    """The whole page. Takes seconds: every example is run."""
    examples, _ = read_yaml(Path(__file__).with_name("reference.yaml"))
    with tempfile.TemporaryDirectory() as folder:
        parts = [HEAD, *_rules(examples, Path(folder)), *_formats(examples["formats"], Path(folder))]
    return "\n".join(parts)


def _rules(examples: dict[str, Any], folder: Path) -> Iterator[str]:
    told = sentences(Rule)
    keys = {field.alias or name: (name, field) for name, field in Rule.model_fields.items()}
    steps = [key for key in keys if key not in (*ORIGINS, *READINGS)]
    for title, group in (
        ("Where a value comes from", ORIGINS),
        ("What the text is read as", READINGS),
        ("Steps, and what goes with a key", tuple(steps)),
    ):
        yield f"## {title}\n"
        for key in (key for key in keys if key in group):
            name, field = keys[key]
            goes = "" if key in ORIGINS else f" Goes with {_words(NEEDS.get(key, TEXT_ORIGINS))}."
            yield f"### {key}\n\n{told[name]}{goes}{_default(field)}\n"
            yield _rule_example(examples["rules"][key], folder / f"rule {key}")
    yield "## Named steps\n\nWhat `apply` takes.\n"
    with duckdb.connect() as connection:
        made = {
            name: connection.execute(f"SELECT {text_step(name, sql_text(text))}").fetchall()[0][0]
            for name, text in examples["steps"].items()
        }
    rows = [
        (f"`{name}`", said, _cell(examples["steps"][name]), _cell(made[name]))
        for name, said in DESCRIPTIONS.items()
    ]
    yield _table(("step", "what it does", "text", "→"), rows)
    yield "## Calendars\n\nWhat `calendar` takes.\n"
    rows = []
    for name, (form, text) in examples["calendars"].items():
        found = read_date(text, (form,), name)
        first, last = YEARS[name]
        years = f"{first} to {last}"
        rows.append(
            (f"`{name}`", CALENDARS[name], years, _cell(form), _cell(text), _cell(found and found.edtf))
        )
    yield _table(("calendar", "what it is", "years that are read", "format", "text", "→"), rows)
    yield "## Check digits\n\nWhat `check` takes, beside `{weights: […], modulo: …}`.\n"
    column = {"vin": "vin_status", "mrz": "mrz_status"}
    rows = []
    for name, text in examples["checks"].items():
        if name in column:
            rule, read = f"{column[name]}: {{from: number, check: {name}}}", column[name]
            (record,) = _run(rule, [{"number": text}], folder / f"check {name}")[0]
            outcome = record[read]
        else:
            rule = f"identifiers: {{structs: [{{number: number, check_status: {{from: number, check: {name}}}}}]}}"
            (record,) = _run(rule, [{"number": text}], folder / f"check {name}")[0]
            outcome = record["identifiers"][0]["check_status"]
        rows.append((f"`{name}`", CHECKS[name], _cell(text), _cell(outcome)))
    yield _table(("check", "for", "number", "→"), rows)


def _rule_example(example: dict[str, Any], folder: Path) -> str:
    rule = "\n".join(part for part in (example.get("more"), example["rule"]) if part)
    records, rejects = _run(rule, example["cells"], folder, example.get("crosswalk"))
    columns = [line.partition(":")[0] for line in rule.splitlines()]
    fields = list(example["cells"][0])
    lines = []
    for number, cells in enumerate(example["cells"], 1):
        found = [record for record in records if record["source_row"] == number]
        values = [shown(found[0][column]) if found else None for column in columns]
        flags = ", ".join(found[0]["quality_flags"]) if found else f"rejected: {rejects[number]}"
        lines.append(
            [*map(_cell, (cells[field] for field in fields)), "→", *map(_cell, values), _cell(flags)]
        )
    head = (*fields, "→", *columns, "flags")
    walk = "".join(
        f"`{name}.csv`:\n\n```csv\n{CROSSWALK}{text}\n```\n\n"
        for name, text in example.get("crosswalk", {}).items()
    )
    return f"```yaml\n{rule}\n```\n\n{walk}{_table(head, lines)}"


def _run(
    rule: str, cells: list[dict[str, Any]], folder: Path, crosswalks: dict[str, str] | None = None
) -> tuple[list[dict[str, Any]], dict[int, str]]:
    """The records of the cells, and the reason of every row that became none."""
    folder.mkdir()
    known = [*map(SourceField, cells[0]), SourceField(ID)]
    plan = compiled(folder, rule_mapping(rule), known, False, crosswalks or {})
    result = run_plan(folder, plan, [row | {ID: str(n)} for n, row in enumerate(cells)], known)
    return result.records, {each["source_row"]: each["reasons"][0]["code"] for each in result.rejects}


def _formats(examples: dict[str, Any], folder: Path) -> Iterator[str]:
    yield "## Formats\n\nWhat `format` takes in `adapter.yaml`, by its `type`. The fields are `a` and `b`.\n"
    for type_name, model in formats.BY_TYPE.items():
        yield f"### Format {type_name}\n\n{_of_type(model)}\n"
        for name, field in model.model_fields.items():
            if name != "type":
                yield f"#### {type_name}: {name}\n\n{sentences(model)[name]}{_default(field)}\n"
                yield _format_example(type_name, examples[type_name][name], folder / f"{type_name} {name}")


def _of_type(model: type[BaseModel]) -> str:
    return sentences(model)["type"]


def _format_example(type_name: str, example: dict[str, Any], folder: Path) -> str:
    folder.mkdir()
    fields = example.get("fields", ["a", "b"])
    format = {"type": type_name, **example["format"]}
    delivery = (
        {"database": {"url": f"${{{VARIABLE}}}", "query": "SELECT a, b FROM t"}} if "sql" in example else None
    )
    adapter = make_adapter(folder, fields, format, **({"delivery": delivery} if delivery else {}))
    if "reader" in example:
        (adapter.folder / "reader.py").write_text(example["reader"], "utf-8")
    file, text, language = _export(adapter, example, folder)
    reading = read_export(adapter, [file], folder / "parts")
    lines = [[str(row), *map(_cell, cells)] for row, *cells in rows(reading, adapter)]
    lines += [[str(row), f"refused: `{code}`", ""] for row, _, code in refused(reading)]
    yaml_text = f"format: {_flow(format)}\n" + (f"fields: {_flow(fields)}\n" if "fields" in example else "")
    code = f"`reader.py`:\n\n```python\n{example['reader']}```\n\n" if "reader" in example else ""
    return f"```yaml\n{yaml_text}```\n\n{code}```{language}\n{text.rstrip()}\n```\n\n{_table(('row', 'a', 'b'), lines)}"


def _export(adapter: Any, example: dict[str, Any], folder: Path) -> tuple[Any, str, str]:
    """The file that is read, what the page shows of it, and its language."""
    format = adapter.formats[0]
    if "sql" in example:
        with sqlite3.connect(folder / "t.sqlite") as connection:
            connection.executescript(example["sql"])
        os.environ[VARIABLE] = f"sqlite:///{folder}/t.sqlite"
        try:
            return snapshot(adapter, folder / "snapshot"), example["sql"], "sql"
        finally:
            del os.environ[VARIABLE]
    if "table" in example:
        pq.write_table(pa.table(example["table"]), folder / "t.parquet")
        shown = "\n".join(f"{name}: {json.dumps(cells)}" for name, cells in example["table"].items())
        return make_file(folder / "export", (folder / "t.parquet").read_bytes()), shown, "text"
    if "cells" in example:
        from tests.adapters.sheets import xlsx

        data = xlsx(example["cells"], names=("Data",))
        shown = "\n".join(" | ".join(map(str, row)) for row in example["cells"])
        return make_file(folder / "export", data), shown, "text"
    encoding = getattr(format, "encoding", None) or "utf-8"
    return make_file(folder / "export", example["export"].encode(encoding)), example["export"], "text"


def _default(field: FieldInfo) -> str:
    if field.is_required() or field.default is None or field.default is PydanticUndefined:
        return ""
    value = list(field.default) if isinstance(field.default, tuple) else field.default
    return f" If nothing is said: `{json.dumps(value, ensure_ascii=False)}`."


def _flow(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=1000)
    return text.strip().removesuffix("\n...")


def _words(names: tuple[str, ...]) -> str:
    return " or ".join(f"`{name}`" for name in names)


def _cell(value: Any) -> str:
    if value is None or value == "":
        return ""
    return f"`{''.join(map(_visible, str(value)))}`"


def _visible(sign: str) -> str:
    """A sign that nobody would see, or that would join the one before it, by its number."""
    return ascii(sign)[1:-1] if sign in "\u00a0\u00ad\u0301" or not sign.isprintable() else sign


def _table(header: tuple[str, ...], rows: list[Any]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)
