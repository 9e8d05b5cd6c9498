"""Where a federation's content and its data live.

Invariant: a setting comes from the command line, else from the environment, else from ``comity.toml``, else from its
default, in that order; nothing is read at import.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path

from comity.errors import ConfigError, nearest

ROOMS = ("standard", "adapters", "mappings", "validation")
_KNOWN = ("data", "federation", "ledger", "jobs", "memory_limit")


@dataclass(frozen=True)
class Settings:
    """``data_dir``: the store; ``federation``: the folder that holds standard, adapters, mappings and validation.

    ``ledger_url``: a SQLAlchemy URL, or None for SQLite in the data folder. ``jobs``: worker processes.
    ``memory_limit``: of DuckDB in each worker, in DuckDB's words, for example ``512MB``.
    """

    data_dir: Path
    federation: Path
    ledger_url: str | None = None
    jobs: int = 2
    memory_limit: str = "512MB"


def load_settings(
    data: str | None = None,
    federation: str | None = None,
    *,
    jobs: int | None = None,
    start: Path | None = None,
) -> Settings:
    """The settings in force for a command started in ``start`` (the working folder by default)."""
    start = start or Path.cwd()
    file = start / "comity.toml"
    written = _read_toml(file)

    def pick(name: str, given: str | None, default: str | None) -> str | None:
        return given or os.environ.get(f"COMITY_{name.upper()}") or written.get(name) or default

    root = pick("federation", federation, None)
    job_text = str(jobs) if jobs is not None else pick("jobs", None, str(os.cpu_count() or 2))
    if job_text is None or not job_text.isdigit() or int(job_text) < 1:
        raise ConfigError(
            "config.invalid-value",
            "'jobs' is the number of worker processes, 1 or more",
            found=job_text,
            file=file,
        )
    return Settings(
        data_dir=(start / (pick("data", data, "data") or "data")).resolve(),
        federation=(start / root).resolve() if root else _find_federation(start),
        ledger_url=pick("ledger", None, None),
        jobs=int(job_text),
        memory_limit=pick("memory_limit", None, "512MB") or "512MB",
    )


def _find_federation(start: Path) -> Path:
    """The working folder or the nearest parent that has the four rooms, else the federation shipped in the package."""
    for folder in (start, *start.parents):
        if (
            all((folder / room).is_dir() for room in ROOMS)
            and (folder / "standard" / "standard.yaml").exists()
        ):
            return folder
    shipped = Path(__file__).parents[1] / "federation"
    if shipped.is_dir():
        return shipped
    # An editable install: the repository itself is the federation.
    return Path(__file__).parents[3]


def _read_toml(file: Path) -> dict[str, str]:
    if not file.exists():
        return {}
    try:
        content = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            "config.bad-toml", "comity.toml is not valid TOML", file=file, found=str(error)
        ) from None
    for key, value in content.items():
        if key not in _KNOWN:
            raise ConfigError(
                "config.unknown-key",
                f"Nobody knows the setting '{key}'",
                file=file,
                remedy=nearest(key, _KNOWN),
            )
        if not isinstance(value, str | int):
            raise ConfigError("config.invalid-value", f"'{key}' must be text", file=file, found=repr(value))
    return {key: str(value) for key, value in content.items()}
