"""What a night must know of a source to see whether there is anything to do, kept from one night to the next.

Invariant: what is kept holds for exactly these bytes of the federation and this engine: whatever could change what a
source's exports become changes the key. Compiling two hundred mappings takes ten seconds; reading their bytes, a tenth
of one. A source is compiled when it has work, or when it is not known under its key.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from comity.errors import ComityError, ConfigError, nearest
from comity.nightly.source import Federation, Source, adapter_folders, load_source

if TYPE_CHECKING:
    from comity.adapters.adapter import Delivery
    from comity.standard import Standard

ENGINE = Path(__file__).parents[1]


@dataclass(frozen=True)
class Outline:
    """``described``: what the ledger keeps of a source beside its id and owner."""

    source_id: str
    owner_country: str
    mapping_version: str
    delivery: Delivery
    described: dict[str, str | None]


class Sources:
    """The sources of the federation in ``root``; ``kept``: the file that remembers their outlines, or None."""

    def __init__(self, root: Path, kept: Path | None = None) -> None:
        self.root, self._file = root, kept
        self._compiled: dict[str, Source] = {}

    @cached_property
    def standard(self) -> Standard:
        from comity.standard import load_standard

        return load_standard(self.root / "standard")

    @cached_property
    def folders(self) -> dict[str, Path]:
        return adapter_folders(self.root)

    def federation(self) -> Federation:
        """The federation without its sources, for those who only ask it for its standard and its suites."""
        return Federation(self.root, self.standard, (), ())

    def source(self, name: str) -> Source:
        """That source, compiled."""
        if name not in self._compiled:
            self._compiled[name] = load_source(self.root, self.folders[name], self.standard)
        return self._compiled[name]

    def when_needed(self, outlines: tuple[Outline, ...]) -> Mapping[str, Source]:
        """These sources by name, each compiled when somebody takes it."""
        return _WhenNeeded(self, tuple(outline.source_id for outline in outlines))

    def outlines(
        self, only: tuple[str, ...] = (), countries: tuple[str, ...] = ()
    ) -> tuple[tuple[Outline, ...], tuple[tuple[str, ComityError], ...]]:
        """Every source (of ``only`` those names, and of ``countries``), and those that do not load with the error, of
        which nobody can say to which country they belong.
        """
        for name in only:
            if name not in self.folders:
                raise ConfigError(
                    "config.unknown-source",
                    f"The federation has no source '{name}'",
                    remedy=nearest(name, self.folders),
                )
        outlines, broken = [], []
        before = self._read()
        known = dict(before) if only else {}
        shared = self._shared()
        for name, folder in sorted(self.folders.items()):
            if only and name not in only:
                continue
            key = self._key(shared, name, folder)
            try:
                known[key] = before.get(key) or self._outline(name)
                outlines.append(_outline(known[key]))
            except ComityError as error:
                broken.append((name, error))
        self._write(known, before)
        owners = sorted({outline.owner_country for outline in outlines})
        for country in countries:
            if country not in owners:
                raise ConfigError(
                    "config.unknown-country",
                    f"No source of the federation belongs to '{country}'",
                    remedy=nearest(country, owners),
                )
        return tuple(
            outline for outline in outlines if not countries or outline.owner_country in countries
        ), tuple(broken)

    def _outline(self, name: str) -> dict[str, Any]:
        source = self.source(name)
        adapter = source.adapter
        return {
            "source_id": name,
            "owner_country": adapter.owner.country,
            "mapping_version": source.mapping_version,
            "delivery": adapter.delivery.model_dump(mode="json"),
            "described": {
                "authority": adapter.owner.authority or None,
                "title": adapter.title,
                "description": adapter.description or None,
                "kind": adapter.delivery.kind,
                "due": adapter.delivery.due,
                "licence": adapter.licence or None,
                "attribution": adapter.attribution or None,
            },
        }

    def _shared(self) -> str:
        """A hash of what every source depends on: the engine, the standard, the crosswalks."""
        from comity import __version__

        digest = hashlib.sha256(str(__version__).encode())
        for room in ("adapters", "mappings", "standard", "nightly"):
            for path in sorted((ENGINE / room).rglob("*.py")):
                stat = path.stat()
                digest.update(f"{path} {stat.st_size} {stat.st_mtime_ns}\n".encode())
        for folder in (self.root / "standard", self.root / "mappings" / "crosswalks"):
            _hash_files(digest, folder)
        return digest.hexdigest()

    def _key(self, shared: str, name: str, folder: Path) -> str:
        digest = hashlib.sha256(f"{shared} {name} {folder}\n".encode())
        _hash_files(digest, folder, without=("sample", "golden"))
        _hash_files(digest, self.root / "mappings" / name)
        return digest.hexdigest()

    def _read(self) -> dict[str, Any]:
        try:
            kept = json.loads(self._file.read_text("utf-8")) if self._file else {}
        except (OSError, ValueError):
            return {}
        return kept if isinstance(kept, dict) else {}

    def _write(self, known: dict[str, Any], before: dict[str, Any]) -> None:
        """Who may not write here goes without."""
        if self._file is None or known.keys() == before.keys() or not self._file.parent.parent.is_dir():
            return
        beside = self._file.with_name(f"{self._file.name}.part")
        try:
            self._file.parent.mkdir(mode=0o700, exist_ok=True)
            beside.write_text(json.dumps(known), "utf-8")
            beside.chmod(0o600)
            beside.replace(self._file)
        except OSError:
            return


class _WhenNeeded(Mapping[str, Source]):
    def __init__(self, sources: Sources, names: tuple[str, ...]) -> None:
        self._sources, self._names = sources, dict.fromkeys(names)

    def __getitem__(self, name: str) -> Source:
        if name not in self._names:
            raise KeyError(name)
        return self._sources.source(name)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _outline(kept: dict[str, Any]) -> Outline:
    from comity.adapters.adapter import Delivery

    return Outline(**{**kept, "delivery": Delivery.model_validate(kept["delivery"])})


def _hash_files(digest: Any, folder: Path, without: tuple[str, ...] = ()) -> None:
    for path in _files(folder, without):
        digest.update(f"{path.relative_to(folder)}\n".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())


def _files(folder: Path, without: tuple[str, ...]) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if name not in without and name != "__pycache__")
        yield from (Path(parent, name) for name in sorted(names))
