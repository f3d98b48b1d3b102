"""The recogniser of the web process: models, detector and the gallery's index, for pictures that clients send."""

from __future__ import annotations

from recognizer.app import build, enrolment
from recognizer.app.config import Settings
from recognizer.gallery.enrol import Enroller
from recognizer.models.resolve import ResolvedModel


class Recogniser:
    """What ``Inference`` loads and runs; used by its one thread only.

    Args:
        settings: which model, engine and gallery.

    Raises:
        ModelError: if the model cannot be found or run.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.resolved: ResolvedModel = build.model(settings)
        self.enroller: Enroller = enrolment.make_enroller(settings, self.resolved)

    @property
    def model(self) -> str:
        """Fingerprint of the embedding model."""
        return self.resolved.fingerprint
