"""Boards: which sessions may be looked at by those who have the link."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """One table."""
    op.create_table(
        "boards",
        sa.Column("session_id", NUMBER, nullable=False),
        sa.Column("nonce", sa.Text, nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("session_id", name="pk_boards"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_boards_session_id"),
    )


def downgrade() -> None:
    """Without it."""
    op.drop_table("boards")
