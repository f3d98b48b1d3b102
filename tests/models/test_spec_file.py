from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from recognizer.errors import ConfigError
from recognizer.models.published_specs import EDGEFACE, FACENET, INSIGHTFACE
from recognizer.models.spec_file import KINDS, as_yaml, beside, digest_with, inline, spec_from
from recognizer.types.spec import Colour, CropSpec, EmbedderSpec, arcface_template

WHOLE: dict[str, Any] = {"size": 112, "crop": "arcface", "colour": "rgb", "mean": 127.5, "std": 127.5, "dimension": 512}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_printed_of_a_kind_reads_back_as_that_kind(kind: str) -> None:
    printed = spec_from(yaml.safe_load(as_yaml(KINDS[kind])), "here")
    expected = KINDS[kind] if kind != "facenet" else EmbedderSpec(crop=FACENET.crop, mean=127.5, std=128.0)
    assert printed == expected
    assert spec_from({"like": kind}, "here") == KINDS[kind]


def test_a_file_may_start_from_a_kind_or_say_everything() -> None:
    assert spec_from({"like": "insightface", "dimension": 256, "colour": "bgr"}, "here") == EmbedderSpec(
        dimension=256, colour=Colour.BGR, output=None
    )
    assert spec_from(WHOLE, "here") == INSIGHTFACE
    assert spec_from({**WHOLE, "size": 128}, "here").crop == CropSpec(128, arcface_template(128))
    boxed = spec_from({**WHOLE, "crop": "box", "margin": 20}, "here")
    assert boxed.crop == CropSpec(112, None, 20)
    assert spec_from({"like": "facenet", "size": 224}, "here").crop == CropSpec(224, None)
    points = [[float(n), float(n)] for n in range(5)]
    assert spec_from({**WHOLE, "crop": points, "mean": [1, 2, 3]}, "here").crop.template == tuple(map(tuple, points))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "without 'like' these are required too: size, crop, colour, mean, std, dimension"),
        ({**WHOLE, "color": "rgb"}, "there is no key 'color'; there are: like, size, crop"),
        ({**WHOLE, "colour": "grey"}, "'colour': input should be 'rgb' or 'bgr', got 'grey'"),
        ({**WHOLE, "crop": [[1, 2]]}, "'crop'"),
        ({**WHOLE, "std": 0}, "'std'"),
        ({**WHOLE, "std": [1, 1, 0]}, "std: wanted numbers above 0"),
        ({**WHOLE, "size": 4}, "'size'"),
        ({**WHOLE, "norm_range": [30, 10]}, "norm_range: wanted the length of a hopeless vector"),
        ({**WHOLE, "crop": "box", "margin": 112}, "margin: wanted fewer px than size"),
        ({"like": "facenet", "margin": 160}, "margin: wanted fewer px than size"),
        ({"like": "resnet"}, "'like'"),
    ],
)
def test_what_cannot_be_understood_names_the_key(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        spec_from(values, "mine.yaml")
    assert str(caught.value).startswith("mine.yaml: ")
    assert message in str(caught.value)


def test_in_one_line() -> None:
    assert inline("insightface") == {"like": "insightface"}
    assert inline("like: edgeface, mean: [1, 2, 3]") == {"like": "edgeface", "mean": [1, 2, 3]}
    for odd in ("nonsense", "like: [", "insightface, colour: bgr"):
        with pytest.raises(ConfigError, match="--spec: wanted"):
            inline(odd)


def test_beside_a_graph(tmp_path: Path) -> None:
    assert beside(tmp_path / "a.onnx") is None
    (tmp_path / "a.yml").write_text("like: insightface")
    assert beside(tmp_path / "a.onnx") == {"like": "insightface"}
    (tmp_path / "b.yaml").write_text("- a list")
    with pytest.raises(ConfigError, match=r"b\.yaml: wanted keys"):
        beside(tmp_path / "b.onnx")
    (tmp_path / "c.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"c\.yaml cannot be read"):
        beside(tmp_path / "c.onnx")


def test_what_changes_vectors_changes_the_fingerprint_and_nothing_else_does() -> None:
    assert digest_with(EDGEFACE, "ab12") == "ab12"
    base = digest_with(INSIGHTFACE, "ab12")
    other = {
        digest_with(spec_from({"like": "insightface", **change}, "here"), "ab12")
        for change in ({"colour": "bgr"}, {"mean": 0.0}, {"std": 128}, {"size": 128}, {"crop": "box"}, {"output": "a"})
    }
    assert len(other | {base, "ab12"}) == 8
    same = spec_from(
        {"like": "insightface", "mean": [127.5] * 3, "fixed_batch_one": True, "norm_range": [1, 2]}, "here"
    )
    assert digest_with(spec_from({"like": "insightface", "fixed_batch_one": True}, "here"), "ab12") == base
    assert digest_with(same, "ab12") != digest_with(EDGEFACE, "ab12")


def test_the_old_name_of_a_key_is_read_with_a_warning(logged_warnings: list[str]) -> None:
    spec = spec_from({"like": "insightface", "one_by_one": True}, "mine.yaml")
    assert spec == replace(INSIGHTFACE, fixed_batch_one=True)
    assert len(logged_warnings) == 1
    assert logged_warnings[0].startswith("mine.yaml: one_by_one is now called fixed_batch_one")
