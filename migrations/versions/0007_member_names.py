"""Members of the workspace by name, and how far they have been listed."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Two tables."""
    op.create_table(
        "member_names",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("member", sa.Text, nullable=False),
        sa.Column("listing", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("name", "member", name="pk_member_names"),
    )
    op.create_index("ix_member_names_member", "member_names", ["member"])
    op.create_table(
        "member_listings",
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("began_at", MOMENT, nullable=False),
        sa.Column("cursor", sa.Text, nullable=False),
        sa.Column("members", sa.Integer, nullable=False),
        sa.Column("pages", sa.Integer, nullable=False),
        sa.Column("finished_at", MOMENT),
        sa.PrimaryKeyConstraint("number", name="pk_member_listings"),
    )


def downgrade() -> None:
    """Without them."""
    op.drop_table("member_listings")
    op.drop_table("member_names")
