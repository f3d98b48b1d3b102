"""Enrol a folder of photos in the record.

    scan -> measure what is new -> review everything together -> commit_enrolment

Only pictures whose content is new are processed. Whatever interrupts an enrolment, the people enrolled stay those of
the last complete one (`recognizer.gallery.store`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from recognizer import geometry
from recognizer.errors import FingerprintError, GalleryError, ImageError, one_picture
from recognizer.gallery.folder import RECORD_FOLDER, Content, PhotoFile, Scan, Skipped, Stamp, content, scan
from recognizer.gallery.landmark_spread import cover_notes, landmark_passes, landmark_spread
from recognizer.gallery.limits import Limits
from recognizer.gallery.photo_vector import cut_notes, photo_vector
from recognizer.gallery.records import Finding, MeasuredFace, Measurement, Note, ReviewedPhoto, other_model
from recognizer.gallery.review import Candidate, review
from recognizer.gallery.schema import RECORD_FILE
from recognizer.gallery.store import Gallery
from recognizer.gallery.unstored import UnstoredMeasurements
from recognizer.gallery.upkeep import clear_buried, discard_unusable_record
from recognizer.gallery.upright import boxes_before, turn_upright
from recognizer.protocols import Detector, Embedder
from recognizer.types import F32, U8, FaceDetections, FaceQuality

SEVERAL_FROM = 200
"""New photos from which several processes are worth starting: each loads the models for some 3 s, 80 photos' time."""
_CHANGING = Measurement((Note(Finding.UNREADABLE, "was changed while it was being read; enrol again"),))


@dataclass(frozen=True, slots=True, eq=False)
class PhotoReport:
    """Result of enrolment for one photo."""

    person: str
    file: str
    accepted: bool
    notes: tuple[Note, ...]
    processed: bool
    """False when the content was known from an earlier run."""
    quality: FaceQuality | None
    """``None`` when there is no face to speak of."""


@dataclass(frozen=True, slots=True, eq=False)
class EnrolReport:
    """Result of an enrolment."""

    folder: Path
    model: str
    photos: tuple[PhotoReport, ...]
    skipped: tuple[Skipped, ...]
    people: tuple[str, ...]
    """Who is enrolled now."""
    without_photo: tuple[str, ...]
    """Who has a folder and no usable photo: they will not be recognised."""
    forgotten: tuple[str, ...]
    """Who was in the record and has no folder any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enroller:
    """Brings the record of a gallery in line with its folder."""

    detector: Detector
    embedder: Embedder
    read: Callable[[Path], U8]
    """Reads a picture as (H, W, 3) uint8 BGR; raises ``ImageError``."""
    suffixes: AbstractSet[str]
    """Lower-case endings of the files that ``read`` can read."""
    limits: Limits = field(default_factory=Limits)
    measure_each: Callable[[Sequence[tuple[Path, Content]]], Iterator[tuple[Measurement, bool]]] | None = None
    """Does the work of ``measured`` for many photos, in order, in several processes; without it one does it."""

    def enrol(
        self,
        folder: Path,
        *,
        reembed: bool = False,
        rebuild: bool = False,
        on_photo: Callable[[int, int, str], None] = lambda done, total, name: None,
        may_forget: Callable[[tuple[str, ...]], bool] = lambda names: True,
    ) -> EnrolReport:
        """Sync the record to the folder.

        Args:
            folder: The gallery.
            reembed: Replace another model's vectors by this one's.
            rebuild: Measure every photo again; a record that cannot be used is deleted first.
            on_photo: Called before each new photo with how many are done, how many there are, and which is next.
            may_forget: Called with the people who have no folder any more; False leaves everything as it was.

        Raises:
            GalleryError: if the gallery is missing or holds no photo, or its record cannot be read or written.
            GalleryBusyError: if another process is changing the gallery.
            FingerprintError: if the record is another model's and ``reembed`` is false.
        """
        _require_photos(folder, scan(folder, suffixes=self.suffixes))
        if rebuild:
            discard_unusable_record(folder)
        with Gallery(folder, write=True, purpose="enroll") as gallery:
            clear_buried(folder)
            found = scan(folder, suffixes=self.suffixes)  # again: now nobody else changes it
            self._require_model(gallery, reembed=reembed or rebuild)
            forgotten = tuple(sorted({person.name for person in gallery.people()} - found.people.keys()))
            if forgotten and not may_forget(forgotten):
                raise GalleryError("Nothing was changed.")
            contents = _contents(found.photos, gallery)
            fresh, passing = self._measure(gallery, found.photos, contents, trust_record=not rebuild, on_photo=on_photo)
            return self._commit(gallery, found, contents, fresh, passing, forgotten)

    def _require_model(self, gallery: Gallery, *, reembed: bool) -> None:
        built_with, model = gallery.model, self.embedder.model
        if built_with not in (None, model) and gallery.measurements(built_with or "") and not reembed:
            raise FingerprintError(other_model(gallery.folder, built_with=built_with or "", in_use=model))

    def _measure(
        self,
        gallery: Gallery,
        photos: Sequence[PhotoFile],
        contents: Sequence[Content | Measurement],
        *,
        trust_record: bool,
        on_photo: Callable[[int, int, str], None],
    ) -> tuple[set[bytes], dict[bytes, Measurement]]:
        """Measure every picture whose content the record does not know.

        Returns:
            Content digests of the pictures measured, and the measurements that are not stored, by digest: of pictures
            that could not be read for a reason that may pass.
        """
        passing: dict[bytes, Measurement] = {}
        known = gallery.measured(self.embedder.model) if trust_record else set()
        todo: dict[bytes, tuple[PhotoFile, Content]] = {}
        for photo, what in zip(photos, contents, strict=True):
            if isinstance(what, Content) and what.sha256 not in known:
                todo.setdefault(what.sha256, (photo, what))
        photos_of = list(todo.values())
        measure_each = self.measure_each if len(todo) >= SEVERAL_FROM and self.measure_each else self._in_turn
        with UnstoredMeasurements(gallery, self.embedder.model) as unstored:
            measured = measure_each([(photo.path, what) for photo, what in photos_of])
            for done, (photo, what) in enumerate(photos_of):
                on_photo(done, len(todo), f"{photo.person}/{photo.file}")
                measurement, lasting = next(measured)
                if lasting:
                    unstored.add(what.sha256, measurement)
                else:
                    passing[what.sha256] = measurement
        on_photo(len(todo), len(todo), "")
        return set(todo), passing

    def _in_turn(self, photos: Sequence[tuple[Path, Content]]) -> Iterator[tuple[Measurement, bool]]:
        return (self.measured(*photo) for photo in photos)

    def measured(self, path: Path, what: Content) -> tuple[Measurement, bool]:
        """Measure a photo; also return whether the result lasts, or came from a fault of memory or disk."""
        try:
            with one_picture(path, "it cannot be read", "copy or export it again"):
                image = self.read(path)
        except ImageError as error:
            return _unreadable(error), _is_damage(error) and _is_unchanged(path, what.stamp)
        if not _is_unchanged(path, what.stamp):
            return _CHANGING, False
        try:
            with one_picture(path, "it cannot be searched for faces", "export it again, or take another photo"):
                return measure(image, detector=self.detector, embedder=self.embedder), True
        except ImageError as error:
            return _unreadable(error), False

    def _commit(
        self,
        gallery: Gallery,
        found: Scan,
        contents: Sequence[Content | Measurement],
        fresh: set[bytes],
        passing: dict[bytes, Measurement],
        forgotten: tuple[str, ...],
    ) -> EnrolReport:
        measurements = gallery.measurements(self.embedder.model) | passing
        candidates = []
        for photo, what in zip(found.photos, contents, strict=True):
            sha256 = what.sha256 if isinstance(what, Content) else None
            measurement = measurements.get(what.sha256, _CHANGING) if isinstance(what, Content) else what
            candidates.append(Candidate(photo.person, photo.file, sha256, measurement))
        reviewed, reports = [], []
        for candidate, what, result in zip(candidates, contents, review(candidates, self.limits), strict=True):
            person, file, face = candidate.person, candidate.file, candidate.measurement.face
            kept = what if isinstance(what, Content) else None
            reviewed.append(ReviewedPhoto(person, file, kept, result.accepted, result.notes))
            processed = kept is not None and kept.sha256 in fresh
            quality = face.quality if face else None
            reports.append(PhotoReport(person, file, result.accepted, result.notes, processed, quality))
        gallery.commit_enrolment(reviewed, people=found.people, model=self.embedder.model)
        enrolled = {report.person for report in reports if report.accepted}
        return EnrolReport(
            folder=gallery.folder,
            model=self.embedder.model,
            photos=tuple(reports),
            skipped=found.skipped,
            people=tuple(sorted(enrolled)),
            without_photo=tuple(sorted(found.people.keys() - enrolled)),
            forgotten=forgotten,
        )


def _require_photos(folder: Path, found: Scan) -> None:
    """Refuse a gallery without photos and record; with a record, people may have to be forgotten."""
    if found.photos or (folder / RECORD_FOLDER / RECORD_FILE).exists():
        return
    skipped = "".join(f" {item.where}: {item.reason}." for item in found.skipped[:3])
    raise GalleryError(
        f"The gallery {folder} holds no photo. Make one folder per person, named like the person, "
        f'and put photos into it: "{folder}/Ada Lovelace/1.jpg".{skipped}'
    )


def _unreadable(error: ImageError) -> Measurement:
    return Measurement((Note(Finding.UNREADABLE, f"cannot be read: {error}"),))


def _is_damage(error: ImageError) -> bool:
    """Whether the content is damaged: errors of the system have a number, errors of decoders have none."""
    cause = error.__cause__
    return not (isinstance(cause, MemoryError) or (isinstance(cause, OSError) and cause.errno is not None))


def _is_unchanged(path: Path, stamp: Stamp) -> bool:
    try:
        return Stamp.of(path) == stamp
    except OSError:
        return False


def _contents(photos: Sequence[PhotoFile], gallery: Gallery) -> list[Content | Measurement]:
    """Read the digest of each file; for one that cannot be opened, a measurement with the reason."""
    known = {(photo.person, photo.file): photo.content for photo in gallery.photos()}
    contents: list[Content | Measurement] = []
    for photo in photos:
        try:
            contents.append(content(photo.path, known.get((photo.person, photo.file))))
        except OSError as error:
            contents.append(Measurement((Note(Finding.UNREADABLE, f"cannot be read: {error.strerror}"),)))
    return contents


def measure(image: U8, *, detector: Detector, embedder: Embedder) -> Measurement:
    """Detect the most prominent face of a photo, and measure its quality and vector.

    Args:
        image: (H, W, 3) uint8 BGR.
        detector: Finds the faces.
        embedder: Embeds the one that is taken, and its mirror image.
    """
    height, width = image.shape[:2]
    found = turn_upright(image, detector)
    image, faces = found.image, found.faces
    if len(faces) == 0:
        return Measurement((Note(Finding.NO_FACE, f"no face found in {width} x {height} px"),))
    sizes = np.sqrt(geometry.area(faces.boxes))
    sides = np.array(image.shape[1::-1], np.float32)
    offset = np.abs(geometry.centres(faces.boxes) / sides - 0.5).max(axis=1)
    prominence = sizes * (1 - offset)
    order = np.argsort(-prominence, kind="stable")
    face = faces[order[:1]]
    notes = _several(faces[order], prominence[order], int(sides[0])) if len(faces) > 1 else ()
    if found.turned_deg:
        notes = (*notes, Note(Finding.TURNED, f"was turned by {found.turned_deg} degrees to be upright"))
    cut = photo_vector(image, face, embedder)
    spread = landmark_spread(landmark_passes(image, face, detector))
    notes = (*notes, *cut_notes(cut.outside, cut.agreement), *cover_notes(spread))
    x1, y1, x2, y2 = boxes_before(found, width, height).boxes[order[0]].tolist()
    _, jpeg = cv2.imencode(".jpg", cut.aligned.crops[0, :, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])
    return Measurement(notes, MeasuredFace((x1, y1, x2, y2), cut.aligned.quality, cut.vector, jpeg.tobytes()))


def _several(faces: FaceDetections, prominence: F32, width: int) -> tuple[Note, ...]:
    """Note which of several faces, most prominent first, was taken."""
    place = ("left", "middle", "right")[min(2, max(0, int(3 * geometry.centres(faces.boxes)[0, 0] / width)))]
    side = float(faces.boxes[0, 2] - faces.boxes[0, 0])
    text = f"{len(faces)} faces; the most prominent was taken ({place}, {side:.0f} px wide)"
    if prominence[1] > 0.7 * prominence[0]:
        text += "; another is nearly as prominent, cut the photo to be sure"
    return (Note(Finding.SEVERAL_FACES, text),)
