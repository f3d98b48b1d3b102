"""What a track was decided from, so that the decision can be made again with other thresholds or photos."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add the table, the samples' weights, and what decisions of a run depend on."""
    op.create_table(
        "moments",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("track_id", _KEY, sa.ForeignKey("tracks.id", ondelete="CASCADE"), nullable=False),
        sa.Column("place", sa.SmallInteger, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("vector", sa.LargeBinary),
        sa.Column("weight", sa.Float, nullable=False),
        sa.Column("usable_count", sa.Integer, nullable=False),
        sa.Column("nearest", sa.Text),
        sa.Column("similarity", sa.Float, nullable=False),
        sa.Column("runner_up", sa.Float, nullable=False),
        sa.Column("shown_from_us", sa.BigInteger, nullable=False),
        sa.Column("shown_until_us", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("track_id", "place"),
    )
    op.add_column("samples", sa.Column("weight", sa.Float))
    op.add_column("runs", sa.Column("decision", sa.Text))
    op.add_column("runs", sa.Column("gallery", sa.Text))
