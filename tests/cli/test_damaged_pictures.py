"""One damaged picture stops no command: its plug-in raises what Pillow does not document."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from recognizer.errors import ImageError
from tests.conftest import ROOT


def save_damaged(path: Path) -> None:
    """An AVIF whose header is right and whose data are zeros: Pillow raises RuntimeError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.effect_noise((64, 64), 60).convert("RGB").save(path)
    data = path.read_bytes()
    begin = data.index(b"mdat") + 4
    path.write_bytes(data[:begin] + bytes(len(data) - begin))


@pytest.fixture
def gallery(shared_data: Path, tmp_path: Path) -> Path:
    for name in ("Monica", "Joey"):
        photo = shared_data / "data" / "video" / "friends_gallery" / name / "1.png"
        (tmp_path / "gallery" / name).mkdir(parents=True)
        shutil.copyfile(photo, tmp_path / "gallery" / name / "1.png")
    save_damaged(tmp_path / "gallery" / "Monica" / "2.avif")
    return tmp_path / "gallery"


def command(data: Path, *words: str | Path, keep_input: bool = True) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, str(ROOT / "main.py"), *map(str, words)]
    program += ["--model", "edgeface_xs_q", "--weights-dir", str(data / "weights")]
    shell = ["sh", "-c", 'exec "$@"' if keep_input else 'exec "$@" <&-', "sh", *program]
    return subprocess.run(shell, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.long
@pytest.mark.weights
def test_enroll_identify_predict_and_a_folder_source_go_on(shared_data: Path, tmp_path: Path, gallery: Path) -> None:
    done = command(shared_data, "enroll", "--gallery", gallery, "--json")
    assert done.returncode == 0
    accepted = {f"{photo['person']}/{photo['file']}": photo["accepted"] for photo in json.loads(done.stdout)["photos"]}
    assert accepted == {"Joey/1.png": True, "Monica/1.png": True, "Monica/2.avif": False}
    pictures = tmp_path / "pictures"
    save_damaged(pictures / "1.avif")
    shutil.copyfile(gallery / "Joey" / "1.png", pictures / "2.png")
    done = command(shared_data, "identify", pictures, "--gallery", gallery, "--json")
    assert (done.returncode, [row["name"] for row in json.loads(done.stdout)]) == (0, ["Joey"])
    assert "1.avif" in done.stderr
    done = command(shared_data, "run", "--source", pictures, "--gallery", gallery, "--headless", "--events", "-")
    assert done.returncode == 0
    done = command(shared_data, "predict", pictures, "-o", tmp_path / "x.npz", "--cache", tmp_path / "cache")
    assert done.returncode == 0
    done = command(shared_data, "verify", pictures / "1.avif", pictures / "2.png")
    assert done.returncode == ImageError.exit_code


@pytest.mark.long
@pytest.mark.weights
def test_who_is_forgotten_is_reported(shared_data: Path, gallery: Path) -> None:
    assert command(shared_data, "enroll", "--gallery", gallery).returncode == 0
    shutil.rmtree(gallery / "Joey")
    done = command(shared_data, "identify", gallery / "Monica" / "1.png", "--gallery", gallery)
    assert done.returncode == 0
    assert "Joey is forgotten" in done.stderr


@pytest.mark.long
@pytest.mark.weights
def test_people_are_forgotten_without_a_standard_input(shared_data: Path, gallery: Path) -> None:
    assert command(shared_data, "enroll", "--gallery", gallery).returncode == 0
    shutil.rmtree(gallery / "Joey")
    assert command(shared_data, "enroll", "--gallery", gallery, keep_input=False).returncode == 0
