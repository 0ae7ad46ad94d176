"""The words of the index of answered questions, in the order in which a search reads them."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """The documents in which a word counts most come last."""
    _made_anew(("word", "weight", "document"), ("document", "word"))


def downgrade() -> None:
    """By their numbers."""
    _made_anew(("word", "document"), ("document",))


def _made_anew(key: tuple[str, ...], index: tuple[str, ...]) -> None:
    """The table with another key and another index, without words too long for PostgreSQL's."""
    op.execute("CREATE TABLE knowledge_words_before AS SELECT * FROM knowledge_words")
    op.drop_table("knowledge_words")
    op.create_table(
        "knowledge_words",
        sa.Column("word", sa.Text, nullable=False),
        sa.Column("weight", sa.Float, nullable=False),
        sa.Column("document", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint(*key, name="pk_knowledge_words"),
        sa.ForeignKeyConstraint(
            ["document"],
            ["knowledge.id"],
            name="fk_knowledge_words_document",
            ondelete="CASCADE",
        ),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO knowledge_words (word, weight, document) "
        "SELECT word, weight, document FROM knowledge_words_before WHERE length(word) <= 100 "
        "ORDER BY word, weight, document"
    )
    op.drop_table("knowledge_words_before")
    op.create_index(f"ix_knowledge_words_{'_'.join(index)}", "knowledge_words", list(index))
