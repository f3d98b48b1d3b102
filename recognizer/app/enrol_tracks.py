"""Enrol a person from the pictures that the history kept of them: offer the best ones, add those that are accepted."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from recognizer.app import build, enrolment
from recognizer.app.config import Settings
from recognizer.app.results import Enrolment
from recognizer.app.unfinished import announced
from recognizer.counting import counted
from recognizer.errors import HistoryError, RecognizerError
from recognizer.gallery.choice import choose
from recognizer.gallery.enrol import Enroller, measure
from recognizer.gallery.folder import RECORD_FOLDER, folder_of, make_gallery, scan
from recognizer.gallery.intake import NewPhoto
from recognizer.gallery.names import sameness
from recognizer.gallery.records import Enrolled, Finding, Measurement, Note
from recognizer.gallery.schema import RECORD_FILE
from recognizer.gallery.store import load_enrolled
from recognizer.history import actions
from recognizer.history.actions import Change
from recognizer.history.crops import HINT, Crop, best_crops_of_tracks
from recognizer.history.database import Database
from recognizer.history.naming import tracks_of_cluster, tracks_of_person
from recognizer.models.resolve import ResolvedModel

WANTED = 5
"""Photos of a person: FNIR falls from one to three, and hardly beyond five (``docs/measurements.md``)."""
_MEASURED = 30
"""Crops that are detected and embedded; a tenth of a second each."""
_UNREADABLE = Measurement((Note(Finding.UNREADABLE, "cannot be read"),))


@dataclass(frozen=True, slots=True)
class OfferedCrop:
    """One kept picture, and whether it would be enrolled."""

    crop: Crop
    name: str
    """File name of the photo."""
    chosen: bool
    reason: str
    """Why not; empty for a chosen one."""
    measurement: Measurement

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON, without the picture."""
        face = self.measurement.face
        return {
            "photo": self.name,
            "track": self.crop.track_id,
            "at": self.crop.at.isoformat(timespec="seconds"),
            "chosen": self.chosen,
            "reason": self.reason,
            "quality": None if face is None else face.quality.as_dict(),
        }


@dataclass(frozen=True, slots=True)
class Offer:
    """What could be enrolled of a person."""

    person: str
    tracks: int
    crops: tuple[OfferedCrop, ...]
    """The best of each track first; those that were not measured are missing."""

    @property
    def chosen(self) -> tuple[OfferedCrop, ...]:
        """Return those that would be enrolled."""
        return tuple(crop for crop in self.crops if crop.chosen)


def offer(
    settings: Settings,
    resolved: ResolvedModel,
    history: Database,
    enroller: Enroller,
    *,
    cluster: int | None = None,
    person: str | None = None,
    count: int = WANTED,
) -> Offer:
    """Choose the good, different crops of a named cluster, or of a person, that confuse nobody; writes nothing.

    Args:
        settings: which gallery, and whether consent is required.
        resolved: the embedding model.
        history: with crops.
        enroller: measures the crops.
        cluster: a cluster that was named.
        person: in place of ``cluster``.
        count: most crops.

    Raises:
        GalleryError: if the person's consent is missing where it is required, or does not hold any more.
        FingerprintError: if the gallery was enrolled with another model.
        HistoryError: if there is no such cluster or person, the cluster has no name, or no crop was kept.
    """
    if cluster is not None:
        name, track_ids = tracks_of_cluster(history, cluster)
    else:
        name, track_ids = str(person), tracks_of_person(history, str(person))
    name = _as_enrolled(settings.gallery.folder, name)
    build.consents(settings).require(name)
    crops = best_crops_of_tracks(history, track_ids, count=_MEASURED)
    if not crops:
        raise HistoryError(f"No picture was kept of the {len(track_ids)} tracks of {name}. {HINT}")
    enrolled = _enrolled(settings.gallery.folder, resolved)
    measured = [_measured(crop, enroller) for crop in crops]
    choices = choose(
        measured,
        name,
        enrolled,
        limits=enroller.limits,
        confusable=build.confusable(settings, resolved),
        count=count,
    )
    rows = zip(crops, _names(crops), choices, measured, strict=True)
    return Offer(
        name, len(track_ids), tuple(OfferedCrop(crop, file, v.chosen, v.reason, m) for crop, file, v, m in rows)
    )


def accept(settings: Settings, history: Database, enroller: Enroller, offered: Offer) -> tuple[int, Enrolment]:
    """Write the chosen crops into the gallery as photos and enrol them, as one action of the history.

    Returns:
        The action's id, and what enrolment made of the photos.

    Raises:
        GalleryBusyError: if another process is changing the gallery.
        GalleryError: if nothing was chosen, or none of the photos can be used; the gallery is as before then.
        HistoryError: if the action cannot be recorded; the photos are taken back then.
    """
    folder = settings.gallery.folder
    build.consents(settings).require(offered.person)
    if not offered.chosen:
        raise HistoryError(f"There is no crop of {offered.person} to enrol.")
    make_gallery(folder)
    photos = [NewPhoto(crop.crop.jpeg, crop.name) for crop in offered.chosen]
    own, what = folder_of(folder, offered.person), f"enrolment of {offered.person} from the history"
    with announced(history, folder, what, to=own, added=[photo.data for photo in photos]) as token:
        return _accept(folder, history, enroller, offered, photos, token)


def _accept(
    folder: Path, history: Database, enroller: Enroller, offered: Offer, photos: list[NewPhoto], token: str
) -> tuple[int, Enrolment]:
    before = _files(folder, offered.person)
    done = enrolment.add_person(enroller, folder, offered.person, photos)
    added = sorted(_files(folder, offered.person).items() - before.items())
    try:
        changes = [Change("gallery", 0, file, None, digest) for file, digest in added]
        what = f"enrol {counted(len(done.accepted), 'crop')} of {offered.person}"
        with history.writing() as connection:
            action = actions.record(connection, "enrol", what, changes, person=offered.person, announced=token)
    except BaseException:
        for file, _ in added:
            (folder / file).unlink(missing_ok=True)
        with suppress(OSError):
            folder_of(folder, offered.person).rmdir()
        with suppress(RecognizerError):
            enroller.enrol(folder)
        raise
    return action, done


def _as_enrolled(gallery: Path, name: str) -> str:
    """Return a name as the gallery has it: its photos go into that folder, whose consent counts."""
    people = scan(gallery, suffixes=frozenset()).people if gallery.is_dir() else {}
    return next((known for known in people if sameness(known) == sameness(name)), name)


def _enrolled(folder: Path, resolved: ResolvedModel) -> Enrolled:
    if not (folder / RECORD_FOLDER / RECORD_FILE).exists():
        return Enrolled((), (), np.zeros((0, resolved.spec.dimension), np.float32), resolved.fingerprint, str(folder))
    enrolled = load_enrolled(folder, may_be_empty=True)
    enrolled.require(resolved.fingerprint)
    return enrolled


def _measured(crop: Crop, enroller: Enroller) -> Measurement:
    image = cv2.imdecode(np.frombuffer(crop.jpeg, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        return _UNREADABLE
    return measure(np.asarray(image, np.uint8), detector=enroller.detector, embedder=enroller.embedder)


def _names(crops: Sequence[Crop]) -> list[str]:
    """Name the photos by their time and track, so that an owner sees where they come from."""
    return [f"{crop.at:%Y-%m-%d_%H%M%S}{crop.at.microsecond // 1000:03}_track{crop.track_id}.jpg" for crop in crops]


def _files(folder: Path, person: str) -> dict[str, str]:
    """Return the files of a person's folder, ``person/file``, and the SHA-256 of each."""
    own = folder_of(folder, person)
    return {
        f"{own.name}/{path.name}": hashlib.sha256(path.read_bytes()).hexdigest()
        for path in own.glob("*")
        if path.is_file() and not path.name.startswith(".")
    }
