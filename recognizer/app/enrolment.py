"""Enrol the photos of a gallery folder, with the settings' detector and embedding model."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from loguru import logger

from recognizer.app import build, config
from recognizer.app.results import Enrolment
from recognizer.app.successor import predecessor, take_calibration_over
from recognizer.capture.pictures import PICTURE_SUFFIXES, read_picture
from recognizer.counting import counted
from recognizer.errors import GalleryBusyError, GalleryError, RecognizerError
from recognizer.gallery.enrol import Enroller, EnrolReport, PhotoReport
from recognizer.gallery.folder import RECORD_FOLDER, require_gallery, scan
from recognizer.gallery.intake import NewPhoto, add_photos
from recognizer.gallery.photo_vector import CUTS
from recognizer.gallery.pulled import pulled_from
from recognizer.models.resolve import ResolvedModel

OnPhoto = Callable[[int, int, str], None]
"""Called before each new photo: photos done, photos in all, and the next one as ``person/file``."""


def no_report(done: int, total: int, name: str) -> None:
    """Report no progress."""


def make_enroller(
    settings: config.Settings, resolved: ResolvedModel | None = None, *, lazily: bool = False, many: bool = False
) -> Enroller:
    """Build what measures photos and writes the gallery's record.

    Args:
        settings: which gallery, model and engine.
        resolved: the model, where it was found before.
        lazily: load networks at the first new photo.
        many: compile the network for all crops of a photo at once: .25 s, and 1.7 instead of 2 to 3 ms a crop.
    """
    resolved = resolved or build.model(settings)
    return Enroller(
        detector=build.LazyPhotoDetector(settings) if lazily else build.photo_detector(settings),
        embedder=build.LazyEmbedder(settings, resolved)
        if lazily
        else build.embedder(settings, resolved, batch=CUTS if many else None),
        read=read_picture,
        suffixes=PICTURE_SUFFIXES,
        limits=build.limits(settings, resolved),
    )


def sync(
    settings: config.Settings,
    resolved: ResolvedModel,
    *,
    on_photo: OnPhoto = no_report,
    enroller: Callable[[], Enroller] | None = None,
    announce: bool = True,
) -> EnrolReport | None:
    """Enrol new photos before a run and log what changed.

    Args:
        settings: which gallery, and how photos are measured.
        resolved: the embedding model.
        on_photo: reports the progress.
        enroller: makes the enroller, instead of ``make_enroller``.
        announce: log how many people there are, also where nothing is new: once is enough of a service.

    Returns:
        What was enrolled; ``None`` when the gallery is read-only or another process is changing it, and stays as it is.

    Raises:
        GalleryError: if there is no gallery, or nobody in it can be enrolled.
    """
    folder = require_gallery(settings.gallery.folder)
    if (origin := pulled_from(folder)) is not None:
        logger.info("gallery {}: pulled from {}", folder, origin.service)
        return None
    record = folder / RECORD_FOLDER
    if record.is_dir() and not os.access(record, os.W_OK):
        logger.warning("The gallery {} is read-only; going on with the people enrolled in it.", folder)
        return None
    old = predecessor(settings, resolved)
    if old is not None:
        logger.info(
            "gallery {}: {} is replaced by {}; its photos are embedded again", folder, old, resolved.fingerprint
        )
    try:
        made = make_enroller(settings, resolved, lazily=True) if enroller is None else enroller()
        report = made.enrol(folder, reembed=old is not None, on_photo=on_photo)
    except GalleryBusyError as error:
        logger.warning("{} Going on with the people enrolled so far.", error)
        return None
    if not report.people:
        raise nobody_enrolled(report)
    if old is not None:
        take_calibration_over(settings, resolved, old)
    for photo in report.photos:
        if photo.processed and not photo.accepted:
            logger.warning("refused {}/{}: {}", photo.person, photo.file, reason(photo))
    new = sum(photo.processed and photo.accepted for photo in report.photos)
    people, photos = counted(len(report.people), "person", "people"), counted(new, "new photo")
    logger.log("INFO" if announce or new else "DEBUG", "gallery {}: {}, {}", folder, people, photos)
    for name in report.forgotten:
        logger.info("gallery: {} is forgotten, who has no folder any more", name)
    folders = tuple(f"{name}/" for name in report.without_photo)
    for item in report.skipped:
        if item.unreadable or item.where.startswith(folders):
            logger.warning("gallery: {}: {}", item.where, item.reason)
    for name in report.without_photo:
        logger.warning("{} has no usable photo and will not be recognised", name)
    return report


@contextmanager
def warning_of_flips(settings: config.Settings, resolved: ResolvedModel) -> Iterator[None]:
    """Change the gallery within; afterwards warn if names that the history has of the last week change by it."""
    place = None if settings.history.address is not None else settings.history_place
    if not (settings.history.enabled or (isinstance(place, Path) and place.is_dir())):
        yield
        return
    from recognizer.app import replay_warning  # SQLAlchemy takes .2 s to import

    before = replay_warning.enrolled_with(settings, resolved.fingerprint)
    yield
    after = replay_warning.enrolled_with(settings, resolved.fingerprint)
    replay_warning.warn_after_enrolment(settings, resolved, before, after)


def nobody_enrolled(report: EnrolReport) -> GalleryError:
    """Make the error for a gallery in which no photo can be used; it quotes the first three reasons."""
    reasons = [f"{photo.person}/{photo.file}: {reason(photo)}" for photo in report.photos[:3]]
    reasons += [f"{item.where}: {item.reason}" for item in report.skipped[: 3 - len(reasons)]]
    return GalleryError(f"Nobody could be enrolled from {report.folder}: {'; '.join(reasons) or 'there is no photo.'}")


def reason(photo: PhotoReport) -> str:
    """Join what enrolment noted about a photo."""
    return "; ".join(note.text for note in photo.notes)


def has_anybody(folder: Path) -> bool:
    """Whether a folder has photos to enrol, or a record of people enrolled before."""
    if not folder.is_dir():
        return False
    return (folder / RECORD_FOLDER).exists() or bool(scan(folder, suffixes=PICTURE_SUFFIXES).photos)


def require_anybody(folder: Path) -> None:
    """Refuse a gallery without a photo.

    Raises:
        GalleryError: if it is missing or empty.
    """
    if not has_anybody(folder):
        raise GalleryError(
            f"Nobody is enrolled in {folder}. Make one folder per person, named like the person, and put photos "
            'into it, or call enrol("NAME", [PHOTO, ...]).'
        )


def add_person(enroller: Enroller, folder: Path, name: str, photos: list[NewPhoto]) -> Enrolment:
    """Put photos of one person into a gallery and enrol them.

    Args:
        enroller: measures the photos.
        folder: the gallery; made where it is missing.
        name: of the person.
        photos: at least one.

    Raises:
        GalleryBusyError: if another process is changing the gallery.
        GalleryError: if ``name`` cannot be a name, or the person has no usable photo; ``photos`` are not kept then.
    """
    added = add_photos(folder, name, photos)
    try:
        report = enroller.enrol(folder)
        if added.person not in report.people:
            own = (photo for photo in report.photos if photo.person == added.person)
            why = "; ".join(f"{photo.file}: {reason(photo)}" for photo in own)
            raise GalleryError(f"None of the photos of {added.person} can be used: {why}.")
    except BaseException:
        added.undo()
        with suppress(RecognizerError):
            enroller.enrol(folder)  # the record forgets them, too
        raise
    reports = {photo.file: photo for photo in report.photos if photo.person == added.person}
    given = [reports[file] for file in dict.fromkeys(added.files)]
    return Enrolment(
        added.person,
        accepted=tuple(photo.file for photo in given if photo.accepted),
        refused=tuple((photo.file, reason(photo)) for photo in given if not photo.accepted),
    )
