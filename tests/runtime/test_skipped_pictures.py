"""A picture with too many faces costs a folder's run itself only."""

from __future__ import annotations

from collections.abc import Sequence

from recognizer.errors import TooManyFacesError
from recognizer.pipeline import Pipeline
from recognizer.runtime.runner import run
from recognizer.types import U8, DetectionMode, FaceDetections, Frame
from tests.fakes import ListedSource, ListSink, PaintedFaceDetector, PaintedFaceEmbedder, PaintedGallery, face_picture
from tests.painted_pipeline import new_context


class _Overwhelmed(PaintedFaceDetector):
    """Refuses black pictures."""

    def detect(self, images: Sequence[U8], mode: DetectionMode = DetectionMode.EXACT) -> list[FaceDetections]:
        if not images[0].any():
            raise TooManyFacesError("it shows a crowd.")
        return super().detect(images, mode)


def test_the_others_are_recognised(logged_warnings: list[str]) -> None:
    pictures = [face_picture((3, 0)), face_picture((3, 0)) * 0, face_picture((3, 0))]
    frames = [Frame(picture, number, float(number), "photos") for number, picture in enumerate(pictures)]
    sink = ListSink()
    pipeline = Pipeline(
        detector=_Overwhelmed(), embedder=PaintedFaceEmbedder(), index=PaintedGallery(), new_context=new_context
    )
    run([ListedSource(frames)], pipeline, [sink])
    assert [result.frame.index for result in sink.results] == [0, 2]
    assert logged_warnings == ["photos: picture 2 skipped: it shows a crowd."]
