"""One picture of a camera, taken in a process of its own, for those who are about to add it.

python -m recognizer.app.test_picture       < the camera's settings as JSON       > JPEG
"""

from __future__ import annotations

import sys

from recognizer.app import camera_child
from recognizer.app.sections import Camera
from recognizer.errors import SourceError

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
    needed = Camera(**camera.model_dump(include=_NEEDED))
    return camera_child.ask(__name__, needed, name, patience_s=PATIENCE_S)


_NEEDED = {"location", "transport", "password_env", "password_file"}


def _first_picture(camera: Camera, name: str) -> bytes:
    from recognizer.app import build
    from recognizer.capture.live import LiveSource
    from recognizer.capture.sources import open_source
    from recognizer.emit.live_pictures import encode_jpeg

    source = open_source(camera.location, build.options_of(camera, name))
    if not isinstance(source, LiveSource):
        raise SourceError(f"{name}: wanted the address of a camera.")
    return encode_jpeg(source.first().image)


if __name__ == "__main__":
    sys.exit(camera_child.answer(_first_picture))
