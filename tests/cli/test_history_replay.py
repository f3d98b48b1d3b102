"""history replay as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from recognizer.demo import demo_clip
from tests.cli.history_site import MODEL, command, recognise_clip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the beginning of the demonstration's clip was recognised, with the history on."""
    return recognise_clip(tmp_path_factory.mktemp("site"), "--max-seconds", "3")


@pytest.mark.long
def test_a_higher_threshold_is_tried_applied_and_undone(site: Path) -> None:
    tried = json.loads(command(site, "history", "replay", "--known", "0.99", "--apply", "--json", *MODEL).stdout)
    assert tried["lost_names"] == {"Barack Obama": 1, "Eileen Collins": 1}
    assert {(one["was"], one["now"]) for one in tried["changed"]} == {(name, None) for name in demo_clip.ENROLLED}
    assert (tried["action"], tried["applied"], tried["not_reproduced"]) == (1, 2, 0)
    now = command(site, "history", "replay", *MODEL).stdout
    assert "2 names won" in now
    assert "Nothing was written" in now
    assert "replay with known 0.99: 2 tracks" in command(site, "history", "undo", "1").stdout
    assert "No name would change." in command(site, "history", "replay", *MODEL).stdout


@pytest.mark.long
@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["--photo", "Ada"], 2, "--photo: wanted PERSON=FILE, got 'Ada'"),
        (["--without", "Ada/1.jpg"], 4, "no photo 1.jpg of Ada"),
        (["--sheet", "sheet.png"], 2, "--sheet"),
    ],
)
def test_what_is_wrong_is_one_message(site: Path, words: list[str], status: int, message: str) -> None:
    done = command(site, "history", "replay", *MODEL, *words)
    assert message in " ".join(done.stderr.split())
    assert done.returncode == status
    assert "Traceback" not in done.stderr
