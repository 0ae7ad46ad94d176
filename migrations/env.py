"""What Alembic runs: `bot.store.schema` hands it a connection in a transaction.

Run by a developer's `alembic` command there is none, and the settings name the database.
"""

from alembic import context
from sqlalchemy import Connection

from bot.store.tables import metadata


def migrate(connection: Connection) -> None:
    """Runs the revisions that are asked for."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        # SQLite cannot alter a column; Alembic then copies the table.
        render_as_batch=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    from bot.settings import Settings
    from bot.store.database import Database

    with Database(Settings().database_url).engine.begin() as own:
        migrate(own)
