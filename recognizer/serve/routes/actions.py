"""Corrections: what was named, merged, rejected; and taking it back."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from recognizer.app.undo import undo_action
from recognizer.history.actions import page_of_actions
from recognizer.serve.access.scopes import require
from recognizer.serve.dependencies import HistoryDep, PrincipalDep, RecognizerDep, SettingsDep
from recognizer.serve.models.history import (
    ActionAnswer,
    ActionsAnswer,
    Cursor,
    IdentifierPath,
    Limit,
    Undone,
)
from recognizer.serve.past import refusals
from recognizer.serve.recogniser import Recogniser
from recognizer.serve.routes.events import reload_rejections

router = APIRouter(prefix="/v1", tags=["history"])


@router.get("/actions", dependencies=[Depends(require("read"))])
def actions(history: HistoryDep, limit: Limit = 50, after: Cursor | None = None) -> ActionsAnswer:
    """List corrections, the newest first."""
    found, more = page_of_actions(history, limit=limit, after=after)
    return ActionsAnswer(actions=[ActionAnswer(**row) for row in found], next=more)


@router.post("/actions/{action_id}/undo", dependencies=[Depends(require("review"))])
async def undo(
    action_id: IdentifierPath, history: HistoryDep, settings: SettingsDep, recognizer: RecognizerDep, who: PrincipalDep
) -> Undone:
    """Take a correction back, exactly; 409 with the later action where one depends on it."""

    def work(loaded: Recogniser) -> str:
        return undo_action(history, action_id, gallery=settings.gallery.folder, enroller=lambda: loaded.enroller)

    with refusals():
        what = await recognizer.run(work, client=who.key)
    reload_rejections(recognizer)
    return Undone(action_id=action_id, what=what)
