"""Indexes by which past sessions cost nothing at rest."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_sessions_channel_collects_until": ["channel", "collects_until"],
    "ix_sessions_state_starts_at": ["state", "starts_at"],
    "ix_sessions_collects_until": ["collects_until"],
}


def upgrade() -> None:
    """Four indexes."""
    for name, columns in INDEXES.items():
        op.create_index(name, "sessions", columns)
    unarchived = sa.text("archived_at IS NULL OR content_changed_at > archived_at")
    op.create_index(
        "ix_sessions_unarchived",
        "sessions",
        ["state"],
        postgresql_where=unarchived,
        sqlite_where=unarchived,
    )


def downgrade() -> None:
    """Without them."""
    op.drop_index("ix_sessions_unarchived", "sessions")
    for name in INDEXES:
        op.drop_index(name, "sessions")
