from __future__ import annotations

from pathlib import Path

import pytest

from recognizer.app.config import Settings, load
from recognizer.errors import ConfigError
from tests.conftest import ROOT

CONFIGS = ROOT / "configs"


def written(folder: Path, text: str) -> Path:
    path = folder / "settings.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults_need_no_file() -> None:
    assert load() == Settings()


def test_the_command_line_lies_over_the_file_key_by_key(tmp_path: Path) -> None:
    path = written(tmp_path, "detect: {min_face_px: 60, max_interval_s: 2}\nengine: {name: onnxruntime}\n")
    settings = load(path, {"detect": {"max_interval_s": 0.5, "cut": None}, "embed": {"model": None}})
    assert (settings.detect.min_face_px, settings.detect.max_interval_s) == (60, 0.5)
    assert settings.engine.name == "onnxruntime"


def test_an_empty_file_and_an_empty_section_say_nothing(tmp_path: Path) -> None:
    assert load(written(tmp_path, "")) == Settings()
    assert load(written(tmp_path, "detect:\n"), {"detect": {"cut": 1.0}}).detect.cut == 1.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("detect: {min_face: 30}", "unknown key 'detect.min_face', did you mean 'min_face_px'?"),
        ("detekt: {}", "unknown key 'detekt', did you mean 'detect'?"),
        ("zzz: 1", "unknown key 'zzz'; there are: source, sources, engine"),
        ("detect: {min_face_px: 3}", "'detect.min_face_px': input should be greater than or equal to 12, got 3"),
        ("detect: {min_face_px: big}", "'detect.min_face_px': input should be a valid number.*got 'big'"),
        ("track: {follow: fly}", "'track.follow': input should be 'own', 'onet' or 'copy', got 'fly'"),
        ("detect: 3", "'detect': input should be a valid dictionary.*got 3"),
        ("- a\n- b", "wanted sections such as 'detect:', got a list"),
        ("detect: {a: [}", "is not valid YAML"),
        ("detect: {max_interval_s: -1}\ntrack: {min_score: 2}", "detect.max_interval_s.*track.min_score"),
    ],
)
def test_an_error_names_its_key(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(written(tmp_path, text))


def test_a_missing_or_binary_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no settings file"):
        load(tmp_path / "none.yaml")
    (tmp_path / "b.yaml").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "b.yaml")


@pytest.mark.parametrize("name", ["file.yaml", "live.yaml", "edge-headless.yaml"])
def test_shipped_settings_load(name: str) -> None:
    load(CONFIGS / name)


def test_several_sources_in_the_file_and_on_the_command_line(tmp_path: Path) -> None:
    text = "sources: [clip.mp4, {location: 'rtsp://h/x', name: door, region: [0, 0.5, 1, 1], rotate_deg: 90}]"
    settings = load(written(tmp_path, text))
    assert [camera.location for camera in settings.cameras] == ["clip.mp4", "rtsp://h/x"]
    assert settings.cameras[1].region == (0, 0.5, 1, 1)
    assert [camera.location for camera in load(written(tmp_path, text), sources=["0"]).cameras] == ["0"]
    assert [camera.location for camera in load(sources=["0", "1"]).cameras] == ["0", "1"]
    assert [camera.location for camera in load(None, {"source": {"max_frames": 3}}, sources=["7"]).cameras] == ["7"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sources: [{locatoin: a}]", "unknown key 'sources.0.locatoin', did you mean 'location'?"),
        ("sources: [{rotate_deg: 45}]", "sources.0.rotate_deg"),
        ("sources: [{region: [0.5, 0, 0.5, 1]}]", "wanted left < right"),
        ("sources: 'rtsp://u:Gh7xQ2@h/x'", "got 'rtsp://h/x'"),
        ("source: {location: ['rtsp://u:Gh7xQ2@h/x']}", "source.location"),
        ("source: 'rtsp://u:Gh7xQ2@h/x'", "'source'"),
        ("source: {rtsp://u:Gh7xQ2@h/x: 1}", "unknown key"),
    ],
)
def test_errors_in_sources_hide_passwords(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        load(written(tmp_path, text))
    assert "Gh7xQ2" not in str(caught.value)


def test_home_and_variables_are_expanded_in_paths_and_not_in_addresses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SITE", "yard")
    text = "gallery: {folder: ~/g}\nsource: {location: '~/$SITE.mp4'}\nemit: {events: ~/e.jsonl, video: $HOME/v.mp4}\n"
    settings = load(written(tmp_path, text))
    assert settings.gallery.folder == tmp_path / "g"
    assert settings.source.location == str(tmp_path / "yard.mp4")
    assert (settings.emit.events, settings.emit.video) == (str(tmp_path / "e.jsonl"), tmp_path / "v.mp4")
    address = "rtsp://user:$SITE~@camera/1"
    assert load(None, sources=[address]).source.location == address


def test_a_webcam_may_be_a_number(tmp_path: Path) -> None:
    assert load(written(tmp_path, "source: {location: 0}\n")).source.location == "0"
    assert [camera.location for camera in load(written(tmp_path, "sources: [0, 1]\n")).cameras] == ["0", "1"]
