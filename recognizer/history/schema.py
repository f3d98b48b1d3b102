"""The tables of the history. ``migrations`` makes them; a test holds both to each other.

Times are microseconds since 1970, UTC. Vectors have unit length: float16, little-endian, or
packed (``vectors``). Vectors and crops may be encrypted (``encryption``).
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    and_,
    or_,
)

LEVEL = "0009"
"""The newest migration in ``migrations/versions``."""

metadata = MetaData()

KEY = BigInteger().with_variant(Integer, "sqlite")
"""SQLite counts rows by itself only in an INTEGER key, and gives a deleted row's number to another one unless
``sqlite_autoincrement`` forbids it: actions and rejections refer to numbers of tracks."""

runs = Table(
    "runs",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("began_us", BigInteger, nullable=False),
    Column("model", Text, nullable=False),  # fingerprint; only vectors of equal fingerprints may be compared
    Column("known", Float, nullable=False),  # thresholds at the start of the run
    Column("margin", Float, nullable=False),
    Column("decision", Text),  # JSON: all thresholds and the samples that a name needs; NULL before level 0005
    Column("gallery", Text),  # its revision at the start of the run
    sqlite_autoincrement=True,
)

revisions = Table(
    "revisions",  # what decisions depended on after the gallery or the thresholds had changed in a run
    metadata,
    Column("run_id", KEY, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),  # from 1; 0 is the row of the run
    Column("decision", Text, nullable=False),  # as ``runs.decision``
    Column("gallery", Text, nullable=False),
)

tracks = Table(
    "tracks",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("run_id", KEY, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("source", Text, nullable=False),
    Column("number", BigInteger, nullable=False),  # track_id of the run's events
    Column("began_us", BigInteger, nullable=False),
    Column("ended_us", BigInteger, nullable=False),
    Column("at_s", Float, nullable=False),  # of the beginning, in the source's own time
    Column("status", Text, nullable=False),  # known, unknown, undecided
    Column("person", Text),
    Column("nearest", Text),  # the nearest enrolled person, named or not
    Column("similarity", Float, nullable=False),
    Column("margin", Float, nullable=False),
    Column("reasons", Text, nullable=False),  # JSON list
    Column("frames", Integer, nullable=False),
    Column("given", Text),  # the name that a person gave the track afterwards; it stands above ``person``
    Column("cluster_id", KEY),  # of an unknown track; rows of ``clusters``
    Column("corrected", SmallInteger, nullable=False, server_default="0"),  # who gave person and status:
    # 0 the run, 1 a person, 2 a replay that was applied
    UniqueConstraint("run_id", "source", "number"),
    Index("tracks_by_given", "given", "began_us"),
    Index("tracks_by_cluster", "cluster_id"),
    Index("tracks_by_end", "ended_us"),
    Index("tracks_by_time", "began_us"),
    Index("tracks_by_person", "person", "began_us"),
    Index("tracks_by_source", "source", "began_us"),
    sqlite_autoincrement=True,
)

samples = Table(
    "samples",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("track_id", KEY, ForeignKey("tracks.id", ondelete="CASCADE"), nullable=False),
    Column("rank", SmallInteger, nullable=False),  # 0: the best sample of its track
    Column("at_us", BigInteger, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    Column("eyes_px", Float, nullable=False),
    Column("sharpness", Float, nullable=False),
    Column("yaw_deg", Float, nullable=False),
    Column("roll_deg", Float, nullable=False),
    Column("score", Float, nullable=False),
    Column("crop", LargeBinary),  # JPEG, if the settings keep crops
    Column("weight", Float),  # in the track's template
    UniqueConstraint("track_id", "rank"),
)

moments = Table(
    "moments",  # at most three of a track: what it was decided from
    metadata,
    Column("id", KEY, primary_key=True),
    Column("track_id", KEY, ForeignKey("tracks.id", ondelete="CASCADE"), nullable=False),
    Column("place", SmallInteger, nullable=False),  # by time
    Column("at_us", BigInteger, nullable=False),
    Column("vector", LargeBinary),  # the template; NULL: the weighted mean of the kept samples up to this time
    Column("weight", Float, nullable=False),
    Column("usable_count", Integer, nullable=False),
    Column("nearest", Text),
    Column("similarity", Float, nullable=False),
    Column("runner_up", Float, nullable=False),
    Column("shown_from_us", BigInteger, nullable=False),
    Column("shown_until_us", BigInteger, nullable=False),
    Column("revision", Integer, nullable=False, server_default="0"),  # of its run
    UniqueConstraint("track_id", "place"),
)

files = Table(
    "files",  # videos that were indexed; each is a run
    metadata,
    Column("run_id", KEY, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("path", Text, nullable=False, unique=True),
    Column("size", BigInteger, nullable=False),
    Column("changed_us", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),  # of its beginning and its end
    Column("seconds", Float, nullable=False),
    Column("fault", Text),  # what could not be read of it
    Column("indexed_us", BigInteger, nullable=False),
)

clusters = Table(
    "clusters",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("state", Text, nullable=False),  # open, ignored (a face nobody cares for), discarded (no face)
    sqlite_autoincrement=True,
)

rejections = Table(
    "rejections",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("track_id", KEY, nullable=False),  # the track may be deleted before
    Column("at_us", BigInteger, nullable=False),
    Column("person", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    Column("active", SmallInteger, nullable=False),  # 0: undone
    sqlite_autoincrement=True,
)

spans = Table(
    "spans",  # dimensions that vectors of a model fill; not encrypted, as they tell of the network, and of no face
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),  # the first byte of a packed vector
    Column("model", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("basis", LargeBinary, nullable=False),  # (width, dimension) float32, orthonormal
)

face_blocks = Table(
    "face_blocks",  # mean vectors of 4096 tracks, copied from ``samples`` for searches; see the module ``face_blocks``
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("model", Text, primary_key=True),
    Column("span", SmallInteger, primary_key=True, autoincrement=False),  # 0: vectors outside the model's
    Column("data", LargeBinary, nullable=False),  # encrypted where vectors are
)

facts = Table(
    "facts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

actions = Table(
    "actions",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("what", Text, nullable=False),  # in words
    Column("changes", Text, nullable=False),  # JSON: [table, id, column, before, after], ...
    Column("person", Text),  # whom the action names
    Column("undone_us", BigInteger),
    sqlite_autoincrement=True,
)

UNKNOWN = and_(tracks.c.given.is_(None), tracks.c.status == "unknown")
"""Condition of tracks whom neither recognition nor a person named."""
NAMED = or_(tracks.c.given.is_not(None), tracks.c.status == "known")
"""Condition of tracks whom recognition or a person named."""
