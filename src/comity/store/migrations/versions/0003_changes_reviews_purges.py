"""What changed in each release, what was reviewed, and what was purged."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "changes",
        sa.Column("release", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("record_type", sa.String(), nullable=False),
        sa.Column("owner_country", sa.String(), nullable=False),
        sa.Column("added", sa.BigInteger(), nullable=False),
        sa.Column("changed_by_source", sa.BigInteger(), nullable=False),
        sa.Column("changed_by_mapping", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn", sa.BigInteger(), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["release"], ["releases.release"], name="fk_changes_release"),
        sa.PrimaryKeyConstraint("release", "source_id", "record_type", name="pk_changes"),
        sa.UniqueConstraint("path", name="uq_changes_path"),
    )
    op.create_table(
        "reviews",
        sa.Column("review_id", sa.String(length=36), nullable=False),
        sa.Column("record_id", sa.String(length=32), nullable=False),
        sa.Column("record_type", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("review_due", sa.Date(), nullable=False),
        sa.Column("reviewed_by", sa.String(), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("review_id", name="pk_reviews"),
    )
    op.create_index("ix_reviews_record_id", "reviews", ["record_id"], unique=False)
    op.create_table(
        "purges",
        sa.Column("purge_id", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("proof", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("purge_id", name="pk_purges"),
    )


def downgrade() -> None:
    op.drop_table("purges")
    op.drop_index("ix_reviews_record_id", table_name="reviews")
    op.drop_table("reviews")
    op.drop_table("changes")
