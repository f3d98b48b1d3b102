from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from recognizer.align import align
from recognizer.app import build
from recognizer.app.config import load
from recognizer.capture.pictures import read_picture
from recognizer.embed.embedder import BATCH, GraphEmbedder, normalised
from recognizer.errors import EngineError
from recognizer.models.published_specs import ARCFACE_ZOO, EDGEFACE, IRESNET, MAGFACE
from recognizer.types import AlignedFaces, FaceQuality


class SumsOfColumns:
    """A stand-in graph: its first numbers are the mean colours of the left and of the right half."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def run(self, inputs: NDArray[np.float32]) -> Mapping[str, NDArray[np.float32]]:
        self.batches.append(len(inputs))
        vectors = np.zeros((len(inputs), 512), np.float32)
        vectors[:, :3] = inputs[..., :56].mean(axis=(2, 3))
        vectors[:, 3:6] = inputs[..., 56:].mean(axis=(2, 3))
        return {"vectors": vectors}


def faces(count: int) -> AlignedFaces:
    crops = np.random.default_rng(0).integers(0, 256, (count, 112, 112, 3), np.uint8)
    quality = FaceQuality(*(np.ones(count, np.float32) for _ in range(5)))
    return AlignedFaces(crops, quality)


def test_input_is_rgb_first_axis_from_minus_one_to_one() -> None:
    crops = np.zeros((1, 112, 112, 3), np.uint8)
    crops[..., 0], crops[..., 1] = 255, 127
    inputs = normalised(crops)
    assert inputs.shape == (1, 3, 112, 112)
    np.testing.assert_allclose(inputs[0, :, 5, 7], [1, (127 / 255 - 0.5) / 0.5, -1], atol=1e-6)


def test_inputs_are_those_of_each_network() -> None:
    """As their own code makes them: OpenCV reads BGR, ToTensor divides by 255."""
    bgr = np.random.default_rng(1).integers(0, 256, (112, 112, 3), np.uint8)
    crops = np.ascontiguousarray(bgr[None, :, :, ::-1])
    to_tensor = torch.from_numpy(bgr.transpose(2, 0, 1).copy()).float().div(255)
    np.testing.assert_allclose(normalised(crops, MAGFACE)[0], to_tensor.numpy(), atol=1e-6)
    rgb = torch.from_numpy(bgr[:, :, ::-1].transpose(2, 0, 1).copy()).float()
    np.testing.assert_allclose(normalised(crops, IRESNET)[0], rgb.div(255).sub(0.5).div(0.5).numpy(), atol=1e-6)
    np.testing.assert_array_equal(normalised(crops, ARCFACE_ZOO)[0], rgb.numpy())


def test_a_graph_for_one_face_at_a_time() -> None:
    runner = SumsOfColumns()
    together = GraphEmbedder(runner=runner, model="m").embed(faces(3))
    single = GraphEmbedder(runner=runner, model="m", spec=replace(EDGEFACE, fixed_batch_one=True)).embed(faces(3))
    assert runner.batches == [3, 1, 1, 1]
    np.testing.assert_array_equal(single.vectors, together.vectors)


def test_a_mirrored_vector_is_a_mean_so_that_its_length_keeps_its_meaning() -> None:
    plain = GraphEmbedder(runner=SumsOfColumns(), model="m").embed(faces(2))
    mirrored = GraphEmbedder(runner=SumsOfColumns(), model="m", flip=True).embed(faces(2))
    assert (mirrored.norms <= plain.norms + 1e-6).all()


def test_vectors_have_unit_length_and_their_own_rows() -> None:
    runner = SumsOfColumns()
    embeddings = GraphEmbedder(runner=runner, model="m").embed(faces(2 * BATCH + 1))
    assert runner.batches == [BATCH, BATCH, 1]
    np.testing.assert_allclose(np.linalg.norm(embeddings.vectors, axis=1), 1, atol=1e-6)
    alone = GraphEmbedder(runner=runner, model="m").embed(faces(2 * BATCH + 1)[np.array([3])])
    np.testing.assert_allclose(alone.vectors[0], embeddings.vectors[3], atol=1e-6)


def test_flipping_averages_with_the_mirror_image() -> None:
    one = faces(1)
    mirrored = AlignedFaces(np.ascontiguousarray(one.crops[:, :, ::-1]), one.quality)
    embedder = GraphEmbedder(runner=SumsOfColumns(), model="m", flip=True)
    np.testing.assert_allclose(embedder.embed(one).vectors, embedder.embed(mirrored).vectors, atol=1e-6)


def test_nobody_needs_no_graph() -> None:
    runner = SumsOfColumns()
    assert len(GraphEmbedder(runner=runner, model="m").embed(AlignedFaces.empty())) == 0
    assert runner.batches == []


@pytest.mark.weights
@pytest.mark.parametrize("engine", ["openvino", "onnxruntime", "torch"])
def test_one_person_twice_and_another_with_real_weights(shared_data: Path, engine: str) -> None:
    settings = load(
        None,
        {"engine": {"name": engine}, "embed": {"model": "edgeface_xs_q", "weights_dir": shared_data / "weights"}},
    )
    detector, embedder = build.exact_detector(settings), build.embedder(settings)
    vectors = []
    for name, number in (("George_W_Bush", 7), ("George_W_Bush", 16), ("Colin_Powell", 40)):
        image = read_picture(shared_data / f"data/lfw/images/{name}/{name}_{number:04d}.jpg")
        found = detector.detect([image])[0]
        central = np.abs(found.boxes.mean(axis=1) - 125).argmin()
        face = found[np.array([central])]
        vectors.append(embedder.embed(align(image, face.landmarks, face.scores)).vectors[0])
    assert vectors[0] @ vectors[1] > 0.45
    assert abs(float(vectors[0] @ vectors[2])) < 0.3


class OtherNetwork:
    """A graph of one's own that gives something else."""

    def __init__(self, **outputs: NDArray[np.float32]) -> None:
        self._outputs = outputs

    def run(self, inputs: NDArray[np.float32]) -> Mapping[str, NDArray[np.float32]]:
        return self._outputs


@pytest.mark.parametrize(
    "outputs", [{"scores": np.zeros(1, np.float32)}, {"vectors": np.zeros((1, 128), np.float32)}], ids=["name", "size"]
)
def test_a_graph_that_gives_something_else_is_reported(outputs: dict[str, NDArray[np.float32]]) -> None:
    embedder = GraphEmbedder(runner=OtherNetwork(**outputs), model="mine-0123456789ab")
    with pytest.raises(EngineError, match="mine-0123456789ab gives no vectors: wanted vectors of 512 numbers, got"):
        embedder.embed(faces(1))
