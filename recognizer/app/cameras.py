"""The cameras of a settings file: named, described without passwords, added, changed and removed."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from recognizer.app import build
from recognizer.app.config import Settings
from recognizer.app.kept_secret import keep_secret
from recognizer.app.sections import Camera
from recognizer.app.settings_file import SettingsFile
from recognizer.capture.address import split_credentials, with_credentials
from recognizer.capture.ip_address import IPAddress, ip_address, is_never_a_host
from recognizer.capture.names import display_name
from recognizer.errors import UsageError

SCHEMES = ("rtsp", "rtsps", "http", "https")
"""Nobody may name a file or a device over the network."""
_LONGEST_ADDRESS = 1000
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
            options: ``name`` and ``address``; ``user``, ``password``, ``rotate_deg``, ``mirror``, ``region``.

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
            shown = display_name(settings.cameras[row].location)
            self._apply(section, {**options, "address": None} if options.get("address") == shown else options)

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
            UsageError: as ``change``; a password that is given stands in the returned address.
        """
        if camera_id is None:
            camera = Camera(location="")
        else:
            settings = self._file.read()
            camera = settings.cameras[_row_of(settings, camera_id)]
        address, location = options.get("address"), camera.location
        is_new = address is not None and address != display_name(location)
        user, password, bare = split_credentials(checked_address(str(address)) if is_new else location)
        user, password = str(options.get("user") or user), options.get("password") or password
        changes: dict[str, Any] = {"location": with_credentials(bare, user, password)}
        if is_new or password:
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
        user, password = options.get("user"), options.get("password")
        if (address := options.get("address")) is not None:
            own_user, own_password, bare = split_credentials(checked_address(str(address)))
            section["location"] = with_credentials(bare, str(user or own_user))
            password = password or own_password
            for key in ("password_env", "password_file"):
                section.pop(key, None)
        elif user or password:
            own_user, own_password, bare = split_credentials(str(section["location"]))
            section["location"] = with_credentials(bare, str(user or own_user))
            password = password or own_password
        if password:
            if not split_credentials(str(section["location"]))[0]:
                raise UsageError("A password needs the name of its user, too.")
            section.pop("password_env", None)
            section["password_file"] = str(self._keep_password(str(password)))
        for key in _PLAIN:
            if (value := options.get(key)) is not None:
                section[key] = _flow(value) if isinstance(value, list | tuple) else value

    def _keep_password(self, password: str) -> Path:
        """Write a password to a new file."""
        path = keep_secret(self._passwords, password, what="password")
        self._written.append(path)
        return path

    def _require_free(self, name: str) -> None:
        if name in camera_ids(self._file.read()):
            raise UsageError(f"There is a camera called {name!r} already; take another name.")


def checked_address(address: str) -> str:
    """Return an address that may be set over the network; looks up its host, so call it on a thread.

    Raises:
        UsageError: if it is no rtsp(s) or http(s) address, holds a variable, or is link-local, as the metadata services
            of clouds are.
    """
    address = address.strip()
    scheme = address.partition("://")[0].lower()
    if scheme not in SCHEMES or "://" not in address:
        raise UsageError(f"address: wanted one that begins with {', '.join(f'{each}://' for each in SCHEMES)}.")
    if len(address) > _LONGEST_ADDRESS or not address.isprintable() or " " in address:
        raise UsageError(f"address: wanted at most {_LONGEST_ADDRESS} printable characters without spaces.")
    if "${" in address:
        raise UsageError("address: variables are replaced in the settings file only; write the address out.")
    try:
        parts = urlsplit(split_credentials(address)[2])
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host:
        raise UsageError("address: wanted rtsp://HOST/PATH, got one without a host.")
    if any(map(is_never_a_host, _addresses(host, port))):
        raise UsageError("address: link-local and multicast addresses are refused.")
    return address


def _addresses(host: str, port: int | None) -> list[IPAddress]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # it may be there later
        return []
    return [ip_address(str(entry[4][0])) for entry in found]


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


def _flow(value: Any) -> CommentedSeq:
    made = CommentedSeq(value)
    made.fa.set_flow_style()
    return made
