"""What members, authors and organizers do inside Slack."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
MOMENT = sa.DateTime(timezone=True)
TABLES = (
    "forgotten",
    "viewers",
    "supports",
    "follows",
    "handlings",
    "submissions",
    "secrets",
    "mutes",
)


def upgrade() -> None:
    """New columns with their defaults, and the tables of what is new."""
    op.add_column(
        "sessions", sa.Column("added_authors", sa.Text, nullable=False, server_default="[]")
    )
    op.add_column("messages", sa.Column("hidden", sa.Text, nullable=False, server_default=""))
    op.add_column(
        "messages", sa.Column("corrected", sa.Boolean, nullable=False, server_default=sa.false())
    )
    op.add_column(
        "people", sa.Column("quiet", sa.Boolean, nullable=False, server_default=sa.false())
    )
    op.create_table(
        "actions",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("session_id", NUMBER),
        sa.Column("event_id", sa.Text),
        sa.Column("details", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_actions"),
        _of_session("actions"),
    )
    op.create_index("ix_actions_session_id_id", "actions", ["session_id", "id"])
    op.create_table(
        "mutes",
        sa.Column("session_id", NUMBER, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("session_id", "subject", name="pk_mutes"),
        _of_session("mutes"),
    )
    op.create_table(
        "secrets",
        sa.Column("session_id", NUMBER, nullable=False),
        sa.Column("secret", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("session_id", name="pk_secrets"),
        _of_session("secrets"),
    )
    op.create_table(
        "submissions",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("session_id", NUMBER, nullable=False),
        sa.Column("asker", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("icon", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("ts", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_submissions"),
        sa.UniqueConstraint("token", name="uq_submissions_token"),
        _of_session("submissions"),
    )
    op.create_index("ix_submissions_session_id_id", "submissions", ["session_id", "id"])
    op.create_index("ix_submissions_asker", "submissions", ["asker"])
    op.create_table(
        "handlings",
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("ts", sa.Text, nullable=False),
        sa.Column("how", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("channel", "ts", name="pk_handlings"),
    )
    for name in ("follows", "supports"):
        op.create_table(
            name,
            sa.Column("channel", sa.Text, nullable=False),
            sa.Column("ts", sa.Text, nullable=False),
            sa.Column("member", sa.Text, nullable=False),
            sa.PrimaryKeyConstraint("channel", "ts", "member", name=f"pk_{name}"),
        )
    op.create_index("ix_follows_member", "follows", ["member"])
    op.create_table(
        "viewers",
        sa.Column("member", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("member", name="pk_viewers"),
    )
    op.create_table(
        "forgotten",
        sa.Column("mark", sa.Text, nullable=False),
        sa.Column("member", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("mark", "member", name="pk_forgotten"),
    )


def downgrade() -> None:
    """Back: who did what, and what was hidden, is forgotten."""
    for name in (*TABLES, "actions"):
        op.drop_table(name)
    op.drop_column("people", "quiet")
    op.drop_column("messages", "corrected")
    op.drop_column("messages", "hidden")
    op.drop_column("sessions", "added_authors")


def _of_session(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["session_id"], ["sessions.id"], name=f"fk_{table}_session_id_sessions"
    )
