"""A gallery and a history of painted people, with crops."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import sqlalchemy as sa

from recognizer.app import config
from recognizer.app.config import Settings
from recognizer.gallery.enrol import Enroller
from recognizer.history.database import Database
from recognizer.history.records import TrackRecord
from recognizer.history.rows import insert_run, save_tracks
from recognizer.history.schema import samples
from recognizer.models.resolve import ResolvedModel
from tests.fakes import face_picture, painted_vector, save_picture
from tests.gallery.painted import enroller
from tests.history.history_records import NOON, record

PAINTED = ResolvedModel("painted", Path("painted.onnx"), "painted-0123456789ab", "made up", None)
ADA, BOB, EVE = 3, 5, 7


@dataclass
class Site:
    """A folder with a gallery of Ada, and a history beside it."""

    folder: Path
    history: Database

    @property
    def gallery(self) -> Path:
        return self.folder / "gallery"

    @property
    def settings(self) -> Settings:
        return config.load(None, {"gallery": {"folder": self.gallery}})

    def enroller(self) -> Enroller:
        return enroller()

    def files(self) -> dict[str, bytes]:
        """Every file of the gallery but its record."""
        paths = (path for path in self.gallery.rglob("*") if path.is_file() and ".recognizer" not in path.parts)
        return {path.relative_to(self.gallery).as_posix(): path.read_bytes() for path in paths}

    def enrol(self, **people: tuple[int, ...]) -> None:
        """Put photos into the gallery: the painted person, then the variations of each photo."""
        for name, (person, *variations) in people.items():
            for variation in variations:
                save_picture(self.gallery / name / f"{variation}.png", face_picture((person, variation)))
        self.enroller().enrol(self.gallery)

    def save(self, *records: TrackRecord) -> None:
        with self.history.writing() as connection:
            save_tracks(connection, insert_run(connection, NOON, PAINTED.fingerprint, (0.4, 0.1)), records)

    def see(self, number: int, person: int, *variations: int, name: str | None = None, side: int = 120) -> None:
        """Keep a track of a painted person, with a crop of each variation."""
        self.save(record(number, person=name, vectors=tuple(painted_vector(person, each) for each in variations)))
        with self.history.writing() as connection:
            for rank, variation in enumerate(variations):
                picture = face_picture((person, variation), side=side)
                _, data = cv2.imencode(".png", picture)  # without loss: painted faces are known by their colours
                place = sa.and_(samples.c.track_id == number, samples.c.rank == rank)
                connection.execute(sa.update(samples).where(place).values(crop=data.tobytes()))
