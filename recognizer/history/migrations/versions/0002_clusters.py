"""Clusters of unknown people, names given afterwards, and the actions that gave them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add clusters and actions, and what tracks know of them."""
    op.create_table(
        "clusters",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "actions",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("changes", sa.Text, nullable=False),
        sa.Column("person", sa.Text),
        sa.Column("undone_us", sa.BigInteger),
        sqlite_autoincrement=True,
    )
    op.add_column("tracks", sa.Column("given", sa.Text))
    op.add_column("tracks", sa.Column("cluster_id", _KEY))
    op.create_index("tracks_by_given", "tracks", ["given", "began_us"])
    op.create_index("tracks_by_cluster", "tracks", ["cluster_id"])
    op.create_index("tracks_by_end", "tracks", ["ended_us"])
