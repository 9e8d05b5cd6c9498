"""Alembic's entry: run the migrations on the connection that the ledger hands over, in its transaction."""

from __future__ import annotations

from alembic import context

from comity.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # Our SQLite connections really begin a transaction, so a half migrated ledger cannot be left behind.
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
