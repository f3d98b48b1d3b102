"""What routes get: settings, the recogniser, the history, the recognition process, jobs.

A route asks for them by the types at the end: ``async def people(services: ServicesDep, history: HistoryDep)``.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, cast

from fastapi import Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from recognizer.app.config import Settings
from recognizer.app.history import read_history
from recognizer.app.settings_file import SettingsFile
from recognizer.history.database import Database
from recognizer.serve.access.attempts import LoginAttempts
from recognizer.serve.access.scopes import Principal, principal
from recognizer.serve.access.store import AccessStore
from recognizer.serve.errors import ServiceError
from recognizer.serve.figures import WebFigures
from recognizer.serve.fleet.feed import GalleryFeed
from recognizer.serve.fleet.store import FleetStore
from recognizer.serve.inference import Inference
from recognizer.serve.jobs import Jobs
from recognizer.serve.recogniser import Recogniser
from recognizer.serve.recognition import Recognition


@dataclass(frozen=True, kw_only=True)
class Services:
    """Everything that one application holds."""

    settings: Settings
    access: AccessStore
    inference: Inference[Recogniser]
    jobs: Jobs = field(default_factory=Jobs)
    live: Recognition | None = None
    """The connection to the recognition process; ``None`` with ``--api-only``."""
    settings_file: SettingsFile | None = None
    """The YAML file that the page changes; ``None``: nothing can be changed."""
    log: Collection[str] = ()
    """The newest lines of this process's log."""
    figures: WebFigures = field(default_factory=WebFigures)
    attempts: LoginAttempts = field(default_factory=LoginAttempts)

    @cached_property
    def fleet(self) -> FleetStore:
        """The boxes, and what changed for them; made when they are first needed."""
        return FleetStore(self.settings.service_folder)

    @cached_property
    def feed(self) -> GalleryFeed:
        """The changes of the gallery."""
        return GalleryFeed(self.fleet, lambda: self.settings)

    async def current_settings(self) -> Settings:
        """Read the settings file as it is now; the settings of the start where there is no file.

        Raises:
            ConfigError: if the file cannot be read or is not valid.
        """
        return self.settings if self.settings_file is None else await run_in_threadpool(self.settings_file.read)

    def close(self) -> None:
        """End the threads and close the files."""
        self.jobs.close()
        self.inference.close()
        if "fleet" in self.__dict__:
            self.fleet.close()
        self.access.close()


def services(request: Request) -> Services:
    """Return the application's ``Services``."""
    return cast(Services, request.app.state.services)


def settings(request: Request) -> Settings:
    """Return the settings of the start, with what the file says now of how long the history keeps what."""
    current = services(request)
    file = current.settings_file
    return current.settings if file is None else file.with_retention(current.settings)


def recognizer(request: Request) -> Inference[Recogniser]:
    """Return the queue of the recogniser: ``await recognizer.run(lambda loaded: ..., client=who.key)``."""
    return services(request).inference


def jobs(request: Request) -> Jobs:
    """Return the long work."""
    return services(request).jobs


def require_attempt(services: Services, request: Request) -> str:
    """Make sure that the client may try a code or a token; returns its address, under which failures count.

    Raises:
        ServiceError: 429 ``too_many_requests`` after five failures in a minute.
    """
    address = request.client.host if request.client else ""
    if wait_s := services.attempts.wait_s(address):
        raise ServiceError(
            429,
            "too_many_requests",
            f"Too many failed attempts; try again in {wait_s:.0f} s.",
            headers={"retry-after": str(math.ceil(wait_s))},
        )
    return address


def require_history(settings: Settings) -> None:
    """Make sure that a history is kept.

    Raises:
        ServiceError: 404 ``history_off`` where there is none.
    """
    if not settings.has_history:
        raise ServiceError(
            404, "history_off", "Nothing that was seen is kept; switch it on with 'history: {enabled: true}'."
        )


def database(request: Request) -> Iterator[Database]:
    """Open the history for one request.

    Raises:
        ServiceError: 404 ``history_off`` where there is none.
        HistoryError: if it cannot be opened.
    """
    current = settings(request)
    require_history(current)
    history = read_history(current)
    try:
        yield history
    finally:
        history.close()


def live(request: Request) -> Recognition:
    """Return the connection to the recognition process.

    Raises:
        ServiceError: 404 ``recognition_off`` with ``--api-only``.
    """
    found = services(request).live
    if found is None:
        raise ServiceError(404, "recognition_off", "No camera is recognised here: the service runs with --api-only.")
    return found


def settings_file(request: Request) -> SettingsFile:
    """Return the file in which settings are changed.

    Raises:
        ServiceError: 409 ``no_settings_file``.
    """
    found = services(request).settings_file
    if found is None:
        raise ServiceError(409, "no_settings_file", "Settings are changed in a file; start with --config FILE.")
    return found


ServicesDep = Annotated[Services, Depends(services)]
SettingsDep = Annotated[Settings, Depends(settings)]
RecognizerDep = Annotated[Inference[Recogniser], Depends(recognizer)]
JobsDep = Annotated[Jobs, Depends(jobs)]
HistoryDep = Annotated[Database, Depends(database)]
LiveDep = Annotated[Recognition, Depends(live)]
SettingsFileDep = Annotated[SettingsFile, Depends(settings_file)]
PrincipalDep = Annotated[Principal, Depends(principal)]
