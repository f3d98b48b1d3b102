"""One strict reader for all YAML files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from recognizer import strict_yaml
from recognizer.app import config
from recognizer.errors import ConfigError, InputError, RecognizerError
from recognizer.evaluation.truth import read_truth
from recognizer.models import spec_file
from tests.conftest import ROOT

HIDDEN = "hunter2secret"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("# only a comment\n", None),
        ("a: [1, -2.5, .5, 1e-4, 0x1F, 0o17, 010, true, FALSE, null, ~]", [1, -2.5, 0.5, 1e-4, 31, 15, 10]),
        ("a: [no, yes, on, 12:30:45, 2024-13-45, 1_000, =, <<]", ["no", "yes", "on", "12:30:45", "2024-13-45"]),
        ("a: ['1', \"true\", '~', '*x', '!x']", ["1", "true", "~", "*x", "!x"]),
        ("a: |\n  two\n  lines\n", "two\nlines\n"),
        ("\ufeffa: 1", 1),
    ],
)
def test_values(text: str, value: Any, tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_text(text, encoding="utf-8")
    read = strict_yaml.read(tmp_path / "f.yaml", kind="file", error=ConfigError)
    got: Any = (read or {}).get("a")
    assert (got[: len(value)] if isinstance(value, list) else got) == value


def test_words_that_are_values_of_yaml_1_2() -> None:
    assert strict_yaml.loads("[true, FALSE, null, ~]") == [True, False, None, None]
    assert strict_yaml.loads("[1_000, =, <<]") == ["1_000", "=", "<<"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"a: &x 1\nb: *{HIDDEN}", "anchors and aliases.*line 1, column 4"),
        (f"a: *{HIDDEN}", "anchors and aliases"),
        (f"*{HIDDEN} : 1", "anchors and aliases"),
        (f"a: !{HIDDEN} x", "tags"),
        ("a: ! x", "tags"),
        ("a: !!python/object/apply:os.system [touch x]", "tags"),
        (f"{HIDDEN}: 1\n{HIDDEN}: 2", "twice, in line 2"),
        ("1: a\n'1': b", "twice"),
        (f"a: {{{HIDDEN}: 1, {HIDDEN}: 2}}", "twice"),
        (f"? [{HIDDEN}]\n: 1", "a key is no word"),
        ("[" * 5000, "20 deep"),
        ("a:\n" + "".join("  " * n + "- \n" for n in range(1, 30)), "20 deep|valid"),
        ("[" + "1," * 100_001 + "]", "100,000 entries"),
        ("a: " + "9" * 5000, "60 digits"),
        ("a: .nan", "not finite"),
        ("a: -.INF", "not finite"),
        ("a: 1e999", "not finite"),
        ("a: 1\n---\nb: 2", "several documents"),
        (f"a: [{HIDDEN}", "line 1"),
        (f"a: '{HIDDEN}", "line 1"),
        (f'a: "\\{HIDDEN}"', "line 1"),
        (f"a: {HIDDEN}\n b: {HIDDEN}: x", "line 2"),
        (f"a: @{HIDDEN}", "line 1"),
        (f"%{HIDDEN}\na: 1", "line 1|valid"),
        (f"!e!{HIDDEN} a", "line 1"),
        (f"a: {HIDDEN}\x07", "control characters"),
        ("a: \t" + HIDDEN + "\n\tb: 1", "line"),
    ],
)
def test_what_is_refused_says_where_and_quotes_nothing(text: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=reason) as caught:
        strict_yaml.read(tmp_path / "f.yaml", kind="file", error=InputError)
    assert HIDDEN not in str(caught.value)
    assert str(caught.value).startswith(f"The file {tmp_path / 'f.yaml'} cannot be read, it is not valid YAML: ")


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"\xff\xfe\x00", "not UTF-8"), (b"a: 1\n" * 300_000, "larger than 1 MB"), (None, "There is no file")],
)
def test_files_that_are_no_text(data: bytes | None, reason: str, tmp_path: Path) -> None:
    if data is not None:
        (tmp_path / "f.yaml").write_bytes(data)
    with pytest.raises(ConfigError, match=reason):
        strict_yaml.read(tmp_path / "f.yaml", kind="file", error=ConfigError)


def test_an_endless_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="larger than"):
        strict_yaml.read(Path("/dev/zero"), kind="file", error=ConfigError)
    with pytest.raises(ConfigError, match="cannot be read"):
        strict_yaml.read(tmp_path, kind="file", error=ConfigError)


@pytest.mark.parametrize(
    "value", ["1e5", "no", "010", "true", ".nan", "~", "", "0o17", "2024-01-01", "*a", "名前", "a: b"]
)
def test_what_is_written_reads_back(value: str) -> None:
    shared = [value]
    whole = {"a": value, "b": shared, "c": shared}
    assert strict_yaml.loads(strict_yaml.dumps(whole)) == whole
    assert strict_yaml.loads(strict_yaml.dumps(whole, flow=True)) == whole


@pytest.mark.parametrize("text", [f"a: *{HIDDEN}", f"a: !{HIDDEN} 1", f"{HIDDEN}: 1\n{HIDDEN}: 1", "[" * 9000])
def test_every_reader_of_yaml_is_the_strict_one(text: str, tmp_path: Path) -> None:
    path = tmp_path / "graph.yaml"
    path.write_text(text)
    readers = (config.load, read_truth, beside, inline(text))
    for read in readers:
        with pytest.raises(RecognizerError, match="YAML") as caught:
            read(path)
        assert HIDDEN not in str(caught.value)


def beside(path: Path) -> Any:
    return spec_file.beside(path.with_suffix(".onnx"))


def inline(text: str) -> Any:
    return lambda _: spec_file.inline(text.replace("\n", ", "))


def test_nobody_reads_yaml_in_another_way() -> None:
    for file in sorted((ROOT / "recognizer").rglob("*.py")):
        if file.name != "strict_yaml.py":
            assert "import yaml" not in file.read_text("utf-8"), file


def test_an_address_as_a_name_shows_no_password(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(f"source: {{location: 0, name: 'rtsp://u:{HIDDEN}@h/x'}}\nsources: [0, {{location: 1}}]")
    settings = config.load(path)
    assert settings.source.name == "rtsp://h/x"
    assert [camera.location for camera in settings.cameras] == ["0", "1"]
