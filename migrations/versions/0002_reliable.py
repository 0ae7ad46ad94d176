"""What it takes to lose nothing: when a row was first tried, channels in trouble, removed reactions."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox", sa.Column("tried_at", sa.DateTime(timezone=True)))
    op.add_column("paces", sa.Column("trouble", sa.Text))
    op.add_column(
        "reactions",
        sa.Column("event_us", sa.BigInteger, nullable=False, server_default=sa.text("0")),
    )
    op.add_column(
        "reactions",
        sa.Column("present", sa.Boolean, nullable=False, server_default=sa.text("true")),
    )
    op.create_index("ix_messages_channel_thread_ts", "messages", ["channel", "thread_ts"])


def downgrade() -> None:
    op.drop_index("ix_messages_channel_thread_ts", "messages")
    op.execute("DELETE FROM reactions WHERE NOT present")
    op.drop_column("reactions", "present")
    op.drop_column("reactions", "event_us")
    op.drop_column("paces", "trouble")
    op.drop_column("outbox", "tried_at")
