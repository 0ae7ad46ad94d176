"""Authors' messages outside threads that are to be linked to their questions."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """One table."""
    op.create_table(
        "links",
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("ts", sa.Text, nullable=False),
        sa.Column("ts_us", sa.BigInteger, nullable=False),
        sa.Column("session_id", NUMBER, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("due_at", MOMENT),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("channel", "ts", name="pk_links"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_links_session_id"),
    )
    is_open = sa.text("state <> 'done'")
    op.create_index(
        "ix_links_open",
        "links",
        ["session_id", "ts_us"],
        postgresql_where=is_open,
        sqlite_where=is_open,
    )


def downgrade() -> None:
    """Without it."""
    op.drop_table("links")
