"""One picture of a camera, taken in a process of its own, for those who are about to add it.

    python -m recognizer.app.test_picture       < the camera's settings as JSON       > JPEG

What hangs or crashes in a decoder costs the web process nothing. A failure is one line on standard error.
"""

from __future__ import annotations

import json
import subprocess
import sys

from recognizer.app.sections import Camera
from recognizer.children import clean_environment, protect_this_process, python_command
from recognizer.errors import RecognizerError, SourceError

PATIENCE_S = 9.0
"""A request may take ten seconds."""


def take_picture(camera: Camera, name: str) -> bytes:
    """Return the first picture of a camera as JPEG, neither turned nor cut.

    Args:
        camera: where it is.
        name: what messages call it.

    Raises:
        SourceError: if it gives none in ``PATIENCE_S``.
    """
    request = {**camera.model_dump(mode="json", include=_NEEDED), "name": name}
    try:
        done = subprocess.run(  # noqa: S603 - ourselves
            python_command("-m", "recognizer.app.test_picture"),
            input=json.dumps(request).encode(),
            capture_output=True,
            env=clean_environment(),
            timeout=PATIENCE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SourceError(f"{name}: no picture came in {PATIENCE_S:g} s.") from None
    if done.returncode or not done.stdout:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise SourceError(lines[-1] if lines and done.returncode == SourceError.exit_code else f"{name}: no picture.")
    return done.stdout


_NEEDED = {"location", "transport", "password_env", "password_file"}


def main() -> int:
    """Take the picture of the camera on standard input."""
    from loguru import logger

    from recognizer.app import build
    from recognizer.capture.live import LiveSource
    from recognizer.capture.sources import open_source
    from recognizer.emit.live_pictures import encode_jpeg

    logger.remove()
    request = json.load(sys.stdin)
    name = request.pop("name")
    try:
        source = open_source(request["location"], build.options_of(Camera(**request), name))
        if not isinstance(source, LiveSource):
            raise SourceError(f"{name}: wanted the address of a camera.")
        picture = encode_jpeg(source.first().image)
    except RecognizerError as error:
        print(error, file=sys.stderr)
        return SourceError.exit_code
    sys.stdout.buffer.write(picture)
    return 0


if __name__ == "__main__":
    protect_this_process()
    sys.exit(main())
