"""history replay, and the warnings that come of it, as a user meets them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from recognizer.demo import demo_clip, demo_files
from tests.cli.test_history import MODEL, command

PERSON = sorted(demo_clip.ENROLLED)[0]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the demonstration's clip was recognised, with the history on."""
    folder = tmp_path_factory.mktemp("site")
    demo_files.write_gallery(folder / "gallery")
    demo_files.write_clip(folder / "clip.mp4")
    done = command(folder, "run", "--source", "clip.mp4", "--headless", "--history", *MODEL)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def site(recorded: Path, tmp_path: Path) -> Path:
    shutil.copytree(recorded, tmp_path / "site")
    return tmp_path / "site"


def replay(site: Path, *words: str) -> dict[str, object]:
    done = command(site, "history", "replay", "--json", *MODEL, *words)
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def listed(site: Path) -> dict[int, str | None]:
    return {track["id"]: track["person"] for track in json.loads(command(site, "history", "list", "--json").stdout)}


def test_a_higher_threshold_is_tried_applied_and_undone(site: Path) -> None:
    before = listed(site)
    assert replay(site)["changed"] == []
    tried = replay(site, "--known", "0.99")
    assert {one["track"]: one["was"] for one in tried["changed"]} == {  # type: ignore[attr-defined]
        track: person for track, person in before.items() if person
    }
    assert (tried["action"], listed(site)) == (None, before)
    assert replay(site, "--known", "0.99", "--apply")["action"] == 1
    assert set(listed(site).values()) == {None}
    assert command(site, "history", "undo", "1").returncode == 0
    assert listed(site) == before


def test_photos_are_tried_without_touching_the_gallery(site: Path) -> None:
    photo = next((site / "gallery" / PERSON).iterdir()).name
    files = sorted(str(path) for path in (site / "gallery").rglob("*"))
    lost = replay(site, "--without", f"{PERSON}/{photo}")["lost_names"]
    assert list(lost) == [PERSON]  # type: ignore[call-overload]
    assert sorted(str(path) for path in (site / "gallery").rglob("*")) == files
    shutil.copytree(site / "gallery", site / "others")
    shutil.rmtree(site / "others" / PERSON)
    command(site, "enroll", "--gallery", "others", "--yes", *MODEL)
    assert replay(site, "--with-gallery", "others")["lost_names"] == lost


def test_enrolment_and_run_warn_of_names_that_flip(site: Path) -> None:
    shutil.move(site / "gallery" / PERSON, site / "away")
    done = command(site, "enroll", "--yes", *MODEL)
    assert "tracks of the last 7 days would bear another name" in done.stderr
    assert f"taken from {PERSON}" in done.stderr
    run = ("run", "--source", "clip.mp4", "--headless", "--history", "--max-frames", "2", *MODEL)
    assert "history replay --since" in command(site, *run).stderr
    assert "history replay" not in command(site, *run).stderr


def test_a_rejection_says_what_it_costs(site: Path) -> None:
    track = next(track for track, person in listed(site).items() if person == PERSON)
    done = command(site, "history", "reject", str(track))
    assert "last week" in " ".join(done.stderr.split())
    assert PERSON in done.stderr


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["--photo", "Ada"], 2, "--photo: wanted PERSON=FILE, got 'Ada'"),
        (["--without", "Ada/1.jpg"], 4, "no photo 1.jpg of Ada"),
        (["--without", f"{PERSON}/../1.jpg"], 4, "There is no photo"),
        (["--sheet", "sheet.png"], 2, "--sheet"),
        (["--calibration", "none.json"], 2, "none.json"),
    ],
)
def test_what_is_wrong_is_one_message(recorded: Path, words: list[str], status: int, message: str) -> None:
    done = command(recorded, "history", "replay", *MODEL, *words)
    assert message in " ".join(done.stderr.split())
    assert done.returncode == status
    assert "Traceback" not in done.stderr
