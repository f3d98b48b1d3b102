"""Make one person of two, or give a person another name, in the gallery and in the history."""

from __future__ import annotations

from contextlib import closing

from fastapi import APIRouter, Depends
from pydantic import Field

from recognizer.app import people as in_both
from recognizer.app.history import read_history
from recognizer.errors import GalleryError
from recognizer.gallery import upkeep
from recognizer.gallery.hidden import set_hidden
from recognizer.gallery.names import sameness
from recognizer.serve import gallery
from recognizer.serve.access.scopes import require
from recognizer.serve.dependencies import HistoryDep, PrincipalDep, RecognizerDep, SettingsDep
from recognizer.serve.errors import ServiceError
from recognizer.serve.models.common import Model
from recognizer.serve.models.history import ActionMade
from recognizer.serve.models.people import Name, Person, PersonChange
from recognizer.serve.past import refusals
from recognizer.serve.recogniser import Recogniser
from recognizer.serve.routes.events import reload_rejections
from recognizer.serve.routes.people import described

router = APIRouter(prefix="/v1/people", dependencies=[Depends(require("review"))])


class MergePeople(Model):
    """Two people who are one."""

    goes: Name = Field(alias="from")
    """Id of the person who is the other one; it is gone afterwards."""
    into: Name
    """Id of the person who stays."""


@router.post("/merge", tags=["history"])
async def merge_people(
    wanted: MergePeople, history: HistoryDep, settings: SettingsDep, recognizer: RecognizerDep, who: PrincipalDep
) -> ActionMade:
    """Move photos and tracks of one person to another; `/v1/actions/{id}/undo` takes it back."""
    folder = settings.gallery.folder

    def work(loaded: Recogniser) -> int:
        into, goes = (gallery.person_of(folder, each).name for each in (wanted.into, wanted.goes))
        if into == goes:
            raise ServiceError(422, "invalid_request", "from: wanted another person than into.")
        try:
            return in_both.merge_people(settings, history, into, goes, enroller=lambda: loaded.enroller)
        except GalleryError as error:
            if type(error) is not GalleryError:
                raise
            raise ServiceError(409, "consent", str(error)) from error  # of one of them it does not hold

    with refusals():
        action = await recognizer.run(work, client=who.key)
    reload_rejections(recognizer)
    return ActionMade(action_id=action)


@router.patch("/{person_id}", tags=["people"])
async def change_person(
    person_id: str, wanted: PersonChange, settings: SettingsDep, recognizer: RecognizerDep, who: PrincipalDep
) -> Person:
    """Hide a person or list them again; give them another name, and so another id, in the history, too."""
    folder = settings.gallery.folder

    def work(loaded: Recogniser) -> Person:
        person = gallery.person_of(folder, person_id)
        new = person.name if wanted.name is None else gallery.valid_name(wanted.name)
        for other in gallery.people_of(folder)[0]:
            if other.name != person.name and sameness(other.name) == sameness(new):
                raise ServiceError(409, "person_exists", "Somebody else has this name.")
        if wanted.hidden is not None:
            set_hidden(folder, person.name, wanted.hidden)
        if new == person.name:
            return described([person], settings)[0]
        if settings.has_history:
            with closing(read_history(settings)) as history:
                in_both.rename_person(settings, history, person.name, new, enroller=lambda: loaded.enroller)
        else:
            upkeep.rename(folder, person.name, new)
        return described([gallery.person_of(folder, new)], settings)[0]

    with refusals():
        return await recognizer.run(work, client=who.key)
