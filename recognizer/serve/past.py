"""What the routes over the history share: selections, ids of people, answers, and refusals with the right status."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated
from urllib.parse import quote

from fastapi import Depends

from recognizer.app.config import Settings
from recognizer.errors import GalleryError
from recognizer.history.events import PastEvent
from recognizer.history.records import Selection
from recognizer.history.refusals import ConflictError, NotThereError
from recognizer.serve.dependencies import SettingsDep
from recognizer.serve.errors import ServiceError
from recognizer.serve.gallery import people_of
from recognizer.serve.models import history as models
from recognizer.serve.models.history import Moment, Text


@contextmanager
def refusals() -> Iterator[None]:
    """Answer 404 for what is not there, and 409 where somebody did something else first.

    Raises:
        ServiceError: 404 ``not_found``; 409 ``conflict`` with the later action, if it is one.
    """
    try:
        yield
    except NotThereError as error:
        raise ServiceError(404, "not_found", str(error)) from error
    except ConflictError as error:
        later = None if error.later is None else {"later_action": error.later}
        raise ServiceError(409, "conflict", str(error), details=later) from error


@dataclass(frozen=True)
class PersonIds:
    """Names of the enrolled people and their ids."""

    of_name: Mapping[str, str]

    def name(self, person_id: str) -> str:
        """Return the name of a person.

        Raises:
            ServiceError: 404 ``person_not_found``.
        """
        for name, folder in self.of_name.items():
            if folder == person_id:
                return name
        raise ServiceError(404, "person_not_found", "Nobody with this id is enrolled; for others, give the name.")

    def id(self, name: str | None) -> str | None:
        """Return the id of a person; ``None`` for nobody, and for who is not enrolled."""
        return None if name is None else self.of_name.get(name)


def person_ids(settings: SettingsDep) -> PersonIds:
    """Read who is enrolled; nobody where there is no gallery."""
    with suppress(GalleryError):
        return PersonIds({person.name: person.folder for person in people_of(settings.gallery.folder)[0]})
    return PersonIds({})


PersonIdsDep = Annotated[PersonIds, Depends(person_ids)]


def selection(
    people: PersonIdsDep,
    person_id: Text | None = None,
    name: Text | None = None,
    source: Text | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
) -> Selection:
    """Make a selection of tracks from an address; ``name`` is for people who are not enrolled."""
    person = name if person_id is None else people.name(person_id)
    return Selection(person=person, source=source, since=since, until=until)


SelectionDep = Annotated[Selection, Depends(selection)]


def crop_url(track_id: int, rank: int) -> str:
    """Return where a crop is."""
    return f"/v1/tracks/{track_id}/crops/{rank}.jpg"


def crops_since(settings: Settings) -> datetime | None:
    """Return since when crops are shown: older ones are due to be deleted, by the next run if there is none now."""
    days = settings.history.crops_days
    return None if days is None else datetime.now(UTC) - timedelta(days=days)


def event_answer(event: PastEvent, people: PersonIds) -> models.PastEvent:
    """Describe a past event."""
    seen = event.seen
    return models.PastEvent(
        id=seen.id,
        time=seen.began,
        ended_at=seen.ended,
        at_s=event.at_s,
        source=seen.source,
        kind="appeared" if seen.person is None else "recognised",
        track_id=event.number,
        name=seen.person,
        person_id=people.id(seen.person),
        status=seen.status,  # type: ignore[arg-type]  # of the same values
        nearest=seen.nearest,
        similarity=seen.similarity,
        margin=seen.margin,
        reasons=list(seen.reasons),
        model=event.model,
        gallery_revision=event.gallery,
        crop_url=None if event.crop is None else crop_url(seen.id, event.crop),
    )


def attachment(name: str) -> dict[str, str]:
    """Let a browser save an answer instead of showing it."""
    return {"content-disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
