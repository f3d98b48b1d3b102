"""Runs, their tracks and the tracks' samples."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "runs",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("began_us", sa.BigInteger, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("known", sa.Float, nullable=False),
        sa.Column("margin", sa.Float, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "tracks",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("run_id", _KEY, sa.ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("began_us", sa.BigInteger, nullable=False),
        sa.Column("ended_us", sa.BigInteger, nullable=False),
        sa.Column("at_s", sa.Float, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("person", sa.Text),
        sa.Column("nearest", sa.Text),
        sa.Column("similarity", sa.Float, nullable=False),
        sa.Column("margin", sa.Float, nullable=False),
        sa.Column("reasons", sa.Text, nullable=False),
        sa.Column("frames", sa.Integer, nullable=False),
        sa.UniqueConstraint("run_id", "source", "number"),
        sqlite_autoincrement=True,
    )
    op.create_index("tracks_by_time", "tracks", ["began_us"])
    op.create_index("tracks_by_person", "tracks", ["person", "began_us"])
    op.create_index("tracks_by_source", "tracks", ["source", "began_us"])
    op.create_table(
        "samples",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("track_id", _KEY, sa.ForeignKey("tracks.id", ondelete="CASCADE"), nullable=False),
        sa.Column("rank", sa.SmallInteger, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("vector", sa.LargeBinary, nullable=False),
        sa.Column("eyes_px", sa.Float, nullable=False),
        sa.Column("sharpness", sa.Float, nullable=False),
        sa.Column("yaw_deg", sa.Float, nullable=False),
        sa.Column("roll_deg", sa.Float, nullable=False),
        sa.Column("score", sa.Float, nullable=False),
        sa.Column("crop", sa.LargeBinary),
        sa.UniqueConstraint("track_id", "rank"),
    )
