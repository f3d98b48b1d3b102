"""The commands of four pages are run as they stand there, in a shell, in the folder of somebody who follows them.

What a page takes for granted lies in the folder: photos, a clip, a history. Cameras are the clip, and numbers of tracks
are those of this history. ``test_blocks.py`` has what is not run here, and who runs it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from recognizer.demo import demo_clip, demo_files
from tests.conftest import ROOT
from tests.docsite import blocks

pytestmark = pytest.mark.slow
"""Each call starts the program: two minutes for all. CI runs them with the notebooks."""

CLIP_S = 7.0
"""Of the demonstration's clip: two people who are enrolled, and one who is not."""

PAGES = (
    "docs/tutorials/first-name.md",
    "docs/tutorials/attendance.md",
    "docs/tutorials/budget.md",
    "docs/history.md",
)

STANDS_FOR = {
    r"--source 0\b|--source /dev/video0|--source '?rtsp://[^ ]+": "--source clip.mp4 --headless",
    r"(?m)--source clip\.mp4$": "--source clip.mp4 --headless",
    r"--headless( .*)? --headless": r"--headless\1",
    "/mnt/backup/": "",
    "/etc/recognizer/": "",
    r"\b17\b": "1",
    r"march\.xlsx": "march.csv",
    r" 2026-0[34]-01": " 2020-01-01",
    "events-1.jsonl events.jsonl": "events.jsonl",
    "OTHER_FOLDER": "gallery",
    "Bob/3.jpg": "Ada Lovelace/ada.jpg",
}
"""What the reader's site has, and this one instead."""

LEFT_OUT = {
    "pip install": ".ci/run",
    "python main.py demo": "tests/cli/test_demo.py, and .ci/run",
    "python main.py serve": "does not end; tests/serve",
    "split 3 17 21": "needs two clusters; tests/history",
    "merge 3 5": "the same",
    "ignore 4": "the same",
    "name 3": "the same; tests/cli/test_history.py",
    "enrol 3": "the same",
    "merge-people": "the same; tests/cli/test_history_people.py",
    "gallery rename": "tests/cli/test_history_people.py",
    "history undo": "tests/cli/test_history.py",
    "history restore": "writes over the history that later lines read; tests/cli/test_history_files.py",
    "history key": "encrypts what later lines read; tests/cli/test_history_files.py",
    "history rekey": "the same",
    "history import tracks": "into another history; tests/cli/test_history_files.py",
    "--negatives": "wants twenty strangers: tests/cli/test_calibrate.py",
    "postgresql": "tests/history",
}
"""Lines that are not run here, and where they are."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site before its reader does anything; copied for each page."""
    folder = tmp_path_factory.mktemp("site")
    demo_files.write_clip(folder / "clip.mp4", ends_s=CLIP_S)
    photos = {
        "photo.jpg": "barack_obama_2010.jpg",
        "ada.jpg": "eileen_collins.jpg",
        "new.jpg": "eileen_collins.jpg",
    }
    for name, portrait in photos.items():
        shutil.copy(demo_clip.MEDIA / portrait, folder / name)
    for place, portrait in {
        "gallery/Grace Hopper/1.jpg": "barack_obama_2012.jpg",  # the name of somebody whose consent a page withdraws
    }.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(demo_clip.MEDIA / portrait, folder / place)
    (folder / "site.yaml").write_text("source: {location: clip.mp4}\n", "utf-8")
    return folder


def runnable(text: str) -> str:
    """A block, without the lines that are skipped, and with this site's names."""
    kept = [line for line in text.splitlines() if not any(word in line for word in LEFT_OUT)]
    script = "\n".join(kept) + "\n"
    for pattern, instead in STANDS_FOR.items():
        script = re.sub(pattern, instead, script)
    return script


@pytest.mark.parametrize("page", PAGES)
def test_a_page_can_be_followed(page: str, made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    shutil.copytree(made, folder)
    (folder / "main.py").symlink_to(ROOT / "main.py")
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "CAMERA_PASSWORD": "secret",
    }
    environment |= {"RECOGNIZER_WEIGHTS": "", "RECOGNIZER_CACHE": str(made / "cache")}  # the model that ships
    if page != "docs/tutorials/first-name.md":  # they begin where others end
        prepare = "mkdir -p 'gallery/Ada Lovelace'; cp ada.jpg 'gallery/Ada Lovelace/'; python main.py enroll\n"
        prepare += "python main.py run --source clip.mp4 --headless --history --crops --events events.jsonl\n"
        subprocess.run(["sh", "-euc", prepare], cwd=folder, env=environment, check=True, capture_output=True)
    run = 0
    for block in blocks.of("sh"):
        if block.page == page and (script := runnable(block.text)).strip():
            done = subprocess.run(
                ["sh", "-euc", script], cwd=folder, env=environment, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{block.name}\n{script}\n{done.stdout}\n{done.stderr}"
            run += 1
    assert run
