"""The tables of the ledger, alike in SQLite and PostgreSQL.

Invariant: they are what ``migrations/`` builds up to REVISION; a test compares the two. Nothing personal
is in them: records live in files, the ledger only says which.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator

REVISION = "0004"


class Instant(TypeDecorator[datetime]):
    """A moment in UTC. SQLite drops the offset, so it goes in and comes out as UTC whatever the database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# Names of constraints are fixed so that a later migration can drop one in either database.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

sources = Table(
    "sources",
    metadata,
    Column("source_id", String, primary_key=True),
    Column("owner_country", String, nullable=False),
    Column("authority", String),
    Column("title", String),
    Column("description", Text),
    Column("kind", String),
    Column("due", String),
    Column("licence", Text),
    Column("attribution", Text),
    Column("recorded_at", Instant, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("run_id", String, primary_key=True),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("status", String, nullable=False),
    Column("host", String),
    Column("process", BigInteger),
)

exports = Table(
    "exports",
    metadata,
    Column("run_id", String, ForeignKey("runs.run_id"), primary_key=True),
    Column("source_id", String, primary_key=True),
    Column("export_id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("received_at", Instant),
    Column("mapping_version", String),
    Column("outcome", String, nullable=False),
    Column("message", Text),
    Index(None, "source_id", "export_id"),
)

# What a delivery consists of does not depend on the run that read it.
export_files = Table(
    "export_files",
    metadata,
    Column("source_id", String, primary_key=True),
    Column("export_id", String, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Index(None, "sha256"),
)

# An inbox file whose size and time are unchanged is not read again.
seen_files = Table(
    "seen_files",
    metadata,
    Column("path", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
)

# The rules of every mapping version that made a published record, so that trace can show the rule of that
# day.
mappings = Table(
    "mappings",
    metadata,
    Column("mapping_version", String, primary_key=True),
    Column("record_type", String, primary_key=True),
    Column("source_id", String, nullable=False),
    Column("rules", Text, nullable=False),
    Column("recorded_at", Instant, nullable=False),
)

releases = Table(
    "releases",
    metadata,
    Column("release", BigInteger, primary_key=True, autoincrement=False),
    Column("published_at", Instant, nullable=False),
    Column("run_id", String, ForeignKey("runs.run_id"), nullable=False),
    Column("records", BigInteger, nullable=False),
    # Expired: its files may be gone, and it cannot be asked any more.
    Column("expired_at", Instant),
    CheckConstraint("release >= 1", name="from_one"),
)

files = Table(
    "files",
    metadata,
    Column("file_id", String(36), primary_key=True),
    Column("path", Text, nullable=False, unique=True),
    Column("record_type", String, nullable=False),
    Column("source_id", String, nullable=False),
    Column("owner_country", String, nullable=False),
    Column("export_id", String, nullable=False),
    Column("mapping_version", String, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    # Which columns the file has: files of one id can be scanned together.
    Column("columns_id", String, nullable=False),
    Column("begin_release", BigInteger, ForeignKey("releases.release"), nullable=False),
    Column("end_release", BigInteger, ForeignKey("releases.release")),
    CheckConstraint("end_release IS NULL OR end_release > begin_release", name="begins_before_it_ends"),
    Index(None, "source_id", "record_type", "end_release"),
    Index(None, "begin_release"),
)

accounts = Table(
    "accounts",
    metadata,
    Column("run_id", String, ForeignKey("runs.run_id"), primary_key=True),
    Column("source_id", String, primary_key=True),
    Column("export_id", String, primary_key=True),
    Column("record_type", String, primary_key=True),
    Column("rows_read", BigInteger, nullable=False),
    Column("rows_accepted", BigInteger, nullable=False),
    Column("rows_rejected", BigInteger, nullable=False),
    Column("rows_not_selected", BigInteger, nullable=False),
    Column("records", BigInteger, nullable=False),
    # Null: counted, but not published.
    Column("release", BigInteger, ForeignKey("releases.release")),
    CheckConstraint("rows_read = rows_accepted + rows_rejected + rows_not_selected", name="rows_add_up"),
)

rejects_files = Table(
    "rejects_files",
    metadata,
    Column("path", Text, primary_key=True),
    Column("run_id", String, ForeignKey("runs.run_id"), nullable=False),
    Column("source_id", String, nullable=False),
    Column("export_id", String, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Index(None, "source_id", "run_id"),
)

quality_files = Table(
    "quality_files",
    metadata,
    Column("path", Text, primary_key=True),
    Column("run_id", String, ForeignKey("runs.run_id"), nullable=False, unique=True),
    Column("rows", BigInteger, nullable=False),
)

# Who held a source back, when and why, and who released it. Held: released_at is null.
holds = Table(
    "holds",
    metadata,
    Column("source_id", String, primary_key=True),
    Column("held_at", Instant, primary_key=True),
    Column("held_by", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("released_at", Instant),
    Column("released_by", String),
)

# What a release changed in the records of a source: counts, and the file of the record ids. ``columns``: JSON,
# column → [records in which the source changed it, records in which the mapping did].
changes = Table(
    "changes",
    metadata,
    Column("release", BigInteger, ForeignKey("releases.release"), primary_key=True, autoincrement=False),
    Column("source_id", String, primary_key=True),
    Column("record_type", String, primary_key=True),
    Column("owner_country", String, nullable=False),
    Column("added", BigInteger, nullable=False),
    Column("changed_by_source", BigInteger, nullable=False),
    Column("changed_by_mapping", BigInteger, nullable=False),
    Column("withdrawn", BigInteger, nullable=False),
    Column("columns", Text, nullable=False),
    # Null: the source came for the first time, or nothing changed.
    Column("path", Text, unique=True),
    Column("rows", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", String(64)),
)

# Who found that a record is still needed, and until when.
reviews = Table(
    "reviews",
    metadata,
    Column("review_id", String(36), primary_key=True),
    Column("record_id", String(32), nullable=False),
    Column("record_type", String, nullable=False),
    Column("source_id", String, nullable=False),
    Column("review_due", Date, nullable=False),
    Column("reviewed_by", String, nullable=False),
    Column("reviewed_at", Instant, nullable=False),
    Column("reason", Text, nullable=False),
    Index(None, "record_id"),
)

# What was removed for good, and the proof of it: counts and hashes, no value of a record.
purges = Table(
    "purges",
    metadata,
    Column("purge_id", String, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("requested_by", String, nullable=False),
    Column("requested_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("status", String, nullable=False),
    Column("proof", Text),
)
