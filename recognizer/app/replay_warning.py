"""Say in one line how many names of the last week a change would flip: new photos, thresholds, a rejection."""

from __future__ import annotations

import datetime as dt
import time
from contextlib import closing

from loguru import logger

from recognizer.app import build, config
from recognizer.app.build.galleries import COMPACT_FROM
from recognizer.app.history import has_history, read_history
from recognizer.app.past_matches import Basis
from recognizer.app.replay import Replay, ReplayCancelled, replay_tracks
from recognizer.errors import GalleryError, RecognizerError
from recognizer.gallery.records import Enrolled
from recognizer.history.database import Database
from recognizer.history.records import DecisionFacts, Selection
from recognizer.history.rejections import active_rejections
from recognizer.history.runs import last_facts
from recognizer.models.resolve import ResolvedModel

DAYS = 7
MOST_TRACKS = 2000
"""Of the newest ones; they take about half a second."""
_PATIENCE_S = 1.0
"""A run starts, and a command ends, at most so much later."""


def enrolled_with(settings: config.Settings, model: str) -> Enrolled | None:
    """Return who is enrolled with a model; ``None`` where nobody is, or with another one."""
    try:
        return build.enrolled_people(settings, model)
    except GalleryError:
        return None


def warn_after_enrolment(
    settings: config.Settings, resolved: ResolvedModel, before: Enrolled | None, after: Enrolled | None
) -> None:
    """Log how many names of the last week other photos flip; nothing where there is no history.

    Args:
        settings: of the gallery and the history.
        resolved: the model.
        before: who was enrolled.
        after: who is now.
    """
    if before is None or after is None:
        return
    if after.names == before.names and bool((after.vectors == before.vectors).all()):
        return
    if isinstance(settings.history_place, str) and not settings.history.enabled:
        return
    if not has_history(settings):
        return
    try:
        with closing(read_history(settings)) as history:
            new, old = (_basis(settings, resolved, enrolled, history) for enrolled in (after, before))
            _warn(_replay(history, new, resolved.fingerprint, against=old), "with the photos as they are now")
    except RecognizerError as error:  # an enrolment does not fail for it
        logger.debug("The history was not replayed: {}", error)


def warn_before_run(
    settings: config.Settings, resolved: ResolvedModel, enrolled: Enrolled, facts: DecisionFacts, history: Database
) -> None:
    """Log how many names of the last week would change, where thresholds or gallery are not those of the last run.

    Args:
        settings: of the run.
        resolved: the model.
        enrolled: who is enrolled.
        facts: of the run.
        history: open.
    """
    try:
        last = last_facts(history, resolved.fingerprint)
        if last is None or (last.thresholds, last.gallery) == (facts.thresholds, facts.gallery):
            return
        basis = _basis(settings, resolved, enrolled, history)
        _warn(_replay(history, basis, resolved.fingerprint), "with the thresholds and photos of this run")
    except (RecognizerError, ValueError, KeyError, TypeError) as error:  # nor where an earlier run's facts are damaged
        logger.debug("The history was not replayed: {}", error)


def cost_of_rejection(history: Database, model: str, person: str, enrolled: Enrolled | None) -> list[int] | None:
    """Return the other tracks of the last week that lose a person's name by the newest rejection.

    Args:
        history: open; the rejection is in it.
        model: fingerprint of the rejected face.
        person: whose name was rejected.
        enrolled: who is enrolled with that model.

    Returns:
        Numbers of tracks; ``None`` where that cannot be told: nobody is enrolled, or it takes too long.
    """
    if enrolled is None or len(enrolled) >= COMPACT_FROM:
        return None
    rejections = active_rejections(history, model)
    new, old = (Basis(build.index_of(enrolled, some)) for some in (rejections, rejections[:-1]))
    found = _replay(history, new, model, against=old)
    return None if found is None else [one.track for one in found.changed if one.was == person]


def _basis(settings: config.Settings, resolved: ResolvedModel, enrolled: Enrolled, history: Database) -> Basis:
    if len(enrolled) >= COMPACT_FROM:
        raise GalleryError(f"An index of {len(enrolled)} photos takes seconds to make.")
    rejected = active_rejections(history, resolved.fingerprint)
    return Basis(build.index_of(enrolled, rejected), build.thresholds(settings, resolved, enrolled=len(enrolled)))


def _replay(history: Database, basis: Basis, model: str, *, against: Basis | None = None) -> Replay | None:
    deadline = time.monotonic() + _PATIENCE_S
    try:
        return replay_tracks(
            history,
            basis,
            model=model,
            selection=Selection(since=_since()),
            against=against,
            most=MOST_TRACKS,
            cancelled=lambda: time.monotonic() > deadline,
        )
    except ReplayCancelled:
        return None


def _since() -> dt.datetime:
    return dt.datetime.now(dt.UTC) - dt.timedelta(days=DAYS)


def _warn(found: Replay | None, how: str) -> None:
    more = f"python main.py history replay --since {_since().astimezone():%Y-%m-%d}"
    if found is None:
        logger.info("history: too many tracks to tell at once whether names of the last week change; see: {}", more)
    elif found.changed:
        people = ", ".join(f"{name} {count}" for name, count in list(found.lost_names.items())[:3])
        won = sum(one.was is None for one in found.changed)
        lost = sum(one.now is None for one in found.changed)
        logger.warning(
            "history: {}, {} of {} tracks of the last {} days would bear another name: {} won, {} lost, {} changed{}. "
            "See: {}",
            how,
            len(found.changed),
            found.compared,
            DAYS,
            won,
            lost,
            len(found.changed) - won - lost,
            f" (taken from {people})" if people else "",
            more,
        )
