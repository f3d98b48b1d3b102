"""ArcFace graphs of others through the embedder, against ONNX Runtime fed directly with a preprocessing of its own."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from recognizer.align import align
from recognizer.app import build, config
from recognizer.errors import ConfigError, EngineError
from recognizer.models.resolve import resolve
from recognizer.protocols import Embedder
from recognizer.types import F32, U8, AlignedFaces
from tests.embed import graphs

PUBLISHED_112 = [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
"""``face_align.py`` and the zoo's ``face_preprocess.py`` (there x + 8 on 96 px templates)."""


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECOGNIZER_CACHE", str(tmp_path / "cache"))


def scene() -> tuple[U8, F32]:
    """A smooth picture, and the landmarks of three faces in it."""
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (30, 40, 3), np.uint8)
    image = cv2.resize(small, (640, 480), interpolation=cv2.INTER_CUBIC)
    template = np.array(PUBLISHED_112)
    places = np.array([[40, 60], [300, 200], [420, 30]])
    points = template * np.array([1.3, 0.8, 1.0])[:, None, None] + places[:, None]
    points[1] += rng.normal(0, 2, (5, 2))
    return np.asarray(image, np.uint8), points.astype(np.float32)


def warped(image: U8, points: F32, template: F32, size_px: int) -> list[U8]:
    """RGB crops by the least-squares similarity, solved as a linear system."""
    crops = []
    for face in points.astype(np.float64):
        rows, wanted = [], []
        for (x, y), (u, v) in zip(face, template, strict=True):
            rows += [[x, -y, 1, 0], [y, x, 0, 1]]
            wanted += [u, v]
        a, b, c, d = np.linalg.lstsq(np.array(rows), np.array(wanted), rcond=None)[0]
        matrix = np.array([[a, -b, c], [b, a, d]])
        crop = cv2.warpAffine(image, matrix, (size_px, size_px), flags=cv2.INTER_LINEAR)
        crops.append(np.asarray(crop[:, :, ::-1], np.uint8))
    return crops


def aligned(image: U8, points: F32, embedder: Embedder) -> AlignedFaces:
    count = len(points)
    boxes = np.stack([points.min(axis=1), points.max(axis=1)], axis=1).reshape(count, 4)
    return align(image, points, np.ones(count, np.float32), cut=embedder.spec.crop, boxes=boxes)


def unit(vectors: F32) -> F32:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def made(path: Path, engine: str, **embed: object) -> Embedder:
    return build.embedder(config.load(None, {"engine": {"name": engine}, "embed": {"model": str(path), **embed}}))


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
@pytest.mark.parametrize("stages", [graphs.SMALL_STAGES, pytest.param(graphs.ZOO_STAGES, marks=pytest.mark.slow)])
def test_the_zoos_graph_gives_what_it_gives_when_fed_directly(
    engine: str, stages: tuple[tuple[int, int], ...], tmp_path: Path
) -> None:
    graphs.write_zoo(tmp_path / "arcface.onnx", stages=stages)
    (tmp_path / "arcface.yaml").write_text("like: arcface_zoo\n")
    image, points = scene()
    embedder = made(tmp_path / "arcface.onnx", engine)
    came = embedder.embed(aligned(image, points, embedder))
    crops = warped(image, points, np.array(PUBLISHED_112), 112)
    inputs = np.stack([crop.transpose(2, 0, 1) for crop in crops]).astype(np.float32)  # RGB 0..255
    fed = graphs.run(tmp_path / "arcface.onnx", inputs)
    assert float((came.vectors * unit(fed)).sum(axis=1).min()) > 0.9999
    np.testing.assert_allclose(came.norms, np.linalg.norm(fed, axis=1), rtol=2e-2)
    assert float(unit(fed)[0] @ unit(fed)[1]) < 0.999  # the faces differ, so that agreement means something


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_an_insightface_graph_with_facts_of_its_own(engine: str, tmp_path: Path) -> None:
    """BGR, another size, template, mean and dimension: every fact counts."""
    graphs.write_insightface(tmp_path / "mine.onnx", dimension=96, size_px=128)
    template = np.array(PUBLISHED_112) + np.array([8, 6])
    (tmp_path / "mine.yaml").write_text(
        f"size: 128\ncrop: {template.tolist()}\ncolour: bgr\nmean: [100, 110, 120]\nstd: 60\ndimension: 96\n"
    )
    image, points = scene()
    embedder = made(tmp_path / "mine.onnx", engine)
    came = embedder.embed(aligned(image, points, embedder))
    crops = warped(image, points, template, 128)
    inputs = np.stack([(crop[:, :, ::-1] - np.array([100.0, 110, 120])) / 60 for crop in crops]).transpose(0, 3, 1, 2)
    fed = graphs.run(tmp_path / "mine.onnx", np.ascontiguousarray(inputs, np.float32))
    assert came.vectors.shape == (3, 96)
    assert float((came.vectors * unit(fed)).sum(axis=1).min()) > 0.9999
    for other in ("colour: rgb", "mean: 127.5", "crop: arcface"):
        changed = made(tmp_path / "mine.onnx", engine, spec=other)
        there = changed.embed(aligned(image, points, changed))
        assert changed.model != embedder.model
        assert float((there.vectors * unit(fed)).sum(axis=1).max()) < 0.9999


def test_the_packs_preprocessing_is_insightfaces(tmp_path: Path) -> None:
    graphs.write_insightface(tmp_path / "w600k_r50.onnx")
    image, points = scene()
    embedder = made(tmp_path / "w600k_r50.onnx", "onnxruntime", spec="insightface")
    came = embedder.embed(aligned(image, points, embedder))
    crops = [np.ascontiguousarray(crop[:, :, ::-1]) for crop in warped(image, points, np.array(PUBLISHED_112), 112)]
    blob = cv2.dnn.blobFromImages(crops, 1 / 127.5, (112, 112), (127.5, 127.5, 127.5), swapRB=True)
    fed = graphs.run(tmp_path / "w600k_r50.onnx", np.asarray(blob, np.float32))
    assert float((came.vectors * unit(fed)).sum(axis=1).min()) > 0.9999


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (None, r"mine-\w{12} gives no vectors: wanted vectors of 512 numbers, got 683 \(1, 96\).*--spec"),
        ("insightface", r"gives no vectors: wanted a single output of 512 numbers, got its output \(1, 96\)"),
        ("like: insightface, size: 160, dimension: 96", r"mine\.onnx does not take \(1, 3, 160, 160\)"),
        ("like: insightface, output: vectors, dimension: 96", r"wanted vectors of 96 numbers, got 683"),
    ],
    ids=["no spec", "dimension", "size", "output"],
)
@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_a_graph_that_does_not_fit_its_spec_is_refused_at_once(
    spec: str | None, message: str, engine: str, tmp_path: Path
) -> None:
    graphs.write_insightface(tmp_path / "mine.onnx", dimension=96)
    with pytest.raises(EngineError, match=message):
        made(tmp_path / "mine.onnx", engine, spec=spec)


def test_a_graph_does_not_run_on_torch_and_a_spec_is_for_graphs(tmp_path: Path) -> None:
    graphs.write_insightface(tmp_path / "mine.onnx")
    with pytest.raises(EngineError, match=r"mine\.onnx is an ONNX graph, which torch does not run"):
        made(tmp_path / "mine.onnx", "torch", spec="insightface")
    with pytest.raises(ConfigError, match=r"A spec is for an \.onnx file of your own; that of iresnet50 is known"):
        resolve("iresnet50", cache_dir=tmp_path, spec={"like": "insightface"})


def test_a_graph_without_a_classifier_has_no_classes(tmp_path: Path) -> None:
    graphs.write_insightface(tmp_path / "mine.onnx")
    settings = config.load(None, {"embed": {"model": str(tmp_path / "mine.onnx"), "spec": "insightface"}})
    with pytest.raises(EngineError, match="mine has no classes; facenet_vggface2 and facenet_casia have"):
        build.classifier(settings, build.model(settings))
