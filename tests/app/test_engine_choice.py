from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from recognizer.app import config
from recognizer.app.build import engines
from recognizer.errors import EngineError
from recognizer.models.engines import processor
from recognizer.models.resolve import ResolvedModel


def test_int8_needs_vnni(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processor, "has_vnni", lambda: False)
    with pytest.raises(EngineError, match=r"openvino-int8 wants a processor .* pass --engine openvino"):
        engines.engine_name(config.load(None, {"engine": {"name": "openvino-int8"}}))
    assert engines.engine_name(config.load(None)) == "openvino"
    monkeypatch.setattr(processor, "has_vnni", lambda: True)
    assert engines.engine_name(config.load(None)) == "openvino-int8"


def test_int8_needs_measured_ranges(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processor, "has_vnni", lambda: True)
    settings = config.load(None, {"engine": {"name": "openvino-int8"}})
    own = ResolvedModel("own", tmp_path / "graph.onnx", "own-0123456789ab", "made up", None)
    assert engines.engine_of(settings, own) == "openvino"
    assert engines.engine_of(settings, replace(own, ranges=tmp_path / "ranges.npz")) == "openvino-int8"
