"""A federation folder of one's own, ready for its first source.

Invariant: what is made loads and runs at once; nothing that is there is overwritten, and a folder in which something
is there already is refused.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from comity.config.settings import ROOMS, shipped_federation
from comity.errors import ConfigError
from comity.standard import load_standard
from comity.workbench.schemas import FOLDER, mark_file, schema_of, write_schemas, written_files

TEMPLATE = Path(__file__).with_name("starter")
EXAMPLE = "uto-stolen-bicycles"
_HIDDEN = {"gitignore": ".gitignore", "vscode": ".vscode"}
_FIRST = """The source `{source}` is invented, to look at; its export waits in the inbox:

```sh
comity run
comity sql "SELECT colour, status_date, value_amount, quality_flags FROM item"
comity rejects
comity trace RECORD_ID
```

"""


def make_federation(folder: Path, *, example: bool = True) -> tuple[str, ...]:
    """Make ``folder`` a federation; with ``example``, one of a single invented source. What is in it, by name."""
    _refuse_what_is_there(folder)
    shipped = shipped_federation()
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(shipped / "standard", folder / "standard")
    shutil.copytree(shipped / "mappings" / "crosswalks", folder / "mappings" / "crosswalks")
    for room in (*ROOMS, "validation/sources"):
        (folder / room).mkdir(parents=True, exist_ok=True)
    # What holds for a record type holds for whoever delivers it; the suites of single sources are not copied.
    for suite in sorted((shipped / "validation").glob("*.yaml")):
        shutil.copyfile(suite, folder / "validation" / suite.name)
    _copy_template(folder, example=example)
    for room in ("adapters", "validation/sources"):
        if not any((folder / room).iterdir()):
            (folder / room / ".gitkeep").touch()  # git keeps no empty folder
    write_schemas(load_standard(folder / "standard"), folder / FOLDER)
    for path, _ in written_files(folder):
        mark_file(folder, path, folder / FOLDER)
    if example:
        inbox = folder / "data" / "inbox" / EXAMPLE
        shutil.copytree(folder / "adapters" / EXAMPLE / "sample", inbox)
    return tuple(sorted(path.name for path in folder.iterdir()))


def _refuse_what_is_there(folder: Path) -> None:
    if folder.is_dir():
        found = sorted(path.name for path in folder.iterdir() if path.name != ".git")
    else:
        found = [folder.name] if folder.exists() else []
    if found:
        raise ConfigError(
            "config.folder-not-empty",
            "A federation is made in an empty folder, or in one that does not exist",
            file=folder,
            found=", ".join(found[:5]),
            remedy="name another folder",
        )


def _copy_template(folder: Path, *, example: bool) -> None:
    for path in sorted(TEMPLATE.rglob("*")):
        parts = path.relative_to(TEMPLATE).parts
        if path.is_dir() or "__pycache__" in parts or (EXAMPLE in parts and not example):
            continue
        target = folder.joinpath(_HIDDEN.get(parts[0], parts[0]), *parts[1:])
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    readme = folder / "README.md"
    first = _FIRST.format(source=EXAMPLE) if example else ""
    readme.write_text(readme.read_text("utf-8").replace("{first}", first), "utf-8")
    settings = folder / "comity.toml"
    line = f"#:schema {FOLDER}/{schema_of(settings.relative_to(folder)).file}\n"
    settings.write_text(line + settings.read_text("utf-8"), "utf-8")
    (folder / ".vscode" / "settings.json").write_text(_editor_settings(), "utf-8")


def _editor_settings() -> str:
    """VS Code's settings: the schema of every file, also of one that is new and has no first line yet."""
    import json

    from comity.workbench.schemas import SCHEMA_FILES

    known = {
        f"./{FOLDER}/{each.file}": [f"/{pattern}" for pattern in each.files]
        for each in SCHEMA_FILES
        if all(pattern.endswith(".yaml") for pattern in each.files)
    }
    settings = {
        "yaml.schemas": known,
        "yaml.yamlVersion": "1.2",
        "files.exclude": {"data": True},
        "files.encoding": "utf8",
    }
    return json.dumps(settings, indent=2) + "\n"
