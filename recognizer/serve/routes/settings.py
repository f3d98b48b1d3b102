"""What is kept and for how long, how all parts are, and the log."""

from __future__ import annotations

import datetime as dt
import platform
import shutil
from collections.abc import Iterator
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool

from recognizer import __version__
from recognizer.app.config import Settings
from recognizer.app.disk_use import folder_bytes
from recognizer.app.kept_log import scrubbed
from recognizer.serve.access.scopes import require
from recognizer.serve.dependencies import ServicesDep, SettingsFileDep
from recognizer.serve.errors import ServiceError
from recognizer.serve.models.live import (
    Applied,
    HealthDetail,
    HistoryForm,
    HistorySettings,
    LogAnswer,
    RecognitionNow,
    Stored,
)
from recognizer.serve.routes.cameras import restart

router = APIRouter(prefix="/v1", tags=["settings"], dependencies=[Depends(require("admin"))])
_LIBRARIES = ("opencv-python", "opencv-python-headless", "av", "openvino", "onnxruntime", "faiss-cpu", "fastapi")
_STARTED = dt.datetime.now(dt.UTC)


@router.get("/settings/history")
async def history_settings(services: ServicesDep) -> HistorySettings:
    """Say what is kept of who was seen, for how long, and how much room it takes."""
    settings = await services.current_settings()
    kept = HistoryForm(**settings.history.model_dump(include=set(HistoryForm.model_fields)))
    return HistorySettings(history=kept, storage=await run_in_threadpool(_storage, services.settings))


@router.patch("/settings/history")
async def change_history(form: HistoryForm, services: ServicesDep, file: SettingsFileDep) -> Applied:
    """Change what is kept and for how long; what is not given stays. Recognition starts anew with it."""
    options = form.model_dump(exclude_none=True)

    def edit(values: Any) -> None:
        values.setdefault("history", {}).update(options)

    await run_in_threadpool(file.change, edit)
    return Applied(applies=restart(services))


@router.get("/health")
async def health(services: ServicesDep) -> HealthDetail:
    """Say how all parts are: versions, model, engine, recognition, storage."""
    about: dict[str, Any] = {}
    live, settings = services.live, await services.current_settings()
    if live is not None:
        with suppress(ServiceError):
            about = await live.call("about")
    model = about.get("model")
    if model is None and (loaded := services.inference.loaded) is not None:
        model = loaded.model
    return HealthDetail(
        version=__version__,
        started_at=_STARTED,
        recognition=None if live is None else RecognitionNow(**live.state()),
        model=model,
        engine=about.get("engine"),
        versions=dict(_versions()),
        history=settings.history.enabled,
        storage=await run_in_threadpool(_storage, services.settings),
        viewers=0 if live is None else live.live.viewers,
        event_readers=0 if live is None else live.events.readers,
    )


@router.get("/log")
async def log(services: ServicesDep, limit: Annotated[int, Query(ge=1, le=1000)] = 200) -> LogAnswer:
    """Send the newest lines of the logs of both processes, in order, without secrets."""
    lines = list(services.log)
    if services.live is not None:
        with suppress(ServiceError):
            lines += (await services.live.call("about"))["log"]
    return LogAnswer(lines=[scrubbed(line) for line in sorted(lines)[-limit:]])


def _versions() -> Iterator[tuple[str, str]]:
    yield "python", platform.python_version()
    for name in _LIBRARIES:
        with suppress(metadata.PackageNotFoundError):
            yield name, metadata.version(name)


def _storage(settings: Settings) -> list[Stored]:
    place, gallery = settings.history_place, settings.gallery.folder
    stored = [Stored(name="gallery", size=folder_bytes(gallery))]
    if isinstance(place, Path):
        stored.append(Stored(name="history", size=folder_bytes(place)))
    waiting = settings.integrations.place(gallery)
    if waiting.is_dir():
        stored.append(Stored(name="deliveries", size=folder_bytes(waiting)))
    with suppress(OSError):
        stored.append(Stored(name="free", size=shutil.disk_usage(gallery).free))
    return stored
