"""Prepare what the service's processes share: read the settings file, and become their parent."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NoReturn

from recognizer.app import config
from recognizer.app.settings_file import SettingsFile
from recognizer.children import become_python
from recognizer.errors import UsageError
from recognizer.runtime import streams
from recognizer.runtime.control import private_socket

FILE_NAME = "site.yaml"


def settings_file(given: Path | None, gallery: Path | None) -> SettingsFile:
    """Return the settings file: the one that was given, else ``site.yaml`` in the service's folder, made when needed.

    Args:
        given: file of ``--config``.
        gallery: folder of ``--gallery``; the service's folder lies beside it.
    """
    if given is not None:
        return SettingsFile(given)
    settings = config.load(None, {"gallery": {"folder": gallery}})
    return SettingsFile(settings.service_folder / FILE_NAME)


def become_service(arguments: list[str]) -> NoReturn:
    """Become the light process that starts recognition and the web process.

    Args:
        arguments: of ``serve``, for both.

    Raises:
        UsageError: if there is no private folder for their sockets.
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix="recognizer-"))
    except OSError as error:
        raise UsageError(f"The service needs a private folder: {error.strerror}; set TMPDIR.") from None
    private_socket(folder, "recognition")
    streams.finish()
    become_python("-m", "recognizer.runtime.service", str(folder), "--", *arguments)
