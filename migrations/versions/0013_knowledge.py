"""The index of answered questions."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Five tables."""
    op.create_table(
        "knowledge_events",
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("made_of", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("event_id", name="pk_knowledge_events"),
    )
    op.create_table(
        "knowledge",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("answers", sa.Text, nullable=False),
        sa.Column("answered_by", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("ts", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_knowledge"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_knowledge_event_id_place", "knowledge", ["event_id", "place"], unique=True)
    op.create_table(
        "knowledge_words",
        sa.Column("word", sa.Text, nullable=False),
        sa.Column("document", NUMBER, nullable=False),
        sa.Column("weight", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("word", "document", name="pk_knowledge_words"),
        _of_document("knowledge_words"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_knowledge_words_document", "knowledge_words", ["document"])
    op.create_table(
        "knowledge_messages",
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("ts", sa.Text, nullable=False),
        sa.Column("document", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("channel", "ts", "document", name="pk_knowledge_messages"),
        _of_document("knowledge_messages"),
    )
    op.create_index("ix_knowledge_messages_document", "knowledge_messages", ["document"])
    op.create_table(
        "knowledge_vectors",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("document", NUMBER, nullable=False),
        sa.Column("question", sa.LargeBinary, nullable=False),
        sa.Column("whole", sa.LargeBinary, nullable=False),
        sa.Column("sentences", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_knowledge_vectors"),
        _of_document("knowledge_vectors"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_knowledge_vectors_document", "knowledge_vectors", ["document"], unique=True)


def downgrade() -> None:
    """Without it."""
    op.drop_table("knowledge_vectors")
    for name in ("knowledge_messages", "knowledge_words", "knowledge", "knowledge_events"):
        op.drop_table(name)


def _of_document(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["document"], ["knowledge.id"], name=f"fk_{table}_document", ondelete="CASCADE"
    )
