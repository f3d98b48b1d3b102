"""Run the web application: bind, check that the address is protected, print the login link, answer until a signal."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import ssl
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path
from types import FrameType

import uvicorn
from loguru import logger

from recognizer.app.config import Settings
from recognizer.app.kept_log import keep_log
from recognizer.app.settings_file import SettingsFile
from recognizer.errors import ConfigError
from recognizer.serve.access.hosts import is_loopback
from recognizer.serve.access.store import AccessStore
from recognizer.serve.application import make_application
from recognizer.serve.connections import BoundedProtocol
from recognizer.serve.dependencies import Services
from recognizer.serve.inference import Inference
from recognizer.serve.jobs import JobState
from recognizer.serve.recogniser import Recogniser
from recognizer.serve.recognition import Recognition

CONNECTIONS = 512
"""Waiting connections that the system keeps."""
SEND_BYTES = 256 * 1024
"""What the system holds of an answer; Linux would take 4 MB, half a minute of a live picture on a slow line."""
_LEAVES_S = 2.0
"""From a signal to the end; requests have as long."""
_JOB_LEAVES_S = 10.0
"""The same while a job runs, which may be writing a gallery or a history; both bear being killed."""
NICENESS = 10
"""How much more readily the web process gives way than recognition."""


def run_web(
    settings: Settings,
    *,
    say: Callable[[str], None],
    recognition: Recognition | None = None,
    settings_file: SettingsFile | None = None,
    log: Collection[str] = (),
) -> None:
    """Serve until SIGINT or SIGTERM.

    Args:
        settings: section ``serve``: where; the others: with what.
        say: prints a line for the person who started this: the address, and the first login link.
        recognition: the connection to the recognition process; ``None`` without one.
        settings_file: where settings are changed.
        log: the newest lines of this process's log.

    Raises:
        ConfigError: if the address cannot be listened on, is open to others without a token, or TLS is not complete.
    """
    serve = settings.serve
    access = AccessStore(settings.service_folder)
    require_protection(settings, access)
    with listen(serve.host, serve.port) as listener:
        address = base_address(settings, listener.getsockname()[1])
        access.remember_address(address)
        say(f"Listening on {address}; the API is described at {address}/docs")
        if access.is_new():
            say(login_line(access, address))
        services = Services(
            settings=settings,
            access=access,
            inference=Inference(lambda: Recogniser(settings, announce=recognition is None)),
            live=recognition,
            settings_file=settings_file,
            log=log,
        )
        server = _Server(_configuration(services), services)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: None)  # uvicorn raises the signal again once it has ended
        asyncio.run(server.serve(sockets=[listener]))


def check(settings: Settings) -> None:
    """Refuse settings with which the service cannot be started, before any process is.

    Raises:
        ConfigError: as ``run_web``.
    """
    access = AccessStore(settings.service_folder)
    try:
        require_protection(settings, access)
    finally:
        access.close()
    listen(settings.serve.host, settings.serve.port).close()


def run_web_part(settings: Settings, folder: Path, settings_file: SettingsFile, *, say: Callable[[str], None]) -> None:
    """Be the service's web process until a signal comes or the parent ends.

    Args:
        settings: as ``run_web``.
        folder: private folder of the service.
        settings_file: where settings are changed.
        say: as ``run_web``.

    Raises:
        ConfigError: as ``run_web``.
    """
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    run_web(settings, say=say, recognition=Recognition(folder), settings_file=settings_file, log=keep_log())


def require_protection(settings: Settings, access: AccessStore) -> None:
    """Refuse to be reached by others without a token.

    Raises:
        ConfigError: if the address is not this machine's own and there is no token.
    """
    if not is_loopback(settings.serve.host) and not access.tokens():
        raise ConfigError(
            f"serve.host: {settings.serve.host} can be reached from other machines, and there is no token yet. "
            "Make one first: serve token create NAME --scope admin; or listen on 127.0.0.1."
        )


def listen(host: str, port: int) -> socket.socket:
    """Open the port.

    Raises:
        ConfigError: if it is taken, or the address is not this machine's.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        listener = socket.create_server((host, port), family=found[0][0], backlog=CONNECTIONS)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(
            f"serve: {host} port {port} cannot be listened on ({reason}); take another with --port or --host."
        ) from error
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BYTES)  # connections inherit it
    return listener


def base_address(settings: Settings, port: int) -> str:
    """Return the address under which a browser on this machine finds the service."""
    serve = settings.serve
    host = "127.0.0.1" if serve.host == "0.0.0.0" else "[::1]" if serve.host == "::" else serve.host  # noqa: S104
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return f"{'https' if serve.tls_certificate else 'http'}://{host}:{port}"


def login_line(access: AccessStore, address: str) -> str:
    """Make a login link, and say what it is."""
    return f"Log in (once, within 15 minutes): {address}/login#{access.create_login()}"


def _configuration(services: Services) -> uvicorn.Config:
    serve = services.settings.serve
    if (serve.tls_certificate is None) != (serve.tls_key is None):
        raise ConfigError("serve: wanted both tls_certificate and tls_key, got one of them.")
    _forward_logging()
    configuration = uvicorn.Config(
        make_application(services),
        http=BoundedProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=2,
        ssl_certfile=serve.tls_certificate,
        ssl_keyfile=serve.tls_key,
    )
    try:
        configuration.load()
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"serve: the certificate or its key cannot be used ({error}).") from None
    return configuration


class _Server(uvicorn.Server):
    """Ends the streams, which would go on for ever, at the first signal; and itself, where work does not end."""

    def __init__(self, configuration: uvicorn.Config, services: Services) -> None:
        super().__init__(configuration)
        self._services = services
        self._deadline: threading.Thread | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal."""
        if self._services.live is not None:
            self._services.live.closing = True
        if self._deadline is None:
            self._deadline = threading.Thread(target=self._end_late, name="deadline", daemon=True)
            self._deadline.start()
        super().handle_exit(sig, frame)

    def _end_late(self) -> None:
        """End the process: a model that is being loaded, or a step of a job, may take as long as it likes."""
        began = time.monotonic()
        time.sleep(_LEAVES_S)
        while time.monotonic() < began + _JOB_LEAVES_S and self._is_working():
            time.sleep(0.1)
        os._exit(0)

    def _is_working(self) -> bool:
        return any(job.state is JobState.RUNNING for job in self._services.jobs.all())


class _ToLoguru(logging.Handler):
    """Hands uvicorn's warnings to the log of everything else."""

    def emit(self, record: logging.LogRecord) -> None:
        logger.opt(exception=record.exc_info).log(record.levelname, "{}", record.getMessage())


def _forward_logging() -> None:
    for name in ("uvicorn", "uvicorn.error", "asyncio"):
        own = logging.getLogger(name)
        own.handlers, own.propagate = [_ToLoguru()] if name != "uvicorn.error" else [], name == "uvicorn.error"
        own.setLevel(logging.WARNING)
