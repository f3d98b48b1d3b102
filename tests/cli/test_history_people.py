"""Consent, enrolling from the history, merging, backups: as a user types them."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import NamedTuple

import pytest

from recognizer.cli import _console
from recognizer.cli.main import app
from recognizer.demo import demo_clip, demo_files

SETTINGS = "history: {enabled: true, crops: true}\nemit: {headless: true}\nembed: {model: edgeface_xxs_own}\n"
CONFIG = ("--config", "settings.yaml")
ADA, OTHER = sorted(demo_clip.ENROLLED)[:2]


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


def command(folder: Path, *words: str) -> Done:
    """Run a command line in this process, which has the models' libraries loaded already."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = _console.guarded(app, list(words))
    return Done(status, out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the demonstration's clip was recognised, with crops in the history."""
    folder = tmp_path_factory.mktemp("site")
    demo_files.write_gallery(folder / "gallery")
    demo_files.write_clip(folder / "clip.mp4")
    (folder / "settings.yaml").write_text(SETTINGS)
    done = command(folder, "run", "--source", "clip.mp4", *CONFIG)
    assert done.returncode == 0, done.stderr
    return folder


def photos(site: Path) -> set[str]:
    return {path.relative_to(site).as_posix() for path in (site / "gallery").rglob("*.jpg")}


@pytest.mark.long
def test_a_stranger_is_named_enrolled_and_taken_back(site: Path) -> None:
    (cluster, *_) = json.loads(command(site, "history", "unknowns", "--json", *CONFIG).stdout)
    number, before = str(cluster["cluster"]), photos(site)
    assert command(site, "history", "name", number, "Stranger", *CONFIG).returncode == 0
    offered = command(site, "history", "enrol", number, *CONFIG)
    assert (offered.returncode, photos(site)) == (0, before), offered.stderr
    assert "Nothing was added; --yes adds" in offered.stdout
    added = json.loads(command(site, "history", "enrol", number, "--yes", "--json", *CONFIG).stdout)
    assert added["person"] == "Stranger"
    assert photos(site) - before == {f"gallery/Stranger/{file}" for file in added["added"]}
    named = command(site, "run", "--source", "clip.mp4", *CONFIG)
    assert "Stranger" in named.stdout + named.stderr
    done = command(site, "history", "undo", str(added["action"]), *CONFIG)
    assert (done.returncode, photos(site)) == (0, before), done.stderr


@pytest.mark.long
def test_consent_is_recorded_listed_and_withdrawn(site: Path) -> None:
    given = command(site, "gallery", "consent", ADA.upper(), "--by", "form 3", "--until", "2099-01-01", "--json")
    assert json.loads(given.stdout)["problem"] is None
    listed = {row["person"]: row for row in json.loads(command(site, "gallery", "consent", "--json").stdout)}
    assert (listed[ADA]["by"], listed[ADA]["until"], listed[OTHER]["given"]) == ("form 3", "2099-01-01", None)
    assert command(site, "gallery", "consent", ADA, "--withdraw").returncode == 0
    people = {row["name"]: row for row in json.loads(command(site, "gallery", "list", "--json").stdout)["people"]}
    assert people[ADA]["withheld"].startswith("consent was withdrawn on")
    assert people[OTHER]["withheld"] is None
    assert f"{ADA} is not recognised: consent was withdrawn" in " ".join(
        command(site, "gallery", "audit").stdout.split()
    )
    run = command(site, "run", "--source", "clip.mp4", *CONFIG)
    assert run.returncode == 0
    assert f"{ADA} is not recognised" in run.stderr
    assert ADA not in run.stdout
    assert command(site, "gallery", "consent", ADA).returncode == 0


@pytest.mark.long
def test_a_gallery_that_wants_consent_of_everybody_names_nobody_without(site: Path) -> None:
    (site / "strict.yaml").write_text(SETTINGS + "gallery: {require_consent: true}\n")
    (site / "elsewhere").mkdir()
    demo_files.write_gallery(site / "elsewhere" / "gallery")
    strict = ("--config", "strict.yaml", "--gallery", "elsewhere/gallery")
    run = command(site, "run", "--source", "clip.mp4", *strict)
    assert run.returncode == 0, run.stderr
    assert f"{ADA} is not recognised: no consent is recorded" in run.stderr
    assert ADA not in run.stdout


def test_a_backup_is_made_listed_and_restored(site: Path) -> None:
    made = command(site, "history", "backup", "backup.zip", *CONFIG)
    assert "are not encrypted, nor are vectors and pictures" in " ".join(made.stdout.split())
    (entry,) = json.loads(command(site, "history", "backups", "--json", *CONFIG).stdout)
    assert entry["path"] == str(site / "backup.zip")
    assert command(site, "history", "restore", "backup.zip", "--yes", *CONFIG).returncode == 0
    (site / "bad.zip").write_bytes((site / "backup.zip").read_bytes()[:-100])
    refused = command(site, "history", "restore", "bad.zip", "--yes", *CONFIG)
    assert refused.returncode == 7
    assert "the present history stays as it is" in " ".join(refused.stderr.split())


@pytest.mark.long
def test_people_are_renamed_and_merged_and_both_is_taken_back(site: Path) -> None:
    before = photos(site)
    done = command(site, "gallery", "rename", OTHER, "Somebody", "--history", *CONFIG)
    assert done.returncode == 0, done.stderr
    assert json.loads(command(site, "history", "list", "--person", "Somebody", "--json").stdout)
    merged = command(site, "history", "merge-people", ADA, "Somebody", "--yes", *CONFIG)
    assert merged.returncode == 0, merged.stderr
    actions = json.loads(command(site, "history", "actions", "--json").stdout)
    for action in actions[:2]:
        done = command(site, "history", "undo", str(action["action"]), *CONFIG)
        assert done.returncode == 0, done.stderr
    assert photos(site) == before


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["history", "enrol"], 2, "or --person NAME"),
        (["history", "enrol", "99"], 7, "no cluster 99"),
        (["history", "enrol", "--person", "Zoe"], 7, "No track of Zoe"),
        (["gallery", "consent", "Zoe"], 4, 'Nobody is called "Zoe"'),
        (["gallery", "consent", "--by", "x"], 2, "Say whose consent"),
        (["gallery", "consent", ADA, "--until", "soon"], 2, "wanted a day as 2027-03-01"),
        (["gallery", "consent", ADA, "--until", "2020-01-01"], 2, "is past"),
        (["gallery", "consent", ADA, "--withdraw", "--by", "x"], 2, "--withdraw goes without"),
        (["history", "merge-people", ADA, "Zoe", "--yes"], 7, "knows Zoe"),
        (["history", "restore", "nothing.zip", "--yes"], 7, "is no backup"),
    ],
)
def test_what_is_wrong_is_one_message(site: Path, words: list[str], status: int, message: str) -> None:
    done = command(site, *words, *(CONFIG if words[0] == "history" else ()))
    assert done.returncode == status
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
