"""Without what messages said before they were edited: nothing read it."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Without the table."""
    op.drop_table("revisions")


def downgrade() -> None:
    """The table, empty."""
    op.create_table(
        "revisions",
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("ts", sa.Text, nullable=False),
        sa.Column("edited_us", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("channel", "ts", "edited_us", name="pk_revisions"),
        sa.ForeignKeyConstraint(
            ["channel", "ts"], ["messages.channel", "messages.ts"], name="fk_revisions_channel_ts"
        ),
    )
