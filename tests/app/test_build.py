from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from recognizer.app import build, config
from recognizer.errors import EngineError
from recognizer.models.catalogue import SHIPPED_FOLDER
from recognizer.models.engines import processor
from recognizer.models.resolve import ResolvedModel
from recognizer.pipeline import Pipeline
from recognizer.source_context import SourceContext
from recognizer.types import U8, AlignedFaces, EventKind, FaceQuality, Frame, FrameResult
from tests.fakes import PaintedFaceDetector, PaintedFaceEmbedder, PaintedGallery, face_picture

PAINTED = ResolvedModel("painted", Path("painted.onnx"), "painted-0123456789ab", "made up", None)
FACE = FaceQuality(*(np.ones(1, np.float32) for _ in range(5)))


def run(pictures: list[U8], make_context: Callable[..., Callable[[str], SourceContext]]) -> list[FrameResult]:
    """Recognise pictures a second apart, with the state that the default settings keep of a source."""
    recognise = Pipeline(
        detector=PaintedFaceDetector(),
        embedder=PaintedFaceEmbedder(),
        index=PaintedGallery(),
        new_context=make_context(config.load(), PAINTED),
    )
    return [
        recognise.step(Frame(picture, number, float(number), "pictures")) for number, picture in enumerate(pictures)
    ]


def portrait(person: int) -> U8:
    """A face before the backdrop that all portraits of a studio share: its correlation hides the change of face."""
    image = face_picture((person, 0), width=800)
    texture = np.random.default_rng(0).integers(0, 256, (160, 160, 2), np.uint8)  # or it were too blurred to tell
    texture[60:100, 60:100] = image[60:100, 60:100, ::2]  # the fakes read the person there
    image[:, :160, ::2] = texture
    image[:, 160:] = np.linspace(0, 150, 640).astype(np.uint8)[None, :, None]
    return image


def test_nobody_is_followed_from_one_picture_of_a_folder_into_the_next() -> None:
    results = run([portrait(3), portrait(5), portrait(7)], build.photo_context)
    assert [who.name for result in results for who in result.identities] == ["person 3", "person 5", "person 7"]
    assert len({number for result in results for number in result.tracks.ids.tolist()}) == 3


def test_in_a_video_the_same_pictures_are_one_shot() -> None:
    results = run([portrait(3), portrait(5)], build.video_context)
    assert [(event.kind, event.track_id) for result in results for event in result.events] == [(EventKind.APPEARED, 1)]
    assert [result.tracks.ids.tolist() for result in results] == [[], [1]]


def test_torch_does_not_run_another_checkpoint_of_the_same_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECOGNIZER_CACHE", str(tmp_path))
    monkeypatch.delenv("RECOGNIZER_WEIGHTS", raising=False)
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints/iresnet18.pt").write_bytes(b"another one")
    resolved = ResolvedModel("iresnet18", tmp_path / "graph.onnx", "iresnet18-0123456789ab", "a bundle", None)
    with pytest.raises(EngineError, match=r"needs the checkpoint of iresnet18-0123456789ab, and .* is another one"):
        build.embedder(config.load(None, {"engine": {"name": "torch"}}), resolved)


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_a_graph_of_another_network_is_reported(engine: str) -> None:
    onet = SHIPPED_FOLDER / "mtcnn_onet.onnx"
    resolved = ResolvedModel("onet", onet, "onet-0123456789ab", "mine", None)
    embedder = build.embedder(config.load(None, {"engine": {"name": engine}}), resolved)
    with pytest.raises(EngineError, match=r"mtcnn_onet\.onnx does not take"):
        embedder.embed(AlignedFaces(np.zeros((1, 112, 112, 3), np.uint8), FACE))


@pytest.mark.skipif(not processor.has_vnni(), reason="a processor without VNNI")
def test_int8_without_measured_ranges_warns_and_runs_floats(logged_warnings: list[str]) -> None:
    settings = config.load(None, {"engine": {"name": "openvino-int8"}})
    graph = SHIPPED_FOLDER / "edgeface_xxs_own.onnx"
    build.embedder(settings, ResolvedModel("own", graph, "own-0123456789ab", "made up", None))
    assert logged_warnings == [
        "No int8 ranges are measured for own, so it runs in floats as with --engine openvino; 'models quantise' "
        "measures them."
    ]
