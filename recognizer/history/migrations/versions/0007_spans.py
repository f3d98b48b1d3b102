"""The dimensions that a model's vectors fill: packed vectors are int8 numbers in them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the table; vectors are packed by later runs, some at a time, as the key may not be at hand here."""
    op.create_table(
        "spans",
        sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("basis", sa.LargeBinary, nullable=False),
    )
