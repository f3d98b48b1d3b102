from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recognizer.decide.evidence import Thresholds
from recognizer.models.published_specs import FACENET
from recognizer.pipeline import Pipeline
from recognizer.types import F32, U8, AlignedFaces, Embeddings, Frame, FrameResult, Matches, RefinedFaces, Status
from recognizer.types.frame import CropSource
from tests.fakes import PaintedFaceDetector, PaintedFaceEmbedder, PaintedGallery, face_picture
from tests.painted_pipeline import THRESHOLDS, new_context, pipeline


def frames(image: U8, count: int, source: str = "clip") -> list[Frame]:
    return [Frame(image.copy(), number, number / 25, source) for number in range(count)]


def names(result: FrameResult) -> list[str | None]:
    return [identity.name for identity in result.identities]


def test_a_painted_person_walks_through_all_stages() -> None:
    recognise, detector, embedder = pipeline()
    results = [recognise.step(frame) for frame in frames(face_picture((3, 0)), 50)]
    assert names(results[-1]) == ["person 3"]
    assert [len(result.tracks) for result in results[:3]] == [0, 1, 1]  # one frame proves nothing
    assert detector.shown < 10  # of 50 frames
    assert embedder.embedded < 10
    reported = [event.kind.value for result in results for event in result.events]
    assert reported == ["appeared", "recognised"]
    assert {"refine", "track", "align", "embed", "match", "decide"} <= results[-1].timings.keys()


def test_faces_are_cut_as_the_embedder_declares() -> None:
    """The boxes are far from the landmarks here, so that a crop by the other would show another colour."""
    shown: list[tuple[int, ...]] = []

    class BoxEmbedder(PaintedFaceEmbedder):
        def embed(self, faces: AlignedFaces) -> Embeddings:
            shown.extend(crop.shape for crop in faces.crops)
            return super().embed(faces)

    class OffsetDetector(PaintedFaceDetector):
        def refine(self, image: CropSource, boxes: F32, verify: NDArray[np.bool_] | None = None) -> RefinedFaces:
            found = super().refine(image, boxes)
            return replace(found, landmarks=found.landmarks + np.float32(200))

    recognise = Pipeline(
        detector=OffsetDetector(), embedder=BoxEmbedder(spec=FACENET), index=PaintedGallery(), new_context=new_context
    )
    results = [recognise.step(frame) for frame in frames(face_picture((3, 0), width=600), 12)]
    assert names(results[-1]) == ["person 3"]
    assert set(shown) == {(160, 160, 3)}


def test_sources_share_nothing() -> None:
    together, alone = pipeline()[0], {name: pipeline()[0] for name in ("left", "right")}
    left, right = frames(face_picture((3, 0)), 12, "left"), frames(face_picture((5, 0), (7, 0)), 12, "right")
    for one, other in zip(left, right, strict=True):
        for frame in (one, other):
            joint, own = together.step(frame), alone[frame.source].step(frame)
            assert names(joint) == names(own)
            assert joint.tracks.ids.tolist() == own.tracks.ids.tolist()
    assert names(joint) == ["person 5", "person 7"]


def test_a_cut_gives_the_same_place_a_new_number_and_a_new_name() -> None:
    recognise, _, _ = pipeline()
    rng = np.random.default_rng(0)

    def scene(person: int) -> U8:
        image = face_picture((person, 0), width=400)
        image[:, 200:] = np.kron(rng.integers(0, 255, (16, 20, 3)), np.ones((10, 10, 1)))
        image[:, 200:, 1] = np.minimum(image[:, 200:, 1], 150)  # green is what the fake takes for a face
        return image

    first, second = scene(3), scene(5)
    before = [recognise.step(frame) for frame in frames(first, 12)][-1]
    after = [recognise.step(Frame(second.copy(), n, n / 25, "clip")) for n in range(12, 24)]
    assert (names(before), names(after[-1])) == (["person 3"], ["person 5"])
    assert not set(before.tracks.ids.tolist()) & set(after[-1].tracks.ids.tolist())
    assert not any("person 3" in names(result) for result in after)


def test_the_end_of_a_source_tells_whom_it_loses_and_forgets_them() -> None:
    recognise, _, _ = pipeline()
    shown = frames(face_picture((3, 0)), 12)
    for frame in shown:
        last = recognise.step(frame)
    assert last.identities[0].status is Status.KNOWN
    assert [(event.kind.value, event.name) for event in recognise.end(shown[-1])] == [("lost", "person 3")]
    assert recognise.end(shown[-1]) == ()


class Nobody:
    """A gallery that everybody has left."""

    def search(self, probes: Embeddings) -> Matches:
        lowest = np.full(len(probes), -1, np.float32)
        return Matches((None,) * len(probes), lowest, lowest)


def test_a_person_removed_from_the_gallery_is_forgotten_in_the_next_frame() -> None:
    recognise, _, _ = pipeline()
    before = [recognise.step(frame) for frame in frames(face_picture((3, 0)), 20)]
    assert names(before[-1]) == ["person 3"]
    recognise.replace_gallery(Nobody(), frozenset(), THRESHOLDS)
    after = [recognise.step(frame) for frame in frames(face_picture((3, 0)), 25)[20:]]
    assert all(names(result) == [None] for result in after)
    reported = [(event.kind.value, event.name) for result in after for event in result.events]
    assert reported == [("changed", None)]
    recognise.replace_gallery(PaintedGallery(), frozenset({"person 3"}), THRESHOLDS)
    again = [recognise.step(frame) for frame in frames(face_picture((3, 0)), 36)[25:]]
    assert names(again[-1]) == ["person 3"]


def test_thresholds_follow_the_gallery_at_once_also_for_sources_that_come_later() -> None:
    recognise, _, _ = pipeline()
    nobody_reaches = Thresholds(known=2.0, release=2.0, margin=0.1, sure=2.0)
    before = [recognise.step(frame) for frame in frames(face_picture((3, 0)), 20)]
    assert names(before[-1]) == ["person 3"]
    recognise.replace_gallery(PaintedGallery(), frozenset({"person 3"}), nobody_reaches)
    after = [recognise.step(frame) for frame in frames(face_picture((3, 0)), 32)[20:]]
    assert names(after[-1]) == [None]  # by the next frame in which the detector sees the face
    other = [recognise.step(frame) for frame in frames(face_picture((3, 0)), 20, "other")]
    assert names(other[-1]) == [None]
