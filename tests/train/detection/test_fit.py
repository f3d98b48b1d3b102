"""A whole training, far too short to be good for anything, on the pictures of the demo."""

from __future__ import annotations

import tarfile
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from recognizer.align import align
from recognizer.app import build
from recognizer.app.config import load
from recognizer.detect import proposals
from recognizer.detect.follow import WINDOW_PX, FollowNet
from recognizer.errors import ConfigError, InputError
from recognizer.geometry import iou
from recognizer.models.engines.onnxruntime import OnnxRuntimeRunner
from recognizer.train.detection import fit, material, settings, task
from recognizer.train.detection.learner import Learner
from recognizer.train.detection.task import Net
from recognizer.train.follow import places
from recognizer.train.follow.windows import Windows
from recognizer.train.proposals.scenes import SIDE_PX, Scenes
from recognizer.types import U8, FaceDetections

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")
MEDIA = Path(__file__).parent.parent.parent.parent / "recognizer/demo/media"


@cache
def teacher() -> task.Teacher:
    settings = load(None, {"track": {"follow": "onet"}})
    return task.Teacher(build.exact_detector(settings), build.proposal_net(settings).propose)


def find(picture: U8) -> FaceDetections:
    return teacher().find(picture)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos, a video of them, and an archive of crops."""
    root = tmp_path_factory.mktemp("proposals")
    photos = [cv2.resize(np.asarray(cv2.imread(str(path))), (320, 320)) for path in sorted(MEDIA.glob("*.jpg"))[:3]]
    (root / "photos").mkdir()
    (root / "faces").mkdir()
    for number, photo in enumerate(photos):
        cv2.imwrite(str(root / f"photos/{number}.png"), photo)
        cv2.imwrite(str(root / f"{number}.webp"), cv2.resize(photo, (112, 112)))
    with tarfile.open(root / "faces/faces-00.tar", "w") as archive:
        for number in range(len(photos)):
            archive.add(root / f"{number}.webp", arcname=f"{number}.demo.webp")
    video = cv2.VideoWriter(str(root / "clip.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 5, (320, 320))
    for photo in photos * 2:
        video.write(photo)
    video.release()
    return root


def config_file(folder: Path, *, out: str, samples: int) -> Path:
    path = folder / f"{out}-{samples}.yaml"
    path.write_text(
        f"out: {folder / out}\nsamples: {samples}\nbatch: 4\nround_samples: 8\nwarmup: 8\n"
        f"data:\n  photos: [{folder / 'photos'}]\n  videos: [{folder / 'clip.avi'}]\n  archives: {folder / 'faces'}\n"
        f"  held_out: [{folder / 'clip.avi'}]\n  min_face_px: 40\n"
    )
    return path


def weights(folder: Path, out: str) -> dict[str, torch.Tensor]:
    state = torch.load(folder / out / "checkpoints/last.ckpt", weights_only=True)["state_dict"]
    return dict(state)


@pytest.mark.parametrize("net", list(Net))
def test_a_training_that_was_stopped_ends_where_one_without_stop_ends(
    net: Net, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task.learn(net, settings.read(config_file(folder, out=f"{net}-whole", samples=16)), teacher())
    cut = settings.read(config_file(folder, out=f"{net}-cut", samples=16))

    def stop(self: object, trainer: object, module: Learner) -> None:
        if int(module.seen) == 8:
            raise KeyboardInterrupt

    with monkeypatch.context() as stopped:
        stopped.setattr(fit.HeldOutTest, "on_train_epoch_start", stop)
        with pytest.raises((KeyboardInterrupt, SystemExit)):
            task.learn(net, cut, teacher())
    assert int(weights(folder, f"{net}-cut")["seen"]) == 8
    task.learn(net, cut, teacher())
    whole, resumed = weights(folder, f"{net}-whole"), weights(folder, f"{net}-cut")
    assert int(resumed["seen"]) == 16
    for key, value in whole.items():
        torch.testing.assert_close(value, resumed[key])


@pytest.mark.slow
@pytest.mark.parametrize("net", list(Net))
def test_its_graph_says_what_the_network_says(
    net: Net, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = settings.read(config_file(folder, out=f"{net}-graph", samples=8))
    with pytest.raises(InputError, match="train first"):
        task.export(net, config, teacher(), tmp_path / "net.onnx")
    task.learn(net, config, teacher())
    task.export(net, config, teacher(), tmp_path / "net.onnx")
    graph, picture = OnnxRuntimeRunner(tmp_path / "net.onnx", threads=1), np.zeros((320, 320, 3), np.uint8)
    if net is Net.PROPOSALS:
        monkeypatch.setattr(proposals, "THRESHOLD", 0.0)
        assert len(proposals.ProposalNet(graph, min_face_px=40).propose(picture)) > 10
    else:
        boxes = np.array([[10, 10, 60, 60], [300, 300, 400, 400]], np.float32)
        assert len(FollowNet(graph).find(picture, boxes)) == 2


def test_scenes_are_the_same_every_time_and_their_faces_lie_inside(folder: Path) -> None:
    cache = folder / "scenes"
    photos = material.gather(material.read(material.pictures_in([folder / "photos"])), find, cache / "photos.bin")
    frames = material.gather(material.frames_of([folder / "clip.avi"]), find, cache / "frames.bin")
    crops = np.stack([cv2.resize(photos[number], (112, 112)) for number in range(len(photos))])
    assert len(photos) == 3
    assert len(frames) >= 5  # of 6, 0.2 s apart
    first, again = (Scenes(photos=photos, frames=frames, crops=crops, seed=1) for _ in range(2))
    other = Scenes(photos=photos, frames=frames, crops=crops, seed=2)
    wanted = 0
    for sample in range(20):
        picture, faces = first[sample]
        assert picture.shape == (SIDE_PX, SIDE_PX, 3)
        np.testing.assert_array_equal(picture, again[sample][0])
        assert (picture != other[sample][0]).any()
        middle = (faces[:, :2] + faces[:, 2:4]) / 2
        sure = faces[:, 4] == 1
        assert ((middle[sure] > 0) & (middle[sure] < SIDE_PX)).all()
        wanted += int(sure.sum())
    assert wanted > 20


def test_a_scene_shows_a_face_where_it_says(folder: Path) -> None:
    """MTCNN, which had no part in the pasting, sees the large ones there."""
    photos = material.gather(
        material.read(material.pictures_in([folder / "photos"])), find, folder / "scenes/photos.bin"
    )
    scenes = Scenes(photos=photos, frames=photos, crops=np.stack([photos[0][:112, :112]]), seed=3)
    seen, total = 0, 0
    for sample in range(40):
        picture, faces = scenes[sample]
        sides = faces[:, 2] - faces[:, 0]
        large = faces[(faces[:, 4] == 1) & (sides > 60) & (sides < 150)]
        if len(large) == 0:
            continue
        found = find(picture)
        middle = (found.boxes[:, :2] + found.boxes[:, 2:]) / 2
        for x1, y1, x2, y2, _ in large:
            total += 1
            seen += bool(((middle > [x1, y1]) & (middle < [x2, y2])).all(axis=1).any())
    assert total >= 10
    assert seen / total > 0.6


def windows(folder: Path, *, seed: int = 1) -> Windows:
    at = folder / "scenes/photos.bin"
    photos = material.gather(material.read(material.pictures_in([folder / "photos"])), find, at)
    pictures = places.with_candidates(photos, teacher().propose, teacher().detector, at)
    crops = np.stack([_aligned(photos[number]) for number in range(len(photos))])
    faces = places.in_crops(crops, teacher().detector, folder / "scenes/crops.npy")
    return Windows(photos=pictures, frames=pictures, crops=faces, seed=seed)


def _aligned(picture: U8) -> U8:
    found = find(picture)
    crop: U8 = align(picture, found.landmarks[:1], found.scores[:1]).crops[0]
    return crop


def test_windows_are_the_same_every_time_and_mtcnn_sees_the_face_where_they_say(folder: Path) -> None:
    first, again, other = windows(folder), windows(folder), windows(folder, seed=2)
    pictures, wanted, where = first.batch(0, 120)
    for got, expected in zip(again.batch(0, 120), (pictures, wanted, where), strict=True):
        np.testing.assert_array_equal(got, expected)
    assert (other.batch(0, 120)[0] != pictures).any()
    assert 0.4 < wanted.mean() < 0.75
    boxes = where[wanted == 1][:, :4] * WINDOW_PX
    near = [
        teacher().detector.refine(picture, box[None]) for picture, box in zip(pictures[wanted == 1], boxes, strict=True)
    ]
    clear = [row for row, face in enumerate(near) if face.scores[0] > 0.95]  # others are dark, blurred, cut off
    assert len(clear) > 0.3 * len(boxes)
    shared = [float(iou(near[row].boxes, boxes[row : row + 1])[0, 0]) for row in clear]
    assert np.median(shared) > 0.7
    landmarks = where[wanted == 1][:, 4:].reshape(-1, 5, 2) * WINDOW_PX
    off = [np.abs(near[row].landmarks[0] - landmarks[row]).mean() for row in clear]
    assert np.median(off) < 2.0  # px of 48


def test_a_wrong_file_is_told(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("out: x\nsamples: 8\nrate_: 3\n")
    with pytest.raises(ConfigError, match="rate_"):
        settings.read(path)
    good = config_file(folder, out="missing", samples=8).read_text()
    path.write_text(good.replace("clip.avi", "none.avi"))
    with pytest.raises(InputError, match=r"none\.avi"):
        task.learn(Net.PROPOSALS, settings.read(path), teacher())
    path.write_text(good.replace("round_samples: 8", "round_samples: 9"))
    with pytest.raises(ConfigError, match="multiple of batch"):
        settings.read(path)
