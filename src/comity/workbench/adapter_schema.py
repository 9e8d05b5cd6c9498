"""``adapter.yaml`` as JSON Schema: the formats by their type, and the codes of the owner's conditions.

Invariant: the options of a format are those of the reader that reads it, installed ones included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comity.adapters.adapter import HANDLING_LISTS, Adapter
from comity.adapters.reader import format_models
from comity.workbench.model_schema import choice, model_schema, sentences, summary, when

if TYPE_CHECKING:
    from comity.standard import CodeList, Standard
    from comity.workbench.model_schema import Schema

_MANY = (
    "handling_codes",
    "permitted_purposes",
    "recipients_allow",
    "recipients_deny",
    "sensitive_categories",
)
# Those that exports are met in, first of all; an editor offers them, and takes any other that Python has.
ENCODINGS = (
    "utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256",
    "cp1257", "cp1258", "iso8859-2", "iso8859-5", "iso8859-9", "koi8-r", "koi8-u", "cp437", "cp850", "cp852", "cp866",
    "cp874", "cp932", "shift_jis", "euc_jp", "cp949", "euc_kr", "gb18030", "gbk", "big5", "big5hkscs", "cp950",
    "cp037", "cp273", "cp500", "cp1140",
)  # fmt: skip


def adapter_schema(standard: Standard) -> Schema:
    """The schema of ``adapter.yaml``."""
    schema = model_schema(Adapter)
    definitions = schema["definitions"]
    for name in [name for name in definitions if name.endswith("Format")]:
        del definitions[name]
    types = {}
    for name, model in format_models().items():
        written = model_schema(model)
        definitions |= written.pop("definitions")
        del written["$schema"]
        if "encoding" in written["properties"]:
            written["properties"]["encoding"] = _encoding(written["properties"]["encoding"])
        definitions[f"format {name}"] = written
        types[name] = sentences(model).get("type") or summary(model)
    definitions["format"] = {
        "type": "object",
        "required": ["type"],
        "properties": {"type": choice(types, description="What reads the file.")},
        "allOf": [when("type", name, {"$ref": f"#/definitions/format {name}"}) for name in types],
    }
    properties = schema["properties"]
    properties["format"] = {
        "description": properties["format"]["description"],
        "anyOf": [
            {"$ref": "#/definitions/format"},
            {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/format"}},
        ],
    }
    definitions["FieldSpec"] = {
        "description": definitions["FieldSpec"]["description"],
        "anyOf": [{"type": "string", "minLength": 1}, definitions["FieldSpec"]],
    }
    definitions["Period"] = {
        "type": "string",
        "pattern": "^ *[0-9]{1,4} (day|month|year)s? *$",
        "examples": ["1 year", "3 years", "5 years", "10 years"],
        "description": definitions["Period"]["description"],
    }
    for name in sorted({"country", *HANDLING_LISTS.values()}):
        definitions[f"codes of {name}"] = codes(standard.code_list(name))
    _of_list(definitions["Owner"]["properties"], "country", "country")
    for key, code_list in HANDLING_LISTS.items():
        _of_list(definitions["Handling"]["properties"], key, code_list)
    definitions["Handling"]["required"] = ["confidentiality", "permitted_purposes"]
    definitions["Handling"]["properties"]["permitted_purposes"]["minItems"] = 1
    return schema


def codes(code_list: CodeList) -> Schema:
    """The codes of a list, each with its label."""
    return choice({code: each.label for code, each in code_list.codes.items()}, description=code_list.title)


def _of_list(properties: dict[str, Any], key: str, code_list: str) -> None:
    one = {"$ref": f"#/definitions/codes of {code_list}"}
    described = properties[key]
    described.pop("default", None)
    if key in _MANY:
        properties[key] = {**described, "items": one}
    else:
        properties[key] = {"description": described["description"], "allOf": [one]}


def _encoding(schema: Schema) -> Schema:
    return {
        "description": schema["description"],
        "anyOf": [{"type": "string", "enum": list(ENCODINGS)}, {"type": "string"}],
    }
