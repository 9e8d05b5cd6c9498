"""Where a federation's content and its data live.

Invariant: a setting comes from the command line, else from the environment, else from ``comity.toml``, else from its
default, in that order; nothing is read at import, and no password is read from a file.
"""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from comity.errors import ConfigError, nearest

FILE = "comity.toml"
ROOMS = ("standard", "adapters", "mappings", "validation")
SETTINGS = {
    "data": "The folder of the store: inbox, archive, records, ledger, `current.duckdb`. Default: `data`.",
    "federation": "The folder with `standard`, `adapters`, `mappings` and `validation`. Default: the working folder or "
    "the nearest one above it that has all four; else the federation that is shipped with Comity.",
    "ledger": "The ledger's database as a SQLAlchemy URL, `sqlite:////path` or `postgresql://user@host/database`. "
    "Default: `ledger.sqlite` in the data folder.",
    "jobs": "How many worker processes a run starts. Default: one a processor.",
    "memory_limit": "How much memory DuckDB may take in each worker, for example `2GB`. Default: `512MB`.",
}
"""Every setting. In the environment it is ``COMITY_`` and its name in capitals."""
_MEMORY = re.compile(r"\d+(\.\d+)? ?[KMGT]i?B", re.IGNORECASE)
_PASSWORD = re.compile(r"://[^/@]*:[^/]*@|[?&]password=", re.IGNORECASE)


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
    given = {"data": data, "federation": federation, "jobs": str(jobs) if jobs is not None else None}
    written = _read_toml(start / FILE)

    def pick(name: str, default: str = "") -> tuple[str, str]:
        """A setting, and where it was found."""
        variable = f"COMITY_{name.upper()}"
        found = (given.get(name), name), (os.environ.get(variable), variable), (written.get(name), FILE)
        return next(((value, place) for value, place in found if value), (default, "the default"))

    root, _ = pick("federation")
    ledger, _ = pick("ledger")
    count, counted = pick("jobs", str(_processors()))
    if not (count.isascii() and count.isdigit()) or int(count) < 1:
        raise _invalid("'jobs' is the number of worker processes, 1 or more", counted, count)
    memory, measured = pick("memory_limit", "512MB")
    if not _MEMORY.fullmatch(memory):
        raise _invalid("'memory_limit' is a number with a unit, for example '2GB'", measured, memory)
    return Settings(
        data_dir=(start / pick("data", "data")[0]).resolve(),
        federation=(start / root).resolve() if root else _find_federation(start),
        ledger_url=ledger or None,
        jobs=int(count),
        memory_limit=memory,
    )


def _processors() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2


def _find_federation(start: Path) -> Path:
    """The working folder or the nearest parent that has the four rooms, else the federation shipped in the package."""
    for folder in (start, *start.parents):
        if (
            all((folder / room).is_dir() for room in ROOMS)
            and (folder / "standard" / "standard.yaml").exists()
        ):
            return folder
    return shipped_federation()


def shipped_federation() -> Path:
    """The federation that comes with Comity."""
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
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(
            "config.bad-toml",
            f"{FILE} cannot be read as TOML",
            file=file,
            found=str(error),
            remedy='write lines such as data = "/srv/comity"',
        ) from None
    for key, value in content.items():
        if key not in SETTINGS:
            raise ConfigError(
                "config.unknown-key",
                f"Nobody knows the setting '{key}'",
                file=file,
                remedy=nearest(key, SETTINGS),
            )
        if not isinstance(value, str | int):
            raise _invalid(f"'{key}' must be text or a number", str(file), repr(value))
    written = {key: str(value) for key, value in content.items()}
    if _PASSWORD.search(written.get("ledger", "")):
        raise ConfigError(
            "config.secret-in-file",
            f"The ledger's URL in {FILE} holds a password",
            file=file,
            remedy="set COMITY_LEDGER in the environment instead, or let PostgreSQL read PGPASSFILE",
        )
    return written


def _invalid(message: str, place: str, found: str) -> ConfigError:
    return ConfigError(
        "config.invalid-value", message, file=place, found=found, remedy="correct or remove the value"
    )
