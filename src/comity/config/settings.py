"""Where a federation's content and its data live.

Invariant: a setting comes from the command line, else from the environment, else from ``comity.toml``, else from its
default, in that order; nothing is read at import, and no password is read from a file.
"""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from comity.config.signals import SIGNAL_SETTINGS, SignalSettings, load_signals
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
    "cluster": "The address of a Dask scheduler, `tcp://HOST:PORT`, whose workers do the work of a run instead of this "
    "machine's. Default: none.",
    "source_time": "How long the work on one export may take, for example `90min`, `12h`. What takes longer ends. "
    "Default: `6h`.",
    "source_memory": "How much memory one process of an export may take in all, for example `8GB`. Default: 2 GB more "
    "than twice `memory_limit`.",
    "source_disk": "How much disk the work on one export may take, for example `50GB`. Default: half of what is free "
    "when the run begins.",
    "query_memory": "How much memory DuckDB may take for an analyst's question, for example `8GB`; temporary files may "
    "take ten times as much. Default: `2GB`.",
    "query_timeout": "How long a question may take, for example `60s`, `10min`; `0s` is without end. Default: `5min`.",
    "minimum_cell": "The smallest count of records that is shown in what is marked for sharing. Default: `5`.",
    "iceberg": "Whether a run keeps an Apache Iceberg table of every record type in step: `yes` or `no`. "
    "Default: `yes`.",
    **SIGNAL_SETTINGS,
}
"""Every setting. In the environment it is ``COMITY_`` and its name in capitals."""
_MEMORY = re.compile(r"(\d+(?:\.\d+)?) ?([KMGT])(i?)B", re.IGNORECASE)
_TIME = re.compile(r"(\d+(?:\.\d+)?) ?(s|min|h)", re.IGNORECASE)
_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0}
_YES, _NO = {"yes", "true", "on", "1"}, {"no", "false", "off", "0"}
_PASSWORD = re.compile(r"://[^/@]*:[^/]*@|[?&]password=", re.IGNORECASE)


@dataclass(frozen=True)
class Settings:
    """``data_dir``: the store; ``federation``: the folder that holds standard, adapters, mappings and validation.

    ``ledger_url``: a SQLAlchemy URL, or None for SQLite in the data folder. ``jobs``: worker processes.
    ``memory_limit``: of DuckDB in each worker, in DuckDB's words, for example ``512MB``. ``source_time`` in seconds,
    ``source_memory`` and ``source_disk`` in bytes: what one export may use; ``source_disk`` None: half of what is free.
    ``query_memory``, ``query_timeout`` in seconds, 0 without end: what one question may use. ``minimum_cell``: the
    smallest count that is shared.
    ``cluster``: the address of a Dask scheduler, None: this machine.
    ``iceberg``: keep Iceberg tables in step with the releases. ``signals``: who is told of a night.
    """

    data_dir: Path
    federation: Path
    ledger_url: str | None = None
    jobs: int = 2
    memory_limit: str = "512MB"
    cluster: str | None = None
    source_time: float = 6 * 3600.0
    source_memory: int = 3_024_000_000
    source_disk: int | None = None
    query_memory: str = "2GB"
    query_timeout: float = 300.0
    minimum_cell: int = 5
    iceberg: bool = False
    signals: SignalSettings = field(default_factory=SignalSettings)


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

    def size(name: str) -> int | None:
        text, place = pick(name)
        if text and not _MEMORY.fullmatch(text):
            raise _invalid(f"'{name}' is a number with a unit, for example '2GB'", place, text)
        return bytes_of(text) if text else None

    def span(name: str, default: str) -> float:
        text, place = pick(name, default)
        if (found := seconds_of(text)) is None:
            raise _invalid(f"'{name}' is a number with a unit, s, min or h, for example '90min'", place, text)
        return found

    cell, stated = pick("minimum_cell", "5")
    if not (cell.isascii() and cell.isdigit()) or int(cell) < 1:
        raise _invalid("'minimum_cell' is a number of records, 1 or more", stated, cell)
    size("query_memory")
    tables, told = pick("iceberg", "yes")
    if tables.lower() not in _YES | _NO:
        raise _invalid("'iceberg' is yes or no", told, tables)
    return Settings(
        data_dir=(start / pick("data", "data")[0]).resolve(),
        federation=(start / root).resolve() if root else _find_federation(start),
        ledger_url=ledger or None,
        jobs=int(count),
        memory_limit=memory,
        cluster=pick("cluster")[0] or None,
        source_time=span("source_time", "6h"),
        source_memory=size("source_memory") or 2 * bytes_of(memory) + 2_000_000_000,
        source_disk=size("source_disk"),
        query_memory=pick("query_memory", "2GB")[0],
        query_timeout=span("query_timeout", "5min"),
        minimum_cell=int(cell),
        iceberg=tables.lower() in _YES,
        signals=load_signals(pick, os.environ.get, start),
    )


def seconds_of(text: str) -> float | None:
    """A time as it is written in a setting, ``90min``, in seconds; None when it is no such text."""
    match = _TIME.fullmatch(text)
    return float(match[1]) * _SECONDS[match[2].lower()] if match else None


def is_size(text: str) -> bool:
    """Whether ``text`` is a size as it is written in a setting, ``2GB``."""
    return _MEMORY.fullmatch(text) is not None


def bytes_of(text: str) -> int:
    """A size as it is written in a setting, ``2GB`` or ``2GiB``, in bytes."""
    match = _MEMORY.fullmatch(text)
    assert match is not None
    return int(float(match[1]) * (1024 if match[3] else 1000) ** ("KMGT".index(match[2].upper()) + 1))


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
