"""Our InceptionResnetV1 against facenet-pytorch's own: same keys, same vectors, same crop, same whitening."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest
import torch
from facenet_pytorch import InceptionResnetV1
from facenet_pytorch.models.mtcnn import fixed_image_standardization
from facenet_pytorch.models.utils.detect_face import extract_face

from recognizer.align import align
from recognizer.embed import convert, facenet
from recognizer.embed.embedder import GraphEmbedder, normalised
from recognizer.errors import WeightsError
from recognizer.models.engines.torch import TorchRunner
from recognizer.models.published_specs import FACENET
from recognizer.types import U8, AlignedFaces, FaceQuality
from recognizer.types.spec import CropSpec
from tests.embed.seeded import seeded


@pytest.fixture(scope="module")
def theirs() -> InceptionResnetV1:
    torch.manual_seed(0)
    return seeded(InceptionResnetV1(classify=True, num_classes=23))


@pytest.fixture(scope="module")
def checkpoint(theirs: InceptionResnetV1, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("facenet") / "20180402-114759-vggface2.pt"
    torch.save(theirs.state_dict(), path)
    return path


def picture() -> U8:
    return np.random.default_rng(3).integers(0, 256, (300, 400, 3), np.uint8)


def test_keys_and_shapes_are_theirs_in_their_order() -> None:
    with torch.device("meta"):
        wanted = InceptionResnetV1(classify=True, num_classes=8631).state_dict()
        ours = facenet.create("facenet_vggface2").state_dict()
    assert {key: tuple(value.shape) for key, value in ours.items()} == {k: tuple(v.shape) for k, v in wanted.items()}
    assert list(ours) == list(wanted)


def test_vectors_and_class_logits_are_theirs(theirs: InceptionResnetV1, checkpoint: Path) -> None:
    ours = facenet.load("facenet_vggface2", checkpoint)
    x = torch.randn(3, 3, 160, 160, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        vectors, logits = ours(x)
        torch.testing.assert_close(logits, theirs(x))
        theirs.classify = False
        torch.testing.assert_close(torch.nn.functional.normalize(vectors), theirs(x))
        theirs.classify = True
    spread = vectors @ vectors.T / (vectors.norm(dim=1)[:, None] * vectors.norm(dim=1))
    assert float(spread[0, 1]) < 0.999  # the faces differ, so that agreement means something


def test_a_file_without_a_classifier_gives_vectors_alone(
    theirs: InceptionResnetV1, checkpoint: Path, tmp_path: Path
) -> None:
    state = {key: value for key, value in torch.load(checkpoint).items() if not key.startswith("logits")}
    torch.save(state, tmp_path / "tuned.pt")
    ours = facenet.load("facenet_vggface2", tmp_path / "tuned.pt")
    x = torch.zeros(1, 3, 160, 160)
    with torch.inference_mode():
        torch.testing.assert_close(ours(x), facenet.load("facenet_vggface2", checkpoint)(x)[0])


def test_another_networks_file_is_refused_by_its_keys(checkpoint: Path, tmp_path: Path) -> None:
    state = torch.load(checkpoint)
    state["last_linear.weight"] = state["last_linear.weight"][:128]
    del state["block8.conv2d.bias"]
    torch.save(state, tmp_path / "other.pt")
    with pytest.raises(WeightsError) as caught:
        facenet.load("facenet_vggface2", tmp_path / "other.pt")
    assert "1 missing (block8.conv2d.bias)" in str(caught.value)
    assert "1 other shape (last_linear.weight: wanted (512, 1792), got (128, 1792))" in str(caught.value)
    with pytest.raises(WeightsError, match="No facenet-pytorch network 'facenet'"):
        facenet.create("facenet")


@pytest.mark.parametrize(
    "box",
    [
        [100.6, 50.2, 180.9, 170.7],
        [150.0, 100.0, 310.0, 260.0],
    ],
    ids=["inside", "as large as the crop"],
)
@pytest.mark.parametrize("margin", [0, 32])
def test_the_crop_is_theirs(box: list[float], margin: int) -> None:
    image = picture()
    boxes = np.array([box], np.float32)
    points = np.zeros((1, 5, 2), np.float32)
    cut = CropSpec(size_px=160, template=None, margin_px=margin)
    ours = align(image, points, np.ones(1, np.float32), cut=cut, boxes=boxes).crops[0]
    rgb = np.ascontiguousarray(image[:, :, ::-1])
    wanted = extract_face(rgb, boxes[0].astype(np.float64), image_size=160, margin=margin)
    np.testing.assert_array_equal(ours, wanted.permute(1, 2, 0).numpy())


@pytest.mark.parametrize("box", [[-20.5, 30.0, 90.0, 200.0], [300.2, 200.1, 460.0, 333.0]])
def test_a_crop_beyond_the_edge_is_filled_and_not_stretched(box: list[float]) -> None:
    image = picture()
    bordered = np.asarray(cv2.copyMakeBorder(image, 200, 200, 200, 200, cv2.BORDER_CONSTANT, value=0), np.uint8)
    points, one = np.zeros((1, 5, 2), np.float32), np.ones(1, np.float32)
    boxes = np.trunc(np.array([box], np.float32))
    ours = align(image, points, one, cut=FACENET.crop, boxes=boxes).crops
    wanted = align(bordered, points, one, cut=FACENET.crop, boxes=boxes + np.float32(200)).crops
    np.testing.assert_array_equal(ours, wanted)


def test_a_box_outside_the_picture_gives_a_black_crop() -> None:
    boxes = np.array([[500, 400, 600, 500], [20, 20, 20.4, 20.4]], np.float32)
    points = np.zeros((2, 5, 2), np.float32)
    crops = align(picture(), points, np.ones(2, np.float32), cut=FACENET.crop, boxes=boxes).crops
    assert crops.shape == (2, 160, 160, 3)
    assert crops.max() == 0
    with pytest.raises(ValueError, match="goes by the box"):
        align(picture(), points, np.ones(2, np.float32), cut=FACENET.crop)


def test_the_whitening_is_theirs() -> None:
    crops = picture()[None, :160, :160]
    wanted = fixed_image_standardization(torch.from_numpy(np.float32(crops[0])).permute(2, 0, 1))
    np.testing.assert_array_equal(normalised(crops, FACENET)[0], wanted.numpy())


def test_from_picture_to_vector_and_class_as_they_do_it(theirs: InceptionResnetV1, checkpoint: Path) -> None:
    image, box = picture(), np.array([[100.6, 50.2, 180.9, 170.7]], np.float32)
    face = extract_face(np.ascontiguousarray(image[:, :, ::-1]), box[0].astype(np.float64), image_size=160)
    with torch.inference_mode():
        logits = theirs(fixed_image_standardization(face * 1.0)[None])[0]
        theirs.classify = False
        vector = theirs(fixed_image_standardization(face * 1.0)[None])[0].numpy()
        theirs.classify = True
    network = facenet.load("facenet_vggface2", checkpoint)
    runner = TorchRunner(network, outputs=["vectors", "logits"], threads=1)
    embedder = GraphEmbedder(runner=runner, model="m", spec=FACENET)
    points = np.zeros((1, 5, 2), np.float32)
    faces = align(image, points, np.ones(1, np.float32), cut=embedder.spec.crop, boxes=box)
    np.testing.assert_allclose(embedder.embed(faces).vectors[0], vector, atol=1e-6)
    likeliest = embedder.classify(faces, best=3)
    shares = torch.softmax(logits.double(), 0)
    assert likeliest.classes[0].tolist() == torch.argsort(-shares)[:3].tolist()
    np.testing.assert_allclose(
        likeliest.probabilities[0], torch.sort(shares, descending=True)[0][:3].numpy(), rtol=1e-4
    )
    assert len(embedder.classify(AlignedFaces(faces.crops[:0], FaceQuality.empty()), best=3)) == 0


@pytest.mark.slow
def test_the_graph_gives_vectors_and_logits(theirs: InceptionResnetV1, checkpoint: Path, tmp_path: Path) -> None:
    assert convert.to_onnx("facenet_vggface2", checkpoint, tmp_path / "graph.onnx") > convert.MIN_PARITY
    session = onnxruntime.InferenceSession(str(tmp_path / "graph.onnx"), providers=["CPUExecutionProvider"])
    x = np.random.default_rng(5).uniform(-1, 1, (3, 3, 160, 160)).astype(np.float32)
    vectors, logits = session.run(["vectors", "logits"], {"faces": x})
    with torch.inference_mode():
        np.testing.assert_allclose(logits, theirs(torch.from_numpy(x)).numpy(), rtol=1e-3, atol=1e-3)
    assert vectors.shape == (3, 512)
