"""Names that languages and phones write go from the folder through enrolment and a run into events."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from recognizer.app.config import load
from recognizer.app.session import Session
from recognizer.cli.enroll import sync

NAMES = {
    "Joey": "Joey\u202fT.",  # narrow no-break space
    "Rachel": "\U0001f468\u200d\U0001f469\u200d\U0001f467 Rachel",  # an emoji of three, joined
    "Monica": "王\u3000小明",  # ideographic space
}
PHOTO = "a\u202fb\u3000c\u200d\u00ad\u200c.png"


@pytest.mark.long
@pytest.mark.weights
def test_names_with_spaces_and_joiners_reach_the_events(shared_data: Path, tmp_path: Path) -> None:
    for person, name in NAMES.items():
        (tmp_path / "people" / name).mkdir(parents=True)
        source = min((shared_data / "data/video/friends_gallery" / person).iterdir())
        shutil.copyfile(source, tmp_path / "people" / name / PHOTO)
    settings = load(
        None,
        {
            "source": {"location": str(shared_data / "data/video/friends_720p.mp4"), "max_seconds": 12},
            "embed": {"model": "edgeface_xs_q", "weights_dir": shared_data / "weights"},
            "gallery": {"folder": tmp_path / "people"},
            "emit": {"headless": True, "events": str(tmp_path / "events.jsonl")},
        },
    )
    Session(settings, sync_gallery=sync, on_summary=lambda figures: None).run()
    events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text("utf-8").splitlines()]
    assert {event["name"] for event in events if event["name"]} == set(NAMES.values())
