"""What the routes of people do with the gallery: by the same code as the command line, under the same lock."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from recognizer import geometry
from recognizer.app import photos
from recognizer.app.enrolment import reason
from recognizer.app.images import as_photo
from recognizer.app.results import Box
from recognizer.capture.guarded.parent import Picture
from recognizer.capture.pictures import PICTURE_SUFFIXES, ending_of
from recognizer.errors import GalleryError, RecognizerError
from recognizer.gallery.enrol import PhotoReport
from recognizer.gallery.folder import RECORD_FOLDER, PhotoFile, scan
from recognizer.gallery.intake import NewPhoto, add_photos
from recognizer.gallery.lock import WriterLock
from recognizer.gallery.names import person_name, sameness
from recognizer.gallery.records import Finding, PersonRecord
from recognizer.gallery.schema import RECORD_FILE
from recognizer.gallery.store import Gallery
from recognizer.quality import QualityLimits
from recognizer.serve.errors import ServiceError, from_domain
from recognizer.serve.models.people import AcceptedPhoto, PhotosAdded, RejectedPhoto
from recognizer.serve.recogniser import Recogniser
from recognizer.serve.uploads import decoded
from recognizer.types import F32

_SURE = QualityLimits().wanted_score
"""Score from which a second detection counts as a face: of the friends clip's non-faces 5 % have more."""
_SAME_BOX = 0.3
"""Overlap (intersection over union) from which a box that the client sends means a face that was found."""
_MARGIN = 0.6
"""Of a face's sides, kept around it when it is cut out: alignment and the search for it need surroundings."""
_CODES = {
    Finding.UNREADABLE: "invalid_image",
    Finding.NO_FACE: "face_not_found",
    Finding.SEVERAL_FACES: "multiple_faces",
    Finding.TOO_SMALL: "face_too_small",
}


class Upload(NamedTuple):
    """One photo of an upload."""

    data: bytes
    box: Box | None
    """Of the face to take, where the client says it."""


@dataclass(slots=True)
class _Taken:
    """What one upload has led to so far."""

    files: dict[int, str]
    """Name in the person's folder, by place in the upload."""
    written: list[Path]
    rejected: list[RejectedPhoto]


class Intake:
    """Puts the photos of one upload into the gallery, some at a time, so that other requests come in between.

    Its methods but the constructor run in the thread of ``Inference``.

    Args:
        folder: the gallery.
        name: of the person; a new one is made.
        uploads: the photos.
        is_new: nobody may have the name yet.

    Raises:
        ServiceError: 422 ``invalid_name``.
    """

    def __init__(self, folder: Path, name: str, uploads: list[Upload], *, is_new: bool) -> None:
        self._folder = folder
        self._is_new = is_new
        self._name = valid_name(name)
        self._uploads = uploads
        self._taken = _Taken({}, [], [])

    def take(self, loaded: Recogniser, first: int, last: int) -> None:
        """Check some of the photos, and enrol those that have one face.

        Raises:
            GalleryBusyError: if the gallery is being changed just now.
            ServiceError: 409 ``person_exists``; 404 ``person_not_found`` if they were deleted meanwhile.
        """
        if self._is_new and first == 0:
            require_free(self._folder, self._name)  # here, as another request may have taken it meanwhile
        new: list[tuple[int, NewPhoto]] = []
        for index in range(first, min(last, len(self._uploads))):
            try:
                new.append((index, _checked(loaded, self._uploads[index], f"photos[{index}]")))
            except ServiceError as error:
                rejected = {"index": index, "code": error.code, "reason": error.message, "boxes": error.details}
                self._taken.rejected.append(RejectedPhoto.model_validate(rejected))
        if not new:
            return
        if self._is_new and not self._taken.written:
            added = add_photos(self._folder, self._name, [photo for _, photo in new])
        else:  # nobody can delete the person in between
            with WriterLock(self._folder / RECORD_FOLDER, purpose="adding photos"):
                self._require_there()
                added = add_photos(self._folder, self._name, [photo for _, photo in new])
        self._taken.written += added.written
        self._taken.files |= dict(zip((index for index, _ in new), added.files, strict=True))
        loaded.enroller.enrol(self._folder)

    def finish(self, loaded: Recogniser) -> PhotosAdded:
        """Remove the photos that were refused, and say what came of each.

        Raises:
            ServiceError: 404 ``person_not_found`` if they were deleted meanwhile.
        """
        if self._taken.written:
            self._require_there()
        reports: dict[str, PhotoReport] = {}
        if self._taken.files:
            found = loaded.enroller.enrol(self._folder)  # nothing is new: all photos are reviewed together
            reports = {each.file: each for each in found.photos if sameness(each.person) == sameness(self._name)}
        accepted, refused = [], set()
        for index, file in sorted(self._taken.files.items()):
            report = reports.get(file)
            if report is not None and report.accepted:
                accepted.append(AcceptedPhoto(index=index, file=file, notes=[note.text for note in report.notes]))
                continue
            refused.add(file)
            code = _code(report)
            text = reason(report) if report is not None else "it is gone"
            self._taken.rejected.append(RejectedPhoto(index=index, code=code, reason=text))
        self._remove(loaded, {path for path in self._taken.written if path.name in refused})
        people = {sameness(each.name): each.folder for each in people_of(self._folder)[0]}
        return PhotosAdded(
            person_id=people.get(sameness(self._name), self._name),
            accepted=accepted,
            rejected=sorted(self._taken.rejected, key=lambda each: each.index),
        )

    def undo(self, loaded: Recogniser) -> None:
        """Remove everything that was written."""
        self._remove(loaded, set(self._taken.written))

    def _require_there(self) -> None:
        people = scan(self._folder, suffixes=frozenset()).people
        if not any(sameness(name) == sameness(self._name) for name in people):
            raise ServiceError(404, "person_not_found", f"{self._name} was deleted meanwhile; nothing was added.")

    def _remove(self, loaded: Recogniser, paths: set[Path]) -> None:
        for path in paths:
            path.unlink(missing_ok=True)
        for folder in {path.parent for path in paths}:
            with suppress(OSError):
                folder.rmdir()  # of a new person without a photo; another's is not empty
        if paths:
            with suppress(RecognizerError):  # an empty gallery
                loaded.enroller.enrol(self._folder)


def valid_name(name: str) -> str:
    """Return a name as it is stored.

    Raises:
        ServiceError: 422 ``invalid_name``.
    """
    try:
        return person_name(name)
    except GalleryError as error:
        raise ServiceError(422, "invalid_name", str(error)) from error


def require_free(folder: Path, name: str) -> None:
    """Make sure that nobody has a name.

    Raises:
        ServiceError: 409 ``person_exists``.
    """
    if any(sameness(each.name) == sameness(name) for each in people_of(folder)[0]):
        raise ServiceError(409, "person_exists", "Somebody has this name; add photos to them, or take another name.")


def people_of(folder: Path) -> tuple[tuple[PersonRecord, ...], str | None, str | None]:
    """Return everybody in the record, the model, and when they changed; nobody where there is no record yet."""
    if not (folder / RECORD_FOLDER / RECORD_FILE).exists():
        return (), None, None
    with Gallery(folder) as gallery:
        return gallery.people(), gallery.model, gallery.changed_at


def person_of(folder: Path, person_id: str) -> PersonRecord:
    """Return the person whose folder has this name.

    Raises:
        ServiceError: 404 ``person_not_found``.
    """
    for person in people_of(folder)[0]:
        if person.folder == person_id:
            return person
    raise ServiceError(404, "person_not_found", "Nobody has this id; GET /v1/people lists everybody.")


def photo_of(folder: Path, person: PersonRecord, file: str) -> PhotoFile:
    """Return a photo that stands in the person's folder; the name is compared with what is there, never opened.

    Raises:
        ServiceError: 404 ``photo_not_found``.
    """
    for photo in scan(folder, suffixes=PICTURE_SUFFIXES).photos:
        if photo.folder == person.folder and photo.file == file:
            return photo
    raise ServiceError(404, "photo_not_found", "This person has no such photo.")


def _code(report: PhotoReport | None) -> str:
    """The code of what a photo was refused for: the last finding, which refused it."""
    if report is None or not report.notes:
        return "refused"
    finding = report.notes[-1].finding
    return _CODES.get(finding, finding.value)


def _checked(loaded: Recogniser, upload: Upload, field: str) -> NewPhoto:
    """Decode a photo, require one face or take the one that was chosen, and make it a file for the gallery."""
    picture = decoded(upload.data, field)
    cut = loaded.enroller.embedder.spec.crop
    try:
        found, _ = photos.find_faces(picture.image, picture.factor, detector=loaded.enroller.detector, cut=cut)
    except RecognizerError as error:
        raise from_domain(error) from error
    if upload.box is not None:
        return as_photo(_cut_out(picture, found.boxes, upload.box, field))
    sure = found[found.scores >= _SURE]
    if len(sure) > 1:
        raise ServiceError(
            422,
            "multiple_faces",
            f"{field}: shows {len(sure)} faces; send the box of the one to take in 'boxes', or cut the photo.",
            details=[tuple(box) for box in sure.boxes.tolist()],
        )
    name = f"{hashlib.sha256(upload.data).hexdigest()[:12]}{ending_of(upload.data)}"  # not what the client calls it
    return NewPhoto(upload.data, name)


def _cut_out(picture: Picture, boxes: F32, wanted: Box, field: str) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Cut the chosen face out with its surroundings, but without the middle of any other face."""
    overlap = geometry.iou(np.array([wanted], np.float32), boxes)[0] if len(boxes) else np.zeros(0, np.float32)
    if not len(overlap) or overlap.max() < _SAME_BOX:
        raise ServiceError(422, "face_not_found", f"{field}: there is no face in the box that was sent.")
    row = int(overlap.argmax())
    x1, y1, x2, y2 = boxes[row] / picture.factor
    dx, dy = _MARGIN * (x2 - x1), _MARGIN * (y2 - y1)
    height, width = picture.image.shape[:2]
    left, top = int(max(0, x1 - dx)), int(max(0, y1 - dy))
    right, bottom = int(min(width, x2 + dx)), int(min(height, y2 + dy))
    cut = picture.image[top:bottom, left:right].copy()
    for other in np.delete(boxes, row, axis=0) / picture.factor:  # a second face would be as prominent
        ox1, oy1, ox2, oy2 = (other - (left, top, left, top)).astype(int)
        keep = (int(x1) - left, int(y1) - top, int(x2) - left, int(y2) - top)
        _grey(cut, (max(0, ox1), max(0, oy1), max(0, ox2), max(0, oy2)), keep)
    return cut


def _grey(image: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], box: tuple[int, ...], keep: tuple[int, ...]) -> None:
    """Paint another face grey, but nothing of the face that is kept."""
    kept = image[keep[1] : keep[3], keep[0] : keep[2]].copy()
    cv2.rectangle(image, (box[0], box[1]), (box[2], box[3]), (127, 127, 127), cv2.FILLED)
    image[keep[1] : keep[1] + kept.shape[0], keep[0] : keep[0] + kept.shape[1]] = kept
