"""Pairs of a face and a person that somebody said it is not."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add the table, and whether a person rejected the name of a track."""
    op.create_table(
        "rejections",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("track_id", _KEY, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("vector", sa.LargeBinary, nullable=False),
        sa.Column("active", sa.SmallInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    op.add_column("tracks", sa.Column("corrected", sa.SmallInteger, nullable=False, server_default="0"))
