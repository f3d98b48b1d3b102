"""The service's recognition process: a run on the settings' cameras that another process follows and steers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from loguru import logger

from recognizer.app.cameras import has_cameras, with_names
from recognizer.app.config import Settings
from recognizer.app.kept_log import keep_log
from recognizer.app.live_control import LiveControl
from recognizer.app.session import Session
from recognizer.errors import GalleryError, RecognizerError
from recognizer.gallery.folder import RECORD_FOLDER
from recognizer.gallery.schema import RECORD_FILE
from recognizer.gallery.store import Gallery
from recognizer.models.resolve import ResolvedModel
from recognizer.runtime import streams
from recognizer.runtime.child import ERROR_FILE, RECOGNITION
from recognizer.runtime.control import ControlServer, private_socket
from recognizer.runtime.service import NOTHING_TO_DO


def run_recognition(
    settings: Settings, folder: Path, *, sync_gallery: Callable[[Settings, ResolvedModel], object], **options: Any
) -> int:
    """Run until a signal comes, the parent ends or the sources end.

    Args:
        settings: with the cameras.
        folder: private folder of the service.
        sync_gallery: enrols new photos before the run.
        options: further ones of ``Session``.

    Returns:
        The exit status: 0 after a signal, ``NOTHING_TO_DO`` without sources, or when all of them ended.

    Raises:
        RecognizerError: the run failed; the message is left in the folder, for the web process.
    """
    (folder / ERROR_FILE).unlink(missing_ok=True)
    if not has_cameras(settings):
        logger.info("no camera is set: add one under 'sources:' or on the page")
        return NOTHING_TO_DO
    if not settings.history.enabled:
        logger.info("the history is off: nothing is kept of who was seen (history.enabled)")
    changes = {
        "emit": settings.emit.model_copy(update={"headless": True}),
        "gallery": settings.gallery.model_copy(update={"may_be_empty": True}),
    }
    changed = with_names(settings).model_copy(update=changes)
    control = LiveControl(keep_log())

    def sync(settings: Settings, resolved: ResolvedModel) -> None:
        _sync_or_empty(settings, resolved, sync_gallery)

    try:
        with ControlServer(private_socket(folder, RECOGNITION), control.commands):
            Session(changed, sync_gallery=sync, control=control, **options).run()
    except RecognizerError as error:
        (folder / ERROR_FILE).write_text(str(error), "utf-8")
        raise
    return 0 if streams.hurry.is_set() else NOTHING_TO_DO


def _sync_or_empty(
    settings: Settings, resolved: ResolvedModel, sync_gallery: Callable[[Settings, ResolvedModel], object]
) -> None:
    """Enrol new photos; a gallery without anybody is made, and is no failure."""
    folder = settings.gallery.folder
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / RECORD_FOLDER / RECORD_FILE).exists():
        with Gallery(folder, write=True, purpose="starting the service") as gallery:
            gallery.commit_enrolment((), people={}, model=resolved.fingerprint)
    try:
        sync_gallery(settings, resolved)
    except GalleryError as error:
        with Gallery(folder) as gallery:
            if len(gallery.enrolled()):
                raise
        logger.warning("{} Everybody is unknown until somebody is enrolled.", error)
