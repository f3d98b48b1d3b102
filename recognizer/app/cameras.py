"""The cameras of a settings file: named, described without passwords, added, changed and removed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from recognizer.app import build
from recognizer.app.camera_addresses import Addresses, changed_addresses
from recognizer.app.config import Settings
from recognizer.app.kept_secret import keep_secret
from recognizer.app.sections import Camera
from recognizer.app.settings_file import SettingsFile, drop, put
from recognizer.capture.address import split_credentials, with_credentials
from recognizer.capture.names import display_name
from recognizer.errors import UsageError

_PLAIN = ("rotate_deg", "mirror", "region", "analysis_rate")
"""Settings of a camera that are written as they come."""


class NoSuchCameraError(UsageError):
    """There is no camera of this name."""


def with_names(settings: Settings) -> Settings:
    """Name the network cameras that have no name ``camera 1`` and so on, as the service shows no addresses."""
    if not has_cameras(settings):
        return settings
    named = [
        camera.model_copy(update={"name": f"camera {number}"})
        if camera.name is None and "://" in camera.location
        else camera
        for number, camera in enumerate(settings.cameras, 1)
    ]
    if settings.sources:
        return settings.model_copy(update={"sources": tuple(named)})
    return settings.model_copy(update={"source": named[0]})


def has_cameras(settings: Settings) -> bool:
    """Whether the settings name a source; the first webcam, their default, is not meant by saying nothing."""
    return bool(settings.sources) or "source" in settings.model_fields_set


def camera_ids(settings: Settings) -> list[str]:
    """Return the name of each camera under which the service knows it."""
    return build.source_names(with_names(settings)) if has_cameras(settings) else []


def describe(settings: Settings) -> list[dict[str, Any]]:
    """Describe the cameras for those who may change them; addresses without user and password."""
    if not has_cameras(settings):
        return []
    pairs = zip(camera_ids(settings), settings.cameras, strict=True)
    return [_described(name, camera) for name, camera in pairs]


def _described(name: str, camera: Camera) -> dict[str, Any]:
    user, password, _ = split_credentials(camera.location) if "://" in camera.location else ("", None, "")
    has_password = password is not None or camera.password_env is not None or camera.password_file is not None
    return {
        "id": name,
        "name": name,
        "address": display_name(camera.location),
        "detect_address": display_name(camera.detect_location) if camera.detect_location else None,
        "has_user": bool(user),
        "has_password": has_password,
        "rotate_deg": camera.rotate_deg,
        "mirror": camera.mirror,
        "region": list(camera.region),
        "analysis_rate": camera.analysis_rate,
    }


class CameraSettings:
    """Changes the cameras of a settings file.

    Args:
        file: the settings file.
        passwords: folder of files with one password each, for their owner only; the settings file holds none.
    """

    def __init__(self, file: SettingsFile, passwords: Path) -> None:
        self._file = file
        self._passwords = passwords
        self._written: list[Path] = []
        """Passwords of a change that is not in the settings file yet."""

    def add(self, options: Mapping[str, Any]) -> Settings:
        """Add a camera.

        Args:
            options: ``name`` and ``address``; ``detect_address``, ``user``, ``password``, ``rotate_deg``, ``mirror``,
                ``region``.

        Raises:
            UsageError: if the address is none that may be added, or the name is taken.
            ConfigError: if a value is not valid or the file cannot be written.
        """
        name = str(options["name"])
        section = CommentedMap({"location": "", "name": name})

        def edit(values: Any) -> None:
            self._require_free(name)
            self._apply(section, options)
            _as_list(values).append(section)

        return self._change(edit)

    def change(self, camera_id: str, options: Mapping[str, Any]) -> Settings:
        """Change a camera; what is not given, and an address as ``describe`` shows it, stays.

        An empty ``detect_address`` takes the small stream away, and so does another ``address`` without one.

        Raises:
            NoSuchCameraError: if there is none of this name.
            UsageError, ConfigError: as ``add``.
        """

        def edit(values: Any) -> None:
            settings = self._file.read()  # here, where nobody else changes it
            row = _row_of(settings, camera_id)
            if (name := options.get("name")) is not None and name != camera_id:
                self._require_free(name)
            section = _as_list(values)[row]
            if not isinstance(section, dict):
                section = CommentedMap({"location": section})
                _as_list(values)[row] = section
            self._apply(section, options)

        return self._change(edit)

    def remove(self, camera_id: str) -> Settings:
        """Remove a camera, and its password.

        Raises:
            NoSuchCameraError: if there is none of this name.
            ConfigError: if the file cannot be written.
        """

        def edit(values: Any) -> None:
            row = _row_of(self._file.read(), camera_id)
            if "sources" not in values:
                del values["source"]
                return
            del values["sources"][row]
            if not values["sources"]:
                del values["sources"]

        return self._change(edit)

    def complete(self, options: Mapping[str, Any], camera_id: str | None = None) -> Camera:
        """Return the camera that a change would make, to be tried before it is saved; nothing is written.

        Raises:
            UsageError: as ``change``; a password that is given stands in the returned addresses.
        """
        if camera_id is None:
            camera = Camera(location="")
        else:
            settings = self._file.read()
            camera = settings.cameras[_row_of(settings, camera_id)]
        has_kept = camera.password_env is not None or camera.password_file is not None
        new = changed_addresses(camera.location, camera.detect_location, options, has_kept=has_kept)
        changes: dict[str, Any] = {"location": _filled(new.location, new), "detect_location": None}
        if new.detect_location is not None:
            changes["detect_location"] = _filled(new.detect_location, new)
        if not new.keeps_password:
            changes |= {"password_file": None, "password_env": None}
        return camera.model_copy(update=changes)

    def _change(self, edit: Callable[[Any], None]) -> Settings:
        """Change the file, and remove the passwords that are not, or no longer, named in it."""
        kept, used = list[Path | None](), set[Path | None]()

        def edit_known(values: Any) -> None:
            kept.extend(camera.password_file for camera in self._file.read().cameras)
            used.update(kept)
            edit(values)

        try:
            changed = self._file.change(edit_known)
            used = {camera.password_file for camera in changed.cameras}
        finally:
            for file in {*kept, *self._written} - used:
                if file is not None and file.parent == self._passwords.absolute():
                    file.unlink(missing_ok=True)
        return changed

    def _apply(self, section: Any, options: Mapping[str, Any]) -> None:
        if (name := options.get("name")) is not None:
            section["name"] = name
        old = str(
            section.get("location", Camera.model_fields["location"].default)
        )  # the section "source" may have none
        old_second = section.get("detect_location")
        has_kept = "password_env" in section or "password_file" in section
        new = changed_addresses(old, old_second, options, has_kept=has_kept)
        if new.location != old:
            section["location"] = new.location
        if not new.keeps_password:
            for key in ("password_env", "password_file"):
                drop(section, key)
        if new.password:
            put(section, "password_file", str(self._keep_password(new.password)))
        if new.detect_location is None:
            drop(section, "detect_location")
        elif new.detect_location != old_second:
            put(section, "detect_location", new.detect_location)
        for key in _PLAIN:
            if (value := options.get(key)) is not None:
                put(section, key, _flow(value) if isinstance(value, list | tuple) else value)

    def _keep_password(self, password: str) -> Path:
        """Write a password to a new file."""
        path = keep_secret(self._passwords, password, what="password")
        self._written.append(path)
        return path

    def _require_free(self, name: str) -> None:
        if name in camera_ids(self._file.read()):
            raise UsageError(f"There is a camera called {name!r} already; take another name.")


def _row_of(settings: Settings, camera_id: str) -> int:
    ids = camera_ids(settings)
    if camera_id not in ids:
        raise NoSuchCameraError("There is no such camera in the settings file.")
    return ids.index(camera_id)


def _as_list(values: Any) -> Any:
    """The list of sources; a single ``source`` becomes the first of it."""
    if not values.get("sources"):
        first = values.pop("source", None)
        values["sources"] = CommentedSeq() if first is None else CommentedSeq([first])
    return values["sources"]


def _filled(address: str, addresses: Addresses) -> str:
    """An address with the password that was given; one that is kept is read when the camera is opened."""
    user, _, bare = split_credentials(address)
    return with_credentials(bare, user, addresses.password) if addresses.password else address


def _flow(value: Any) -> CommentedSeq:
    made = CommentedSeq(value)
    made.fa.set_flow_style()
    return made
