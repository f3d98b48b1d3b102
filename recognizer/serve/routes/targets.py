"""What gets events: MQTT and webhooks of the settings file; list, try, add, remove."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool

from recognizer.app.config import Settings
from recognizer.app.settings_file import SettingsFile
from recognizer.app.targets import NoSuchTargetError, WebhookSettings, describe_targets, try_target
from recognizer.serve.access.scopes import require
from recognizer.serve.dependencies import Services, ServicesDep, SettingsFileDep
from recognizer.serve.errors import ServiceError
from recognizer.serve.models.targets import (
    NewWebhook,
    TargetAnswer,
    TargetsAnswer,
    TargetsChanged,
    TargetTest,
    WebhookAdded,
)
from recognizer.serve.routes.cameras import restart

router = APIRouter(prefix="/v1/settings/targets", tags=["settings"], dependencies=[Depends(require("admin"))])
_one_test = asyncio.Semaphore(1)


@router.get("")
async def list_targets(services: ServicesDep) -> TargetsAnswer:
    """List what gets events, without secrets."""
    return TargetsAnswer(
        targets=_described(await services.current_settings()), can_change=services.settings_file is not None
    )


@router.post("", status_code=201)
async def add_webhook(wanted: NewWebhook, services: ServicesDep, file: SettingsFileDep) -> WebhookAdded:
    """Add a webhook with a new secret, which is in this answer only. Recognition starts anew with it."""
    settings, made, secret = await run_in_threadpool(
        lambda: _webhooks(services, file).add(wanted.address, kinds=wanted.kinds, allow_private=wanted.allow_private)
    )
    return WebhookAdded(id=made, secret=secret, applies=restart(services), targets=_described(settings))


@router.post("/{target_id}/test")
async def try_out(target_id: str, services: ServicesDep) -> TargetTest:
    """Send a test message, once, and say whether it arrived; by the settings file as it is now."""
    if _one_test.locked():
        raise ServiceError(503, "busy", "Another target is being tried.", headers={"retry-after": "5"})
    async with _one_test:
        settings = await services.current_settings()
        try:
            problem = await run_in_threadpool(try_target, settings, target_id)
        except NoSuchTargetError as error:
            raise ServiceError(404, "target_not_found", str(error)) from None
    return TargetTest(delivered=problem is None, message=problem or "The receiver took the test message.")


@router.delete("/{target_id}")
async def remove_webhook(target_id: str, services: ServicesDep, file: SettingsFileDep) -> TargetsChanged:
    """Remove a webhook and its secret. Recognition starts anew without it."""
    try:
        settings = await run_in_threadpool(_webhooks(services, file).remove, target_id)
    except NoSuchTargetError as error:
        raise ServiceError(404, "target_not_found", str(error)) from None
    return TargetsChanged(applies=restart(services), targets=_described(settings))


def _webhooks(services: Services, file: SettingsFile) -> WebhookSettings:
    return WebhookSettings(file, services.settings.service_folder / "secrets")


def _described(settings: Settings) -> list[TargetAnswer]:
    return [TargetAnswer(**asdict(each), can_remove=each.kind == "webhook") for each in describe_targets(settings)]
