"""The Python of the README and of its page is run as it stands there."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from recognizer.app import build, config
from recognizer.app.enrolment import sync
from recognizer.demo import demo_clip, demo_files
from recognizer.emit.video import VideoWriter
from recognizer.types import Frame, FrameResult, Tracks
from tests.conftest import ROOT

FRAMES = 12
PHOTOS = {
    "party.jpg": "barack_obama_2010.jpg",
    "one.jpg": "barack_obama_2009.jpg",
    "other.jpg": "barack_obama_2012.jpg",
    "ada.jpg": "grace_hopper.jpg",
}
"""Photos named in its Python, and the demonstration's portraits that take their place."""


@pytest.mark.long
@pytest.mark.parametrize("page", ["README.md", "docs/python.md"])
def test_its_python_recognises_a_clip(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code = re.search(r"```python\n(.*?)```", (ROOT / page).read_text("utf-8"), re.DOTALL)
    assert code is not None
    settings = config.load(None, {"embed": {"model": "edgeface_xxs_own"}})
    own = build.model(settings)
    monkeypatch.setattr(build, "model", lambda settings: own)  # it may not ask the network for a better one
    demo_files.write_gallery(tmp_path / "gallery")
    sync(settings, own)
    with VideoWriter(Path("clip.mp4"), render=lambda result: result.frame.image) as writer:
        for index, (at_s, image) in zip(range(FRAMES), demo_clip.frames(), strict=False):
            writer.emit(FrameResult(Frame(image, index, at_s, "clip"), Tracks.empty(), (), ()))
    for name, portrait in PHOTOS.items():
        shutil.copy(demo_clip.MEDIA / portrait, name)
    exec(code[1], {})  # noqa: S102 - our own lines
    identified, verified, *streamed = capsys.readouterr().out.splitlines()
    assert identified.startswith("Barack Obama")
    assert verified == "True"
    assert len(streamed) == FRAMES
    assert [path.name for path in Path("gallery/Ada Lovelace").iterdir()] == ["ada.jpg"]
