"""Open a camera in a process of its own: what hangs or crashes in a decoder costs this one nothing.

A program that is started so reads the camera's settings from standard input with ``requested``, and says what is wrong
in one line on standard error with the exit status of ``SourceError``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

from recognizer.app.sections import Camera
from recognizer.children import clean_environment, protect_this_process, python_command
from recognizer.errors import RecognizerError, SourceError


def ask(module: str, camera: Camera, name: str, *, patience_s: float) -> bytes:
    """Start a program that opens a camera, and return what it writes to standard output.

    Args:
        module: the program.
        camera: where it is.
        name: what messages call it.
        patience_s: after which it is killed.

    Raises:
        SourceError: if it fails, with its own words, or takes too long.
    """
    request = {"camera": camera.model_dump(mode="json", exclude_none=True), "name": name}
    try:
        done = subprocess.run(  # noqa: S603 - ourselves
            python_command("-m", module),
            input=json.dumps(request).encode(),
            capture_output=True,
            env=clean_environment(),
            timeout=patience_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SourceError(f"{name}: no picture came in {patience_s:g} s.") from None
    if done.returncode or not done.stdout:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise SourceError(lines[-1] if lines and done.returncode == SourceError.exit_code else f"{name}: no picture.")
    return done.stdout


def answer(look: Callable[[Camera, str], bytes]) -> int:
    """Be such a program; returns the exit status.

    Args:
        look: takes the camera and its name, and returns what goes to standard output.
    """
    from loguru import logger

    protect_this_process()
    logger.remove()
    request = json.load(sys.stdin)
    try:
        found = look(Camera(**request["camera"]), request["name"])
    except RecognizerError as error:
        print(error, file=sys.stderr)
        return SourceError.exit_code
    sys.stdout.buffer.write(found)
    return 0
