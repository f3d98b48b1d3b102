"""What a replay tries: other thresholds, another gallery, photos more or fewer, no rejections."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from recognizer.app import build, config, enrolment
from recognizer.app.past_matches import Basis
from recognizer.app.replay import Progress, Replay, replay_tracks
from recognizer.capture.pictures import PICTURE_SUFFIXES
from recognizer.counting import counted
from recognizer.errors import ConfigError, GalleryError, ImageError
from recognizer.gallery.folder import require_gallery, scan
from recognizer.gallery.intake import NewPhoto, add_photos
from recognizer.gallery.names import person_name
from recognizer.gallery.records import Enrolled
from recognizer.history.database import Database
from recognizer.history.records import Selection
from recognizer.history.rejections import active_rejections
from recognizer.models.resolve import ResolvedModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What to decide by; by default as ``run`` would now."""

    known: float | None = None
    """Similarity that a name needs, in [-1, 1]."""
    margin: float | None = None
    """Lead over the next person, in [0, 1]."""
    calibration: Path | None = None
    """File with thresholds."""
    gallery: Path | None = None
    """Folder of another gallery that is enrolled."""
    photos: tuple[tuple[str, Path], ...] = ()
    """People and photos that would be added to the gallery."""
    without: tuple[tuple[str, str], ...] = ()
    """People and names of photos that would be taken from it."""
    rejections: bool = True
    """Heed what was rejected."""

    def words(self) -> str:
        """Say what is tried, without naming people: it stays in the list of actions when somebody is forgotten."""
        values = {"known": self.known, "margin": self.margin}
        said = [f"{key} {value:g}" for key, value in values.items() if value is not None]
        said += ["another calibration"] * (self.calibration is not None)
        said += ["another gallery"] * (self.gallery is not None)
        said += [f"{len(self.photos)} more photos"] * bool(self.photos)
        said += [f"{counted(len(self.without), 'photo')} fewer"] * bool(self.without)
        said += ["no rejections"] * (not self.rejections)
        return f"with {', '.join(said) or 'the present thresholds and photos'}"


def replay(
    settings: config.Settings,
    resolved: ResolvedModel,
    history: Database,
    trial: Trial,
    *,
    selection: Selection | None = None,
    corrected: bool = False,
    most: int | None = None,
    progress: Progress = lambda done, total: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Replay:
    """Decide past tracks again and say which names would change; nothing is written.

    Args:
        settings: of the gallery and its thresholds.
        resolved: the model; only tracks that it saw can be compared.
        history: where the tracks are kept.
        trial: what is tried.
        selection: which tracks; of a person, those that lose or win the name.
        corrected: also replay tracks that a person named, or whose name a person rejected.
        most: only so many of the newest tracks.
        progress: called with the tracks done and the tracks in all.
        cancelled: called every 500 tracks; whether to stop.

    Raises:
        ConfigError: if the calibration cannot be used, or what is tried does not fit together.
        FingerprintError: if the gallery is another model's.
        GalleryError: if nobody is enrolled, or a photo cannot be used.
        HistoryError: if the history cannot be read.
        ReplayCancelled: when ``cancelled`` says so.
    """
    if trial.gallery is not None and (trial.photos or trial.without):
        raise ConfigError("Another gallery goes without photos that are added or taken away.")
    wanted = selection or Selection()
    given = {"known": trial.known, "margin": trial.margin, "calibration": trial.calibration}
    decide = settings.decide.model_copy(update={key: value for key, value in given.items() if value is not None})
    gallery = settings.gallery.model_copy(update={} if trial.gallery is None else {"folder": trial.gallery})
    settings = settings.model_copy(update={"decide": decide, "gallery": gallery})
    enrolled = _enrolled(settings, resolved, trial)
    basis = basis_of(settings, resolved, enrolled, history if trial.rejections else None)
    found = replay_tracks(
        history,
        basis,
        model=resolved.fingerprint,
        selection=replace(wanted, person=None),
        corrected=corrected,
        most=most,
        progress=progress,
        cancelled=cancelled,
    )
    if wanted.person is None:
        return found
    return replace(found, changed=tuple(one for one in found.changed if wanted.person in (one.was, one.now)))


def basis_of(settings: config.Settings, resolved: ResolvedModel, enrolled: Enrolled, history: Database | None) -> Basis:
    """Return what names are decided by; with the rejections of the history if one is given."""
    rejections = [] if history is None else active_rejections(history, resolved.fingerprint)
    return Basis(build.index_of(enrolled, rejections), build.thresholds(settings, resolved, enrolled=len(enrolled)))


def _enrolled(settings: config.Settings, resolved: ResolvedModel, trial: Trial) -> Enrolled:
    if not trial.photos and not trial.without:
        return build.enrolled_people(settings, resolved.fingerprint)
    with _copy(require_gallery(settings.gallery.folder)) as folder:
        trying = settings.model_copy(update={"gallery": settings.gallery.model_copy(update={"folder": folder})})
        for person, file in trial.without:
            _remove(folder, person, file)
        added = [add_photos(folder, person, [_photo(path)]) for person, path in trial.photos]
        report = enrolment.make_enroller(trying, resolved).enrol(folder)
        refused = {(photo.person, photo.file): photo for photo in report.photos if not photo.accepted}
        for intake, (_, path) in zip(added, trial.photos, strict=True):
            if photo := refused.get((intake.person, intake.files[0])):
                raise GalleryError(f"{path} would not be enrolled: {enrolment.reason(photo)}.")
        return build.enrolled_people(trying, resolved.fingerprint)


@contextmanager
def _copy(gallery: Path) -> Iterator[Path]:
    """Copy a gallery to where it can be changed; photos are linked where the file system can."""
    with tempfile.TemporaryDirectory(prefix="recognizer-trial-") as name:
        folder = Path(name) / "gallery"
        try:
            shutil.copytree(gallery, folder, symlinks=True, copy_function=_link_photo)
        except (OSError, shutil.Error) as error:
            raise GalleryError(f"The gallery {gallery} cannot be copied for the trial: {error}.") from error
        yield folder


def _link_photo(source: str, target: str) -> None:
    if Path(source).suffix.lower() in PICTURE_SUFFIXES:
        try:
            os.link(source, target)
            return
        except OSError:  # another file system, or one without links
            pass
    shutil.copy2(source, target)


def _remove(folder: Path, person: str, file: str) -> None:
    people = scan(folder, suffixes=frozenset(PICTURE_SUFFIXES)).people
    name = person_name(person)
    path = folder / people.get(name, name) / file
    if name not in people or Path(file).name != file or not path.is_file():
        raise GalleryError(f"There is no photo {file} of {name} in the gallery.")
    path.unlink()


def _photo(path: Path) -> NewPhoto:
    try:
        return NewPhoto(path.read_bytes(), path.name)
    except OSError as error:
        raise ImageError(f"{path} cannot be read: {error.strerror}.") from error
