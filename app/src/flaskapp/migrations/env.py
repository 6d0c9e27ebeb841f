"""Alembic's entry point. The connection comes from flaskapp.schema, which holds the lock; there is no alembic.ini."""

from alembic import context

from flaskapp.models import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
