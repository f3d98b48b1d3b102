"""What decided a moment: gallery and thresholds may change while a run goes on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add the table, and which of its rows decided a moment."""
    op.create_table(
        "revisions",
        sa.Column("run_id", _KEY, sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("gallery", sa.Text, nullable=False),
    )
    op.add_column("moments", sa.Column("revision", sa.Integer, nullable=False, server_default="0"))
