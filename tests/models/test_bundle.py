from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recognizer.errors import OutputError, WeightsError
from recognizer.models import bundle
from recognizer.models.bundle import Imported, export_bundle, import_graphs
from recognizer.models.cache import CONVERTER_VERSION, Cache
from recognizer.models.catalogue import CATALOGUE, SHIPPED_FOLDER
from recognizer.models.resolve import resolve

SIGNED = "some_model-0123456789ab"


@pytest.fixture
def full(tmp_path: Path) -> Cache:
    def make(target: Path) -> float:
        target.write_bytes(b"graph" * 1000)
        return 1.0

    cache = Cache(tmp_path / "full")
    cache.add_graph("some_model", SIGNED, make)
    return cache


def anything(graph: Path, name: str) -> None:
    """Accept every graph."""


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
    assert [each.name for each in import_graphs(tmp_path / "b.zip", other, attempt=anything)] == ["some_model"]
    graph = other.graph(SIGNED)
    assert graph is not None
    assert graph.read_bytes() == b"graph" * 1000
    assert other.manifest(SIGNED) == full.manifest(SIGNED)
    assert [each.name for each in import_graphs(tmp_path / "b.zip", other, attempt=anything)] == ["some_model"]


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
        "names a graph": rewritten(good, tmp_path / "2.zip", manifest=escaping.encode()),
        "converter 999": rewritten(good, tmp_path / "3.zip", manifest=newer.encode()),
        "no manifest": rewritten(good, tmp_path / "4.zip", manifest=b"[]"),
    }
    (tmp_path / "5.zip").write_bytes(good.read_bytes()[:200])
    cases["no readable bundle"] = tmp_path / "5.zip"
    for message, path in cases.items():
        empty = Cache(tmp_path / "empty")
        with pytest.raises(WeightsError, match=message):
            import_graphs(path, empty, attempt=anything)
        assert empty.graph(SIGNED) is None


def zipped(path: Path, members: dict[str, bytes], *, compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as bundle:
        for name, data in members.items():
            bundle.writestr(name, data)
    return path


def listed(graph: bytes, **changed: Any) -> bytes:
    model = {"name": "edgeface_xs_q", "fingerprint": "edgeface_xs_q-6177cb0d59a9", "parity": 1.0}
    model["sha256"] = hashlib.sha256(graph).hexdigest()
    return json.dumps({"converter": CONVERTER_VERSION, "models": [model | changed]}).encode()


GRAPH = "edgeface_xs_q-6177cb0d59a9.onnx"


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "../../x"},
        {"name": ["edgeface_xs_q"]},
        {"name": "edgeface_xs"},
        {"fingerprint": "../../x-0123456789ab"},
        {"parity": "abc"},
        {"parity": float("nan")},
        {"parity": True},
        {"sha256": 5},
        {"sha256": "../x"},
        {"more": 1},
    ],
)
def test_a_manifest_with_other_values_is_refused(changed: dict[str, Any], tmp_path: Path) -> None:
    path = zipped(tmp_path / "b.zip", {"manifest.json": listed(b"x", **changed), GRAPH: b"x"})
    with pytest.raises(WeightsError, match=r"manifest|version"):
        import_graphs(path, Cache(tmp_path / "cache"), attempt=anything)
    assert not list(tmp_path.rglob("*.onnx"))


@pytest.mark.parametrize(
    "manifest", [b"[" * 60_000, b"[1, 2]", b"{}", b"\xff", b'{"converter": 2, "models": {}}', b" " * 70_000]
)
def test_a_manifest_that_is_none_is_refused(manifest: bytes, tmp_path: Path) -> None:
    path = zipped(tmp_path / "b.zip", {"manifest.json": manifest})
    with pytest.raises(WeightsError, match="manifest"):
        import_graphs(path, Cache(tmp_path / "cache"), attempt=anything)


def test_sizes_are_limited_before_anything_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path / "cache")
    many = zipped(tmp_path / "many.zip", {f"{n}": b"" for n in range(2000)})
    with pytest.raises(WeightsError, match="more members"):
        import_graphs(many, cache, attempt=anything)
    models = json.loads(listed(b"x"))["models"] * (bundle.MAX_MODELS + 1)
    manifest = json.dumps({"converter": CONVERTER_VERSION, "models": models}).encode()
    with pytest.raises(WeightsError, match="at most 64"):
        import_graphs(zipped(tmp_path / "l.zip", {"manifest.json": manifest}), cache, attempt=anything)
    monkeypatch.setattr(bundle, "MAX_TOTAL_BYTES", 10)
    with pytest.raises(WeightsError, match="unpacks to more"):
        import_graphs(zipped(tmp_path / "t.zip", {"manifest.json": listed(b"x"), GRAPH: b"x"}), cache, attempt=anything)
    monkeypatch.undo()
    monkeypatch.setattr(bundle, "MAX_GRAPH_BYTES", 10)
    large = zipped(tmp_path / "large.zip", {"manifest.json": listed(b"x" * 11), GRAPH: b"x" * 11})
    with pytest.raises(WeightsError, match="claims 11 bytes"):
        import_graphs(large, cache, attempt=anything)
    assert not list(cache.folder.rglob("*.onnx"))


def test_any_flipped_bit_is_refused_or_harmless(full: Cache, tmp_path: Path) -> None:
    export_bundle(tmp_path / "good.zip", full, [SIGNED])
    good = (tmp_path / "good.zip").read_bytes()
    for place in range(len(good)):
        data = bytearray(good)
        data[place] ^= 1 << (place % 8)
        (tmp_path / "b.zip").write_bytes(data)
        cache = Cache(tmp_path / f"{place}")
        with contextlib.suppress(WeightsError):
            import_graphs(tmp_path / "b.zip", cache, attempt=anything)
        found = cache.graph(SIGNED)
        assert found is None or found.read_bytes() == b"graph" * 1000
        shutil.rmtree(cache.folder, ignore_errors=True)


@pytest.mark.parametrize("kind", ["encrypted", "unknown compression"])
def test_members_that_cannot_be_unpacked_are_refused(kind: str, full: Cache, tmp_path: Path) -> None:
    export_bundle(tmp_path / "b.zip", full, [SIGNED])
    data = bytearray((tmp_path / "b.zip").read_bytes())
    for magic, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        place = data.find(magic)
        data[place + flags + (0 if kind == "encrypted" else 2)] = 1 if kind == "encrypted" else 99
    (tmp_path / "b.zip").write_bytes(data)
    with pytest.raises(WeightsError, match="no readable bundle"):
        import_graphs(tmp_path / "b.zip", Cache(tmp_path / "c"), attempt=anything)


def test_a_graph_that_does_not_work_is_refused(tmp_path: Path) -> None:
    """In a process of its own: what is no graph, a graph of other inputs, one whose vectors are zero or constant."""
    other = (SHIPPED_FOLDER / "mtcnn_onet.onnx").read_bytes()
    for graph, reason in ((b"no graph", "refused"), (other, "refused"), (constant_graph(), "zero|same vector")):
        path = zipped(tmp_path / "b.zip", {"manifest.json": listed(graph), GRAPH: graph})
        with pytest.raises(WeightsError, match=reason):
            import_graphs(path, Cache(tmp_path / "cache"))
    assert not list(tmp_path.rglob("*.onnx"))


def constant_graph() -> bytes:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    nodes = [
        helper.make_node("GlobalAveragePool", ["faces"], ["p"]),
        helper.make_node("Flatten", ["p"], ["f"]),
        helper.make_node("MatMul", ["f", "w"], ["vectors"]),
    ]
    faces = helper.make_tensor_value_info("faces", TensorProto.FLOAT, ["b", 3, 112, 112])
    vectors = helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["b", 512])
    weights = numpy_helper.from_array(np.zeros((3, 512), np.float32), "w")
    graph = helper.make_graph(nodes, "g", [faces], [vectors], [weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    data: bytes = onnx.ModelProto.SerializeToString(model)
    return data


def test_a_graph_is_verified_only_by_the_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = (SHIPPED_FOLDER / "edgeface_xxs_own.onnx").read_bytes()  # works, and is not xs_q's
    path = zipped(tmp_path / "b.zip", {"manifest.json": listed(graph), GRAPH: graph})
    cache = Cache(tmp_path / "cache")
    assert import_graphs(path, cache) == [Imported("edgeface_xs_q", verified=False)]
    found = resolve("edgeface_xs_q", cache_dir=cache.folder, offline=True)
    assert found.origin.endswith("it came in a bundle: unverified")
    assert resolve("edgeface_xs_q-6177cb0d59a9", cache_dir=cache.folder).origin.endswith("unverified")
    digest = hashlib.sha256(graph).hexdigest()
    monkeypatch.setitem(CATALOGUE, "edgeface_xs_q", replace(CATALOGUE["edgeface_xs_q"], graph_sha256=digest))
    assert import_graphs(path, Cache(tmp_path / "other"), attempt=anything) == [Imported("edgeface_xs_q", True)]
    assert "unverified" not in resolve("edgeface_xs_q", cache_dir=cache.folder, offline=True).origin


def test_a_bundle_cannot_say_that_its_graph_was_converted_here(full: Cache, tmp_path: Path) -> None:
    path = zipped(tmp_path / "b.zip", {"manifest.json": listed(b"x", brought=False), GRAPH: b"x"})
    cache = Cache(tmp_path / "cache")
    import_graphs(path, cache, attempt=anything)
    manifest = cache.manifest("edgeface_xs_q-6177cb0d59a9")
    assert manifest is not None
    assert manifest.brought
