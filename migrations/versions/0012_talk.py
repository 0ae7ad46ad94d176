"""Whether a message at top level is talk."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A column; what is stored already stays a question."""
    op.add_column("messages", sa.Column("talk", sa.Text, nullable=False, server_default=""))


def downgrade() -> None:
    """Without it."""
    op.drop_column("messages", "talk")
