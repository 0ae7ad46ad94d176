"""Which page of a list somebody looks at in the App Home."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One table."""
    op.create_table(
        "pages",
        sa.Column("member", sa.Text, nullable=False),
        sa.Column("part", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("member", "part", name="pk_pages"),
    )


def downgrade() -> None:
    """Without it."""
    op.drop_table("pages")
