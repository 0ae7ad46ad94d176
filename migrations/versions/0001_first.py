"""The first tables.

Types are written out, not taken from `bot.store.types`: a revision stays as it was when the
program moves on.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """From nothing to the first version."""
    op.create_table(
        "sessions",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("collects_from", MOMENT),
        sa.Column("collects_until", MOMENT),
        sa.Column("opened_at", MOMENT),
        sa.Column("closed_at", MOMENT),
        sa.Column("announcement_ts", sa.Text),
        sa.Column("reconciled_ts", sa.Text),
        sa.Column("content_changed_at", MOMENT),
        sa.Column("archived_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("event_id", name="uq_sessions_event_id"),
    )
    op.create_index("ix_sessions_channel_starts_at", "sessions", ["channel", "starts_at"])

    op.create_table(
        "messages",
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("ts", sa.Text, nullable=False),
        sa.Column("ts_us", sa.BigInteger, nullable=False),
        sa.Column("session_id", NUMBER, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("posted_name", sa.Text),
        sa.Column("thread_ts", sa.Text),
        sa.Column("question_ts", sa.Text),
        sa.Column("root_ts", sa.Text, nullable=False),
        sa.Column("root_us", sa.BigInteger, nullable=False),
        sa.Column("edited_ts", sa.Text),
        sa.Column("broadcast", sa.Boolean, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("deleted_at", MOMENT),
        sa.PrimaryKeyConstraint("channel", "ts", name="pk_messages"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_messages_session_id"),
    )
    op.create_index("ix_messages_session_id_ts_us", "messages", ["session_id", "ts_us"])
    op.create_index(
        "ix_messages_session_id_root_us_root_ts", "messages", ["session_id", "root_us", "root_ts"]
    )
    op.create_index("ix_messages_channel_question_ts", "messages", ["channel", "question_ts"])
    op.create_index("ix_messages_author", "messages", ["author"])

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

    op.create_table(
        "people",
        sa.Column("slack_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("real_name", sa.Text),
        sa.Column("is_bot", sa.Boolean, nullable=False),
        sa.Column("deleted", sa.Boolean, nullable=False),
        sa.Column("tz", sa.Text),
        sa.Column("privacy", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("slack_id", name="pk_people"),
    )

    op.create_table(
        "reactions",
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("ts", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("member", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("channel", "ts", "name", "member", name="pk_reactions"),
    )

    op.create_table(
        "labels",
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("slack_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("kind", "slack_id", name="pk_labels"),
    )

    op.create_table(
        "inbox",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("body", sa.Text),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT),
        sa.Column("handled_at", MOMENT),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_inbox"),
        sa.UniqueConstraint("key", name="uq_inbox_key"),
    )
    is_open, is_done = sa.text("state <> 'done'"), sa.text("state = 'done'")
    op.create_index(
        "ix_inbox_open", "inbox", ["state", "id"], postgresql_where=is_open, sqlite_where=is_open
    )
    op.create_index(
        "ix_inbox_done", "inbox", ["received_at"], postgresql_where=is_done, sqlite_where=is_done
    )

    op.create_table(
        "outbox",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("not_before", MOMENT),
        sa.Column("leased_until", MOMENT),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("slack_ts", sa.Text),
        sa.Column("sent_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("key", name="uq_outbox_key"),
    )
    is_due = sa.text("state = 'due'")
    op.create_index(
        "ix_outbox_due", "outbox", ["channel", "id"], postgresql_where=is_due, sqlite_where=is_due
    )
    is_open = sa.text("state <> 'sent'")
    op.create_index(
        "ix_outbox_open", "outbox", ["state", "id"], postgresql_where=is_open, sqlite_where=is_open
    )

    op.create_table(
        "paces",
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("sent_at", MOMENT),
        sa.Column("blocked_until", MOMENT),
        sa.PrimaryKeyConstraint("channel", name="pk_paces"),
    )


def downgrade() -> None:
    """Back to nothing."""
    for table in (
        *("paces", "outbox", "inbox", "labels", "reactions", "people"),
        *("revisions", "messages", "sessions"),
    ):
        op.drop_table(table)
