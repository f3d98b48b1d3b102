"""Real-time face recognition on video.

    capture -> detect -> track -> align -> embed -> match -> decide -> emit

``capture`` reads frames. ``detect`` finds faces when a detection is due, and ``track`` follows them in between.
``align`` cuts the faces to sample out of the full frame, and ``embed`` turns them into vectors. ``match`` finds the
nearest enrolled person. ``decide`` gathers the evidence of each track and names it. ``emit`` shows and writes the
results. ``pipeline`` runs these stages on one frame, ``runtime`` puts them on threads, and ``app.build`` makes them
from settings.
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
