"""The recogniser of the web process: models, detector and the gallery's index, for pictures that clients send."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from loguru import logger

from recognizer.app import build, enrolment, photos
from recognizer.app.config import Settings
from recognizer.app.results import LIMITS, Box, IdentifiedFace, Verification, identified_faces
from recognizer.app.unfinished import recover
from recognizer.capture.guarded.parent import Picture
from recognizer.errors import GalleryError, ImageError, one_picture
from recognizer.gallery.enrol import Enroller, measure
from recognizer.gallery.folder import RECORD_FOLDER, Stamp
from recognizer.gallery.records import Enrolled, Finding, Measurement
from recognizer.gallery.schema import RECORD_FILE
from recognizer.gallery.store import load_enrolled
from recognizer.match.exact_index import people_of
from recognizer.models.resolve import ResolvedModel
from recognizer.pipeline import Pipeline
from recognizer.quality import shortfalls
from recognizer.serve.errors import ServiceError, from_domain
from recognizer.types import F32


@dataclass(frozen=True, slots=True)
class Candidate:
    """An enrolled person, and how alike a face is to them."""

    name: str
    similarity: float
    """Cosine to the nearest photo, in [-1, 1]."""


@dataclass(frozen=True, slots=True)
class Identified:
    """A face, who it is, and who else is near."""

    face: IdentifiedFace
    candidates: tuple[Candidate, ...]
    """The nearest people, the nearest first."""


class Recogniser:
    """What ``Inference`` loads and runs; used by its one thread only.

    New photos of the gallery are enrolled when it is made, as ``run`` does.

    Args:
        settings: which model, engine and gallery.
        announce: log how many people there are; the recognition process does so, too.

    Raises:
        ModelError: if the model cannot be found or run.
    """

    def __init__(self, settings: Settings, *, announce: bool = True) -> None:
        self.settings = settings
        self.resolved: ResolvedModel = build.model(settings)
        self.enroller: Enroller = enrolment.make_enroller(settings, self.resolved)
        self._pipeline: Pipeline | None = None
        self._enrolled: Enrolled | None = None
        self._consents = build.consents(settings)
        self._state: object = None
        recover(settings)
        if enrolment.has_anybody(settings.gallery.folder):
            try:
                enrolment.sync(settings, self.resolved, enroller=lambda: self.enroller, announce=announce)
            except GalleryError as error:  # it can be mended by the service, so the service starts
                logger.warning("{}", error)

    @property
    def model(self) -> str:
        """Fingerprint of the embedding model."""
        return self.resolved.fingerprint

    def measure(self, picture: Picture, field: str) -> tuple[Measurement, Box]:
        """Find and measure the most prominent face of a picture.

        Returns:
            The measurement, and the face's box in pixels of the picture as it was sent.

        Raises:
            ServiceError: 422 ``face_not_found``, ``face_too_small`` or ``too_many_faces``.
        """
        try:
            with one_picture(field, "it cannot be searched for faces", "export it again, or send another"):
                found = measure(picture.image, detector=self.enroller.detector, embedder=self.enroller.embedder)
        except ImageError as error:
            raise from_domain(error) from error
        if found.face is None:
            least = self.settings.detect.min_face_px
            raise ServiceError(
                422, "face_not_found", f"{field}: no face was found; wanted one, at least {least:.0f} px wide."
            )
        for missed in shortfalls(found.face.quality, LIMITS):
            if missed.is_unusable and missed.part == Finding.TOO_SMALL.value:
                raise ServiceError(422, "face_too_small", f"{field}: {missed.text}.")
        x1, y1, x2, y2 = (side * picture.factor for side in found.face.box)
        return found, (x1, y1, x2, y2)

    def compare(self, first: Measurement, second: Measurement) -> Verification:
        """Decide whether two measured faces are one person's."""
        return photos.compare(first, second, settings=self.settings, resolved=self.resolved)

    def identify(self, picture: Picture, field: str, *, limit: int) -> list[Identified]:
        """Name the faces of a picture, the most prominent first, each with the ``limit`` nearest people.

        Raises:
            ServiceError: 409 ``nobody_enrolled``; 422 ``too_many_faces``.
            FingerprintError: if the gallery was enrolled with another model.
            ConfigError: if no thresholds were measured for the model.
        """
        pipeline, enrolled = self._current_gallery()
        try:
            with one_picture(field, "it cannot be searched for faces", "export it again, or send another"):
                named = photos.identify_picture(pipeline, picture.image, field, picture.factor)
        except ImageError as error:
            raise from_domain(error) from error
        cut = self.enroller.embedder.spec.crop
        faces = identified_faces(named.result, named.faces, photos.align_reported(named.result, cut))
        samples = named.result.samples
        vectors = dict(zip(samples.ids.tolist(), samples.vectors, strict=True))
        people, first_rows, _ = people_of(enrolled)
        ids = named.result.tracks.ids.tolist()
        return [
            Identified(face, _nearest(vectors.get(number), enrolled, people, first_rows, limit))
            for number, face in zip(ids, faces, strict=True)
        ]

    def reload(self) -> None:
        """Read gallery and rejections again before the next picture, though the gallery's record is unchanged."""
        self._state = None

    def _current_gallery(self) -> tuple[Pipeline, Enrolled]:
        folder = self.settings.gallery.folder
        try:
            state = _state_of(folder)
            if self._enrolled is None or state != self._state or self._consents.is_due():
                self._consents = build.consents(self.settings)
                enrolled = load_enrolled(folder)
                enrolled.require(self.model)
                self._enrolled = self._consents.permitted(enrolled)
                self._use(self._enrolled)
                self._state = state
        except (OSError, GalleryError) as error:
            if isinstance(error, GalleryError) and type(error) is not GalleryError:
                raise
            raise ServiceError(
                409, "nobody_enrolled", "Nobody is enrolled yet; add a person with POST /v1/people."
            ) from error
        assert self._pipeline is not None  # noqa: S101 - made by _use
        return self._pipeline, self._enrolled

    def _use(self, enrolled: Enrolled) -> None:
        """Let the pipeline search these people."""
        if self._pipeline is None:
            embed = self.settings.embed.model_copy(update={"flip": True})  # steadier, and there is time
            self._pipeline = build.photo_pipeline(self.settings.model_copy(update={"embed": embed}), self.resolved)
            return
        rejected = build.rejections(self.settings, enrolled.model)
        index = build.gallery_index(self.settings, enrolled, rejected)
        wanted = build.thresholds(self.settings, self.resolved, enrolled=len(enrolled))
        self._pipeline.replace_gallery(index, frozenset(enrolled.names), wanted)


def _state_of(folder: Path) -> object:
    """What is equal as long as nobody was enrolled, removed or renamed, and no consent was written."""
    with os.scandir(folder) as entries:
        people = sorted((entry.name, entry.stat().st_mtime_ns) for entry in entries if entry.is_dir())
    return Stamp.of(folder / RECORD_FOLDER / RECORD_FILE), people


def _nearest(
    vector: F32 | None, enrolled: Enrolled, people: tuple[str, ...], first_rows: np.ndarray, limit: int
) -> tuple[Candidate, ...]:
    if vector is None or not len(enrolled):
        return ()
    best = np.maximum.reduceat(enrolled.vectors @ vector, first_rows)
    order = np.argsort(-best, kind="stable")[:limit]
    return tuple(Candidate(people[place], float(best[place])) for place in order)
