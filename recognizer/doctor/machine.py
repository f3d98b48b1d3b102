"""Check the machine: memory limit, disk, clock, and who may read and write which files."""

from __future__ import annotations

import ctypes
import os
import shutil
import stat
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from recognizer import addresses
from recognizer.app import outputs
from recognizer.app.config import Settings
from recognizer.capture.address import split_credentials
from recognizer.doctor.finding import Finding, State
from recognizer.models.cache import Cache

FULL_BYTES = 100_000_000
"""Free space below which a disk counts as full: one converted model takes up to 300 MB (chosen, not measured)."""
SCARCE_BYTES = 1_000_000_000
"""Free space below which to warn: a busy camera's history with crops takes that in weeks (chosen, not measured)."""
_EARLIEST_S = 1_764_000_000
"""End of November 2025: a clock before it was never set."""
_UNSYNCHRONISED = 5
"""TIME_ERROR of adjtimex(2)."""
_FUTURE_S = 120.0
"""A file that much newer than now was written before the clock was set back."""


def check_memory() -> Iterator[Finding]:
    """Check the limit of this process's addresses."""
    if (problem := addresses.too_few()) is not None:
        yield Finding("memory", "ulimit -v", State.BROKEN, problem)
    elif (note := addresses.scarce()) is not None:
        yield Finding("memory", "ulimit -v", State.WARNING, note)
    else:
        yield Finding("memory", "ulimit -v", State.OK, "no limit that would harm")


def places_of(settings: Settings) -> dict[str, Path]:
    """Return the folders that a run writes to, by what they hold."""
    emit = settings.emit
    places = {"gallery": settings.gallery.folder, "cache": Cache().folder}
    if settings.history.enabled and isinstance(place := settings.history_place, Path):
        places["history"] = place
    if emit.events and emit.events != "-":
        places["events"] = Path(emit.events).parent
    if emit.video is not None:
        places["video"] = emit.video.parent
    if emit.summary is not None:
        places["summary"] = emit.summary.parent
    if settings.health.file is not None:
        places["health"] = settings.health.file.parent
    if settings.mqtt.host is not None or settings.webhooks or settings.notify.rules:
        places["integrations"] = settings.integrations.place(settings.gallery.folder)
    return places


def check_disks(places: Mapping[str, Path]) -> Iterator[Finding]:
    """Check the free space of each disk that is written to.

    Args:
        places: folders, by what they hold; they need not exist.
    """
    disks: dict[int, tuple[Path, list[str]]] = {}
    for what, folder in places.items():
        there = existing(folder)
        disks.setdefault(there.stat().st_dev, (there, []))[1].append(what)
    for folder, held in disks.values():
        free = shutil.disk_usage(folder).free
        message = f"{free / 1e9:.1f} GB free for {', '.join(held)}"
        remedy = f"Free space on the disk of {folder}, or move what is written there by the settings."
        if free < SCARCE_BYTES:
            state = State.BROKEN if free < FULL_BYTES else State.WARNING
            yield Finding("disk", str(folder), state, message, remedy)
        else:
            yield Finding("disk", str(folder), State.OK, message)


def check_clock(places: Mapping[str, Path], *, now_s: float | None = None) -> Iterator[Finding]:
    """Check that the clock was set, does not run behind what was written, and follows a time server.

    Args:
        places: folders that a run writes to.
        now_s: seconds since 1970; ``None``: now.
    """
    now = time.time() if now_s is None else now_s
    shown = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now)) + " UTC"
    remedy = "Set the clock, and let it follow a time server: timedatectl set-ntp true."
    newest = max((_changed_at(folder) for folder in places.values()), default=0.0)
    if now < _EARLIEST_S:
        yield Finding("clock", "time of day", State.BROKEN, f"it is {shown}, so the clock was never set", remedy)
    elif newest > now + _FUTURE_S:
        ahead = f"it is {shown}, and files of earlier runs are {newest - now:.0f} s newer"
        yield Finding("clock", "time of day", State.WARNING, ahead, remedy)
    elif _is_unsynchronised():
        yield Finding("clock", "time of day", State.WARNING, f"it is {shown}; no time server corrects it", remedy)
    else:
        yield Finding("clock", "time of day", State.OK, shown)


def check_permissions(settings: Settings, file: Path | None) -> Iterator[Finding]:
    """Check that secrets are their owner's, and that all outputs can be written.

    Args:
        settings: of the run.
        file: they were read from; ``None`` without one.
    """
    secrets: dict[Path, str] = {}
    for path, what in _secrets(settings, file):
        secrets.setdefault(path, what)  # several may share a file
    found = [finding for path, what in secrets.items() if (finding := _secret_finding(path, what))]
    yield from found
    outputs.require_places(settings)
    for what, folder in places_of(settings).items():
        there = existing(folder)
        if not os.access(there, os.W_OK | os.X_OK):
            state = State.WARNING if what == "gallery" else State.BROKEN
            found.append(
                Finding(
                    "permissions",
                    what,
                    state,
                    f"{there} cannot be written by this user",
                    f"chown {_user()} {there}, or run as the user who owns it.",
                )
            )
            yield found[-1]
    if not found:
        yield Finding("permissions", "files", State.OK, "outputs can be written; secrets are their owner's only")


def existing(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that is there."""
    folder = folder.absolute()
    return next((each for each in (folder, *folder.parents) if each.is_dir()), Path(folder.anchor))


def _secrets(settings: Settings, file: Path | None) -> Iterator[tuple[Path, str]]:
    """The files that hold secrets, and what of."""
    addresses_ = [place for camera in settings.cameras for place in (camera.location, camera.detect_location) if place]
    addresses_ += [hook.address.get_secret_value() for hook in settings.webhooks]
    if settings.history.address is not None:
        addresses_.append(settings.history.address.get_secret_value())
    passwords = [split_credentials(each)[1] for each in addresses_ if "://" in each]
    passwords += [target.address.get_secret_value() for target in settings.notify.targets if target.address]
    if file is not None and any(password and "${" not in password for password in passwords):
        yield file, "settings with a password in an address"
    for camera in settings.cameras:
        if camera.password_file is not None:
            yield camera.password_file, "a camera's password"
    if settings.mqtt.password_file is not None:
        yield settings.mqtt.password_file, "the broker's password"
    for hook in settings.webhooks:
        for each in (hook.secret_file, hook.old_secret_file):
            if each is not None:
                yield each, "a webhook's secret"
    for target in settings.notify.targets:
        if target.address_file is not None:
            yield target.address_file, f"the address of {target.name}"
    if settings.history.key_file is not None:
        yield settings.history.key_file, "the history's key"
    if settings.serve.tls_key is not None:
        yield settings.serve.tls_key, "the TLS key"


def _secret_finding(path: Path, what: str) -> Finding | None:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        words = (error.strerror or "error").lower()
        return Finding(
            "permissions", str(path), State.BROKEN, f"{what}: {words}", "Write the file, or correct its name."
        )
    if not os.access(path, os.R_OK):
        return Finding(
            "permissions", str(path), State.BROKEN, f"{what}: this user may not read it", f"chown {_user()} {path}"
        )
    if mode & (stat.S_IRWXG | stat.S_IRWXO) and sys.platform != "win32":
        return Finding("permissions", str(path), State.WARNING, f"{what}: other users can read it", f"chmod 600 {path}")
    return None


def _user() -> str:
    return os.environ.get("USER") or (str(os.getuid()) if hasattr(os, "getuid") else "USER")


def _changed_at(folder: Path) -> float:
    """When anything directly in a folder was changed last, seconds since 1970; 0 where nothing is."""
    try:
        return max((entry.stat(follow_symlinks=False).st_mtime for entry in os.scandir(folder)), default=0.0)
    except OSError:
        return 0.0


def _is_unsynchronised() -> bool:
    """Whether the kernel says that nothing corrects its clock; False where it does not say."""
    if sys.platform != "linux":
        return False
    try:
        libc = ctypes.CDLL(None)
        answer = ctypes.create_string_buffer(1024)  # struct timex, 208 bytes; modes = 0 only reads
        return bool(libc.adjtimex(answer) == _UNSYNCHRONISED)
    except (OSError, AttributeError):
        return False
