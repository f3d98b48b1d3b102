from __future__ import annotations

from pathlib import Path

import pytest

from recognizer.app import build, config, recognising
from recognizer.app.config import Settings

GIB = 1 << 30


def settings(*sources: str, headless: bool = True, workers: int | None = None) -> Settings:
    overrides: dict[str, dict[str, object]] = {"emit": {"headless": headless}, "workers": {"count": workers}}
    return config.load(None, overrides, sources=list(sources))


@pytest.mark.parametrize(
    ("cores", "memory", "cameras", "wanted", "count"),
    [
        (4, 16 * GIB, 3, None, 3),
        (2, 16 * GIB, 3, None, 2),
        (4, 16 * GIB, 1, None, 0),
        (4, GIB, 3, None, 0),
        (4, 2 * GIB, 8, None, 3),
        (4, None, 8, None, 4),
        (1, 16 * GIB, 3, None, 0),
        (2, GIB, 3, 8, 3),
        (2, 16 * GIB, 3, 0, 0),
        (2, 16 * GIB, 1, 1, 1),
    ],
)
def test_as_many_workers_as_there_is_work_and_room(
    monkeypatch: pytest.MonkeyPatch, cores: int, memory: int | None, cameras: int, wanted: int | None, count: int
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: set(range(cores)), raising=False)
    monkeypatch.setattr("recognizer.memory.limit_bytes", lambda: memory)
    given = settings(*(f"rtsp://host/{number}" for number in range(cameras)), workers=wanted)
    assert recognising.worker_count(given, build.sources(given)) == count


def test_a_window_files_and_photos_need_one_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0, 1, 2, 3}, raising=False)
    two = ("rtsp://host/1", "rtsp://host/2")
    shown = settings(*two, headless=False, workers=2)
    assert recognising.worker_count(shown, build.sources(shown)) == 0
    mixed = settings("rtsp://host/1", "clip.mp4")
    assert recognising.worker_count(mixed, build.sources(mixed)) == 0
    photos = settings(str(tmp_path), str(tmp_path), workers=2)
    assert recognising.worker_count(photos, build.sources(photos)) == 0
