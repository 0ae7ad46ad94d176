"""What organizers do: texts edited for the archive, and draws of winners."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """The two tables."""
    op.create_table(
        "edits",
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("ts", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("channel", "ts", name="pk_edits"),
    )
    op.create_table(
        "draws",
        sa.Column("session_id", NUMBER, nullable=False),
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("seed", sa.Text, nullable=False),
        sa.Column("wanted", sa.Integer, nullable=False),
        sa.Column("weights", sa.Text, nullable=False),
        sa.Column("tickets", sa.Text, nullable=False),
        sa.Column("winners", sa.Text, nullable=False),
        sa.Column("way", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("session_id", "number", name="pk_draws"),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name="fk_draws_session_id_sessions"
        ),
    )
    op.create_index("ix_draws_at", "draws", ["at"])


def downgrade() -> None:
    """Back: edits and draws are forgotten."""
    op.drop_table("draws")
    op.drop_table("edits")
