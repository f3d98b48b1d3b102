"""Run all checks, one after the other, and say what came out."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from recognizer import __version__
from recognizer.app.config import Settings
from recognizer.doctor import cameras, connections, machine, recognition
from recognizer.doctor.camera_probe import probe
from recognizer.doctor.finding import Finding, State, guarded
from recognizer.errors import ConfigError, RecognizerError
from recognizer.models.resolve import ResolvedModel

_TARGETS = "See https://appriseit.com/services/ for addresses."
_DATABASE = "Start the database, or correct history: address, folder and key_file."
_FETCH = "python main.py models list shows what there is; models fetch or models import gets one."


def examine(
    load: Callable[[], Settings], file: Path | None = None, *, probe_one: cameras.Probe = probe
) -> Iterator[Finding]:
    """Check everything that a run with these settings needs; nothing is changed, and nothing is downloaded.

    Args:
        load: reads the settings; may raise ``ConfigError``.
        file: they are read from; ``None`` without one.
        probe_one: watches a camera.
    """
    python = f"recognizer {__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    yield Finding("program", "version", State.OK, python)
    try:
        settings = load()
    except ConfigError as error:
        yield Finding("settings", str(file or "options"), State.BROKEN, str(error), "Correct the settings file.")
        return
    yield Finding("settings", str(file or "defaults"), State.OK, "valid")
    yield from machine.check_memory()
    places = machine.places_of(settings)
    yield from guarded("disk", "all", partial(machine.check_disks, places))
    yield from guarded("clock", "time of day", partial(machine.check_clock, places))
    yield from guarded("permissions", "outputs", partial(machine.check_permissions, settings, file))
    yield from _recognition(settings)
    yield from guarded("camera", "all", partial(cameras.check_cameras, settings, probe_one=probe_one))
    checks: list[tuple[str, str, Callable[[], Iterable[Finding]], str]] = [
        ("database", "history", partial(connections.check_history, settings), _DATABASE),
        ("broker", "mqtt", partial(connections.check_mqtt, settings), ""),
        ("webhook", "all", partial(connections.check_addresses, settings), ""),
    ]
    for number, webhook in enumerate(settings.webhooks, 1):
        checks.append(("webhook", f"webhook {number}", partial(connections.check_webhook, webhook), ""))
    checks.append(("notify", "rules", partial(connections.check_rules, settings), ""))
    for target in settings.notify.targets:
        checks.append(("notify", target.name, partial(connections.check_target, target), _TARGETS))
    checks.append(("port", "all", partial(connections.check_ports, settings), ""))
    for area, subject, check, remedy in checks:
        yield from guarded(area, subject, check, remedy)


def _recognition(settings: Settings) -> Iterator[Finding]:
    resolved: ResolvedModel | None = None
    try:
        resolved, finding = recognition.find_model(settings)
        yield finding
    except RecognizerError as error:
        yield Finding("model", settings.embed.model, State.BROKEN, str(error), _FETCH)
    if resolved is not None:
        yield from guarded(
            "engine", settings.engine.name, partial(recognition.check_recognition, settings, resolved), "Try --engine."
        )
    yield from guarded("gallery", str(settings.gallery.folder), partial(recognition.check_gallery, settings, resolved))
