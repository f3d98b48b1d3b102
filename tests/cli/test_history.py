from __future__ import annotations

import datetime as dt
import json
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from recognizer.app import config
from recognizer.app.explain import Explanation, explain_track
from recognizer.app.history import read_history
from recognizer.demo import demo_clip
from recognizer.history.records import Selection
from recognizer.history.tracks import list_tracks
from tests.cli.history_site import MODEL, command, recognise_clip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the demonstration's clip was recognised, with the history on."""
    return recognise_clip(tmp_path_factory.mktemp("site"))


@pytest.mark.long
def test_the_tracks_of_a_run_are_listed(site: Path) -> None:
    listed = json.loads(command(site, "history", "list", "--json").stdout)
    assert {track["person"] for track in listed if track["person"]} == set(demo_clip.ENROLLED)
    assert [track["status"] for track in json.loads(command(site, "history", "list", "--unknown", "--json").stdout)]
    shown = json.loads(command(site, "history", "show", str(listed[0]["id"]), "--json").stdout)
    assert shown["source"] == "clip.mp4"
    assert 1 <= len(shown["samples"]) <= 5


@pytest.mark.long
def test_the_time_inside_the_file_is_listed(site: Path) -> None:
    listed = json.loads(command(site, "history", "list", "--json").stdout)
    began = [dt.datetime.fromisoformat(track["began"]) for track in listed]
    after = [(moment - min(began)).total_seconds() for moment in began]
    first = min(track["at_s"] for track in listed)
    assert [track["at_s"] - first for track in listed] == pytest.approx(after, abs=0.01)
    assert len(set(after)) > 1
    shown = command(site, "history", "list", "--limit", "1").stdout
    assert f"0:00:{int(listed[0]['at_s']):02d}" in shown


STEP = 2e-3
"""More than the rounding of a threshold that is told, and of stored vectors."""


def explained(site: Path, *, named: bool) -> Explanation:
    """The explanation of the newest track with a name, or without one."""
    settings = config.load(None, {"gallery": {"folder": site / "gallery"}})
    with closing(read_history(settings)) as history:
        return explain_track(history, list_tracks(history, Selection(named=named))[0].id)


@pytest.mark.long
@pytest.mark.parametrize(("step", "is_changed"), [(-STEP, False), (STEP, True)])
def test_a_name_lasts_up_to_the_threshold_that_explain_tells(site: Path, step: float, is_changed: bool) -> None:
    found = explained(site, named=True)
    assert found.known_limit is not None
    assert found.known_limit > found.thresholds["known"]
    assert f"'known' above {found.known_limit:.4f}" in found.changes[0]
    words = ("history", "replay", "--known", f"{found.known_limit + step:.4f}", "--json", *MODEL)
    changed = {one["track"]: one["now"] for one in json.loads(command(site, *words).stdout)["changed"]}
    assert (found.seen.id in changed) == is_changed
    assert changed.get(found.seen.id) is None


def test_explain_says_samples_similarity_lead_and_thresholds(site: Path) -> None:
    found = explained(site, named=False)
    done = command(site, "history", "explain", str(found.seen.id))
    assert done.returncode == 0, done.stderr
    words = " ".join(done.stdout.split())
    for part in ("It has no name: unknown.", "best samples", "usable samples", "came closest to", "a lead of"):
        assert part in words
    assert f"A name needs {found.thresholds['known']:.2f}" in words
    assert "What would change it" in words


def test_explain_says_that_a_correction_stands(site: Path, tmp_path: Path) -> None:
    shutil.copytree(site / "history", tmp_path / "history")
    shutil.copytree(site / "gallery", tmp_path / "gallery")
    track = explained(tmp_path, named=True).seen.id
    done = command(tmp_path, "history", "reject", str(track))
    assert done.returncode == 0, done.stderr
    with closing(read_history(config.load(None, {"gallery": {"folder": tmp_path / "gallery"}}))) as history:
        found = explain_track(history, track)
    assert found.known_limit is None
    assert "correction stands" in found.changes[0]
    assert "A person corrected it afterwards." in found.how[1]


@pytest.mark.long
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
        (["explain", "999"], 7, "no track 999"),
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
