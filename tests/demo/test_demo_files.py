from __future__ import annotations

from pathlib import Path

import av
import pytest

from recognizer.demo import demo_files
from recognizer.demo.demo_clip import ENROLLED, LENGTH_S, RATE
from recognizer.errors import OutputError


def test_gallery_has_a_folder_for_each_enrolled_person(tmp_path: Path) -> None:
    demo_files.write_gallery(tmp_path / "gallery")
    demo_files.write_gallery(tmp_path / "gallery")  # a second run finds the first one's
    assert sorted(path.name for path in (tmp_path / "gallery").iterdir()) == sorted(ENROLLED)
    assert len(list((tmp_path / "gallery").rglob("*.jpg"))) == 3


def test_output_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="cannot be written"):
        demo_files.write_gallery(tmp_path / "file" / "gallery")
    with pytest.raises(OutputError):
        demo_files.write_clip(tmp_path / "file" / "clip.mp4")
    with pytest.raises(OutputError, match="cannot be read"):
        demo_files.read_events(tmp_path / "events.jsonl")


@pytest.mark.slow
def test_clip_has_every_frame(tmp_path: Path) -> None:
    demo_files.write_clip(tmp_path / "clip.mp4")
    with av.open(str(tmp_path / "clip.mp4")) as clip:
        times = [frame.time for frame in clip.decode(video=0)]
    assert len(times) == LENGTH_S * RATE
    assert times[-1] == pytest.approx(LENGTH_S - 1 / RATE, abs=0.01)
