"""The alembic environment: takes the open connection that `upgrading` hands over; there is no alembic.ini."""

from alembic import context

from engine.db.base import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
