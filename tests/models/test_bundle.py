from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from recognizer.errors import OutputError, WeightsError
from recognizer.models.bundle import export_bundle, import_bundle
from recognizer.models.cache import Cache

SIGNED = "some_model-0123456789ab"


@pytest.fixture
def full(tmp_path: Path) -> Cache:
    def make(target: Path) -> float:
        target.write_bytes(b"graph" * 1000)
        return 1.0

    cache = Cache(tmp_path / "full")
    cache.add_graph("some_model", SIGNED, make)
    return cache


def rewritten(bundle: Path, target: Path, **changed: bytes) -> Path:
    """Copy a bundle with some members replaced; ``manifest_json`` stands for ``manifest.json``."""
    with zipfile.ZipFile(bundle) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            key = "graph" if name.endswith(".onnx") else "manifest"
            new.writestr(name, changed.get(key, old.read(name)))
    return target


def test_there_and_back(full: Cache, tmp_path: Path) -> None:
    export_bundle(tmp_path / "b.zip", full, [SIGNED])
    other = Cache(tmp_path / "other")
    assert import_bundle(tmp_path / "b.zip", other) == ["some_model"]
    graph = other.graph(SIGNED)
    assert graph is not None
    assert graph.read_bytes() == b"graph" * 1000
    assert other.manifest(SIGNED) == full.manifest(SIGNED)
    assert import_bundle(tmp_path / "b.zip", other) == ["some_model"]


def test_what_is_not_converted_is_not_packed(full: Cache, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="holds no converted other_model"):
        export_bundle(tmp_path / "b.zip", full, ["other_model-0123456789ab"])
    with pytest.raises(OutputError, match="cannot be written"):
        export_bundle(tmp_path / "missing" / "b.zip", full, [SIGNED])


def test_damaged_bundles_are_refused(full: Cache, tmp_path: Path) -> None:
    good = tmp_path / "b.zip"
    export_bundle(good, full, [SIGNED])
    content = json.loads(zipfile.ZipFile(good).read("manifest.json"))
    escaping = json.dumps(content | {"models": [content["models"][0] | {"fingerprint": "../../x-0123456789ab"}]})
    newer = json.dumps(content | {"converter": 999})
    cases = {
        "is damaged": rewritten(good, tmp_path / "1.zip", graph=b"other"),
        "another version": rewritten(good, tmp_path / "2.zip", manifest=escaping.encode()),
        "converter 999": rewritten(good, tmp_path / "3.zip", manifest=newer.encode()),
        "no manifest": rewritten(good, tmp_path / "4.zip", manifest=b"[]"),
    }
    (tmp_path / "5.zip").write_bytes(good.read_bytes()[:200])
    cases["no readable bundle"] = tmp_path / "5.zip"
    for message, path in cases.items():
        empty = Cache(tmp_path / "empty")
        with pytest.raises(WeightsError, match=message):
            import_bundle(path, empty)
        assert empty.graph(SIGNED) is None
