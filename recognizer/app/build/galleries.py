"""Build the gallery's index: exact, FAISS, or FAISS with compact codes, by its size; or a Milvus server's."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence

from loguru import logger

from recognizer.app.config import Settings
from recognizer.errors import ConfigError, HistoryAwayError
from recognizer.gallery.consent import Consents
from recognizer.gallery.records import Enrolled
from recognizer.gallery.store import load_enrolled
from recognizer.match.exact_index import ExactIndex
from recognizer.match.rejecting_index import RejectingIndex
from recognizer.protocols import VectorIndex
from recognizer.types.rejection import Rejection

FAISS_FROM = 1_000
"""Enrolled vectors from which FAISS answers sooner than NumPy; for fewer it is not worth loading."""
COMPACT_FROM = 50_000
"""Enrolled vectors from which codes are worth learning: comparing every vector takes 8 ms a probe."""


def consents(settings: Settings) -> Consents:
    """Build the check of whose consent lets them be recognised."""
    return Consents(settings.gallery.folder, required=settings.gallery.require_consent)


def enrolled_people(settings: Settings, fingerprint: str) -> Enrolled:
    """Load the enrolled people who may be recognised: those whose consent ended or was withdrawn are dropped.

    Raises:
        FingerprintError: if they were enrolled with another model.
        GalleryError: if nobody is enrolled, and ``gallery.may_be_empty`` is not set.
    """
    enrolled = load_enrolled(settings.gallery.folder, may_be_empty=settings.gallery.may_be_empty)
    enrolled.require(fingerprint)
    return consents(settings).permitted(enrolled)


def rejections(settings: Settings, fingerprint: str) -> list[Rejection]:
    """Read the rejections of a model's faces from the history; none where it is off.

    Raises:
        HistoryError: if the history cannot be read.
    """
    if not settings.history.enabled:
        return []
    from recognizer.app.history import rejections_of  # SQLAlchemy takes .2 s to import

    return rejections_of(settings, fingerprint)


def rejections_at_start(settings: Settings, fingerprint: str) -> tuple[list[Rejection], bool]:
    """Read the rejections, and return whether they could be read: a database server may be away.

    Raises:
        HistoryError: if the history cannot be read for another reason.
    """
    try:
        return rejections(settings, fingerprint), True
    except HistoryAwayError as error:
        logger.debug("rejections are read later: {}", error)
        return [], False


def index_of(enrolled: Enrolled, rejected: Sequence[Rejection] = ()) -> VectorIndex:
    """Build the search index that is fastest for so many vectors; it heeds rejections where there are any."""
    index = _plain_index(enrolled)
    return RejectingIndex(index, rejected) if rejected else index


def gallery_index(settings: Settings, enrolled: Enrolled, rejected: Sequence[Rejection] = ()) -> VectorIndex:
    """Build the index that the settings want: a server's, where they name one, otherwise as ``index_of``.

    Raises:
        ConfigError: if the address of the server is wrong, or what connects to it is not installed.
    """
    address = settings.gallery_index
    if address is None:
        return index_of(enrolled, rejected)
    from recognizer.match.milvus import Milvus, target
    from recognizer.match.remote_index import RemoteIndex

    where = target(address)
    for module in ("pymilvus", *(("milvus_lite",) if where.uri.endswith(".db") else ())):
        if not importlib.util.find_spec(module):
            raise ConfigError(f"gallery.index: {module} is not installed: pip install -r requirements-milvus.txt")
    index = RemoteIndex(enrolled=enrolled, server=Milvus(where))
    index.start()
    return RejectingIndex(index, rejected) if rejected else index


def _plain_index(enrolled: Enrolled) -> VectorIndex:
    if len(enrolled) < FAISS_FROM or not importlib.util.find_spec("faiss"):
        return ExactIndex(enrolled=enrolled)
    if len(enrolled) >= COMPACT_FROM and enrolled.vectors.shape[1] % 2 == 0:  # its codes take two numbers each
        from recognizer.match.compact_index import CompactIndex

        return CompactIndex(enrolled=enrolled)
    from recognizer.match.faiss_index import FaissIndex

    return FaissIndex(enrolled=enrolled)
