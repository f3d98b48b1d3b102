from __future__ import annotations

import json
from pathlib import Path

import pytest

from recognizer.demo import demo_clip
from tests.cli.history_site import MODEL, command, recognise_clip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the demonstration's clip was recognised, with the history on."""
    return recognise_clip(tmp_path_factory.mktemp("site"))


def test_the_tracks_of_a_run_are_listed(site: Path) -> None:
    listed = json.loads(command(site, "history", "list", "--json").stdout)
    assert {track["person"] for track in listed if track["person"]} == set(demo_clip.ENROLLED)
    assert [track["status"] for track in json.loads(command(site, "history", "list", "--unknown", "--json").stdout)]
    shown = json.loads(command(site, "history", "show", str(listed[0]["id"]), "--json").stdout)
    assert shown["source"] == "clip.mp4"
    assert 1 <= len(shown["samples"]) <= 5


def test_a_person_is_found_by_a_photo_and_by_a_track(site: Path) -> None:
    person = next(iter(demo_clip.ENROLLED))
    photo = next((site / "gallery" / person).iterdir())
    found = json.loads(command(site, "history", "search", str(photo), "--json", *MODEL).stdout)
    assert found
    assert {track["person"] for track in found} == {person}
    again = json.loads(command(site, "history", "search", "--track", str(found[0]["id"]), "--json", *MODEL).stdout)
    assert found[0]["id"] in {track["id"] for track in again}


def test_the_report_has_everybody_who_was_named(site: Path) -> None:
    done = command(site, "history", "report", "--by", "person", "--output", "report.csv")
    assert done.returncode == 0, done.stderr
    rows = (site / "report.csv").read_text("utf-8-sig").splitlines()
    assert rows[0] == "person,source,first,last,seconds,sightings"
    assert {row.partition(",")[0] for row in rows[1:]} == set(demo_clip.ENROLLED)


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["list", "--person", "Ada", "--unknown"], 2, "--unknown goes without --person"),
        (["show", "999"], 7, "no track 999"),
        (["search"], 2, "--track NUMBER"),
        (["report", "--by", "week"], 2, "wanted one of day, hour, person"),
        (["list", "--gallery", "elsewhere/gallery"], 7, "'run --history' writes one"),
    ],
)
def test_what_is_wrong_is_one_message(site: Path, words: list[str], status: int, message: str) -> None:
    done = command(site, "history", *words)
    assert done.returncode == status
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
