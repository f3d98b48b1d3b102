"""Real-time face recognition on video.

    capture -> detect -> track -> align -> embed -> match -> decide -> emit

A frame comes in from ``capture``; ``detect`` finds faces in it when it is time to look and ``track`` follows them in
between; ``align`` cuts the faces that are asked for out of the full frame and ``embed`` turns them into vectors;
``match`` finds the nearest enrolled person, ``decide`` gathers the evidence of each track and says who it is, and
``emit`` tells: on a screen, in a video file, in a log. ``pipeline`` is that sentence in code; ``runner`` puts it on
threads; ``build`` makes all the parts from a configuration.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__all__ = ["FaceRecognizer", "__version__"]
__version__ = "0.2.0"

if TYPE_CHECKING:
    from recognizer.api import FaceRecognizer
else:

    def __getattr__(name: str) -> object:
        """Load ``FaceRecognizer`` when it is first used: ``import recognizer`` loads nothing heavy."""
        if name == "FaceRecognizer":
            return importlib.import_module("recognizer.api").FaceRecognizer
        raise AttributeError(f"module 'recognizer' has no attribute {name!r}")
