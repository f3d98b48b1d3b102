"""The cameras of the settings file: list, try, add, change, remove."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from recognizer.app.cameras import CameraSettings, NoSuchCameraError, describe
from recognizer.app.config import Settings
from recognizer.app.settings_file import SettingsFile
from recognizer.app.test_picture import take_picture
from recognizer.errors import UsageError
from recognizer.serve.access.scopes import require
from recognizer.serve.dependencies import Services, ServicesDep, SettingsFileDep
from recognizer.serve.errors import ServiceError
from recognizer.serve.models.live import Applied, Camera, CameraForm, CamerasAnswer, CameraTest, NewCamera

router = APIRouter(prefix="/v1/settings/cameras", tags=["settings"], dependencies=[Depends(require("admin"))])
_JPEG: dict[int | str, dict[str, Any]] = {200: {"content": {"image/jpeg": {}}, "description": "A JPEG picture"}}
Result = TypeVar("Result")
_one_test = asyncio.Semaphore(1)


@router.get("")
async def list_cameras(services: ServicesDep) -> CamerasAnswer:
    """List the cameras of the settings file, without users and passwords."""
    cameras = await run_in_threadpool(describe, await services.current_settings())
    can_change = services.settings_file is not None
    return CamerasAnswer(cameras=[Camera(**camera) for camera in cameras], can_change=can_change)


@router.post("/test", responses=_JPEG, response_class=Response)
async def try_camera(form: CameraTest, services: ServicesDep, file: SettingsFileDep) -> Response:
    """Take one picture with these settings, neither turned nor cut; nothing is saved."""
    if _one_test.locked():
        raise ServiceError(503, "busy", "Another camera is being tried.", headers={"retry-after": "5"})

    def take() -> bytes:
        camera = _cameras(services, file).complete(form.options(), form.id)
        if form.stream == "detect_address":
            if camera.detect_location is None:
                raise UsageError("detect_address: wanted the address of the smaller stream, got none.")
            camera = camera.model_copy(update={"location": camera.detect_location})
        return take_picture(camera, form.name or form.id or "the camera")

    async with _one_test:
        return Response(await _change(take), media_type="image/jpeg")


@router.post("", status_code=201)
async def add_camera(form: NewCamera, services: ServicesDep, file: SettingsFileDep) -> Applied:
    """Add a camera: an rtsp(s) or http(s) address. Recognition starts anew with it."""
    return _applied(services, await _change(lambda: _cameras(services, file).add(form.options())))


@router.patch("/{camera_id:path}")
async def change_camera(camera_id: str, form: CameraForm, services: ServicesDep, file: SettingsFileDep) -> Applied:
    """Change a camera; what is not given stays. Recognition starts anew with it."""
    return _applied(services, await _change(lambda: _cameras(services, file).change(camera_id, form.options())))


@router.delete("/{camera_id:path}")
async def remove_camera(camera_id: str, services: ServicesDep, file: SettingsFileDep) -> Applied:
    """Remove a camera, and its password. Recognition starts anew without it."""
    return _applied(services, await _change(lambda: _cameras(services, file).remove(camera_id)))


def _cameras(services: Services, file: SettingsFile) -> CameraSettings:
    return CameraSettings(file, services.settings.service_folder / "passwords")


async def _change(work: Callable[[], Result]) -> Result:
    try:
        return await run_in_threadpool(work)
    except NoSuchCameraError as error:
        raise ServiceError(404, "camera_not_found", str(error)) from None


def _applied(services: Services, settings: Settings) -> Applied:
    return Applied(applies=restart(services), cameras=[Camera(**camera) for camera in describe(settings)])


def restart(services: Services) -> str:
    """Let recognition start anew with the changed file; returns when the change counts, in words."""
    if services.live is None:
        return "The settings file is changed; it counts from the next start of recognition."
    services.live.restart()
    return "The settings file is changed; recognition starts anew with it now, which takes some seconds."
