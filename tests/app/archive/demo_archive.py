"""An archive of the demonstration's clip."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

from recognizer.app import build, config
from recognizer.app.archive.index import IndexOptions, IndexReport, index_archive
from recognizer.app.config import Settings
from recognizer.app.enrolment import sync
from recognizer.app.history import read_history
from recognizer.demo import demo_files
from recognizer.history.records import Selection
from recognizer.history.tracks import list_tracks


def make_template(folder: Path) -> None:
    """Write a gallery and an archive of one video, and enrol: once, as it takes seconds."""
    demo_files.write_gallery(folder / "gallery")
    demo_files.write_clip(folder / "cctv" / "a.mp4")
    settings = _settings(folder)
    sync(settings, build.model(settings))


class Archive:
    """A gallery, a folder with one video, and a history.

    Args:
        template: of ``make_template``.
        folder: where all is copied to.
        history_address: of PostgreSQL; else SQLite beside the gallery.
    """

    def __init__(self, template: Path, folder: Path, *, history_address: str | None = None) -> None:
        shutil.copytree(template, folder, dirs_exist_ok=True)
        self.videos = folder / "cctv"
        self.settings = _settings(folder, history_address)
        self.resolved = build.model(self.settings)

    def index(self, **options: object) -> IndexReport:
        """Index the videos in one process, or as wanted."""
        wanted = IndexOptions(processes=1, **options)  # type: ignore[arg-type]
        return index_archive(self.settings, self.resolved, [self.videos], wanted)

    def sources(self) -> list[str]:
        """Return the source of each track in the history."""
        with closing(read_history(self.settings)) as history:
            return [seen.source for seen in list_tracks(history, Selection())]


def _settings(folder: Path, address: str | None = None) -> Settings:
    overrides: dict[str, dict[str, object]] = {
        "gallery": {"folder": folder / "gallery"},
        "embed": {"model": "edgeface_xxs_own"},
        "history": {"enabled": True, "address": address},
    }
    return config.load(None, overrides)
