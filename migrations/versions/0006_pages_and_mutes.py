"""Which page of a list somebody looks at in the App Home; from when until when somebody was muted."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Two tables."""
    op.create_table(
        "pages",
        sa.Column("member", sa.Text, nullable=False),
        sa.Column("part", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("member", "part", name="pk_pages"),
    )
    op.create_table(
        "past_mutes",
        sa.Column("session_id", NUMBER, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("session_id", "subject", "at", name="pk_past_mutes"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_past_mutes_session_id"),
    )


def downgrade() -> None:
    """Without them."""
    op.drop_table("past_mutes")
    op.drop_table("pages")
