"""What people asked for that is done once; commits that are to be made."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Two tables."""
    op.create_table(
        "requests",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("result", sa.Text),
        sa.PrimaryKeyConstraint("key", name="pk_requests"),
    )
    op.create_table(
        "commits",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("paths", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("author_name", sa.Text, nullable=False),
        sa.Column("author_email", sa.Text, nullable=False),
        sa.Column("ready", sa.Boolean, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_commits"),
    )


def downgrade() -> None:
    """Without them."""
    op.drop_table("commits")
    op.drop_table("requests")
