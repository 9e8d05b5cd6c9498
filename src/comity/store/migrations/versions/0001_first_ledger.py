"""The first ledger: sources, runs, exports, mappings, releases and files."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "export_files",
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("export_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source_id", "export_id", "position", name="pk_export_files"),
    )
    op.create_index("ix_export_files_sha256", "export_files", ["sha256"], unique=False)
    op.create_table(
        "mappings",
        sa.Column("mapping_version", sa.String(), nullable=False),
        sa.Column("record_type", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("mapping_version", "record_type", name="pk_mappings"),
    )
    op.create_table(
        "runs",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=True),
        sa.Column("process", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("run_id", name="pk_runs"),
    )
    op.create_table(
        "seen_files",
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("path", name="pk_seen_files"),
    )
    op.create_table(
        "sources",
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("owner_country", sa.String(), nullable=False),
        sa.Column("authority", sa.String(), nullable=True),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("due", sa.String(), nullable=True),
        sa.Column("licence", sa.Text(), nullable=True),
        sa.Column("attribution", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source_id", name="pk_sources"),
    )
    op.create_table(
        "exports",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("export_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mapping_version", sa.String(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_exports_run_id"),
        sa.PrimaryKeyConstraint("run_id", "source_id", "export_id", name="pk_exports"),
    )
    op.create_index("ix_exports_source_id_export_id", "exports", ["source_id", "export_id"], unique=False)
    op.create_table(
        "quality_files",
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_quality_files_run_id"),
        sa.PrimaryKeyConstraint("path", name="pk_quality_files"),
        sa.UniqueConstraint("run_id", name="uq_quality_files_run_id"),
    )
    op.create_table(
        "rejects_files",
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("export_id", sa.String(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_rejects_files_run_id"),
        sa.PrimaryKeyConstraint("path", name="pk_rejects_files"),
    )
    op.create_index(
        "ix_rejects_files_source_id_run_id", "rejects_files", ["source_id", "run_id"], unique=False
    )
    op.create_table(
        "releases",
        sa.Column("release", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("records", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("release >= 1", name=op.f("ck_releases_from_one")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_releases_run_id"),
        sa.PrimaryKeyConstraint("release", name="pk_releases"),
    )
    op.create_table(
        "accounts",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("export_id", sa.String(), nullable=False),
        sa.Column("record_type", sa.String(), nullable=False),
        sa.Column("rows_read", sa.BigInteger(), nullable=False),
        sa.Column("rows_accepted", sa.BigInteger(), nullable=False),
        sa.Column("rows_rejected", sa.BigInteger(), nullable=False),
        sa.Column("rows_not_selected", sa.BigInteger(), nullable=False),
        sa.Column("records", sa.BigInteger(), nullable=False),
        sa.Column("release", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "rows_read = rows_accepted + rows_rejected + rows_not_selected",
            name=op.f("ck_accounts_rows_add_up"),
        ),
        sa.ForeignKeyConstraint(["release"], ["releases.release"], name="fk_accounts_release"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_accounts_run_id"),
        sa.PrimaryKeyConstraint("run_id", "source_id", "export_id", "record_type", name="pk_accounts"),
    )
    op.create_table(
        "files",
        sa.Column("file_id", sa.String(length=36), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("record_type", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("owner_country", sa.String(), nullable=False),
        sa.Column("export_id", sa.String(), nullable=False),
        sa.Column("mapping_version", sa.String(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("columns_id", sa.String(), nullable=False),
        sa.Column("begin_release", sa.BigInteger(), nullable=False),
        sa.Column("end_release", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "end_release IS NULL OR end_release > begin_release", name=op.f("ck_files_begins_before_it_ends")
        ),
        sa.ForeignKeyConstraint(["begin_release"], ["releases.release"], name="fk_files_begin_release"),
        sa.ForeignKeyConstraint(["end_release"], ["releases.release"], name="fk_files_end_release"),
        sa.PrimaryKeyConstraint("file_id", name="pk_files"),
        sa.UniqueConstraint("path", name="uq_files_path"),
    )
    op.create_index("ix_files_begin_release", "files", ["begin_release"], unique=False)
    op.create_index(
        "ix_files_source_id_record_type_end_release",
        "files",
        ["source_id", "record_type", "end_release"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index("ix_files_source_id_record_type_end_release", table_name="files")
    op.drop_index("ix_files_begin_release", table_name="files")
    op.drop_table("files")
    op.drop_table("accounts")
    op.drop_table("releases")
    op.drop_index("ix_rejects_files_source_id_run_id", table_name="rejects_files")
    op.drop_table("rejects_files")
    op.drop_table("quality_files")
    op.drop_index("ix_exports_source_id_export_id", table_name="exports")
    op.drop_table("exports")
    op.drop_table("sources")
    op.drop_table("seen_files")
    op.drop_table("runs")
    op.drop_table("mappings")
    op.drop_index("ix_export_files_sha256", table_name="export_files")
    op.drop_table("export_files")
