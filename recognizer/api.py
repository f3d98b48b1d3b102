"""Face recognition in a few lines: ``FaceRecognizer`` enrols, identifies, verifies, detects, embeds and streams.

The values that it returns stand in ``recognizer.app.results`` and ``recognizer.types``; its errors in
``recognizer.errors``. Log lines go to loguru's logger; ``loguru.logger.disable("recognizer")`` silences them.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable, Mapping
from pathlib import Path
from typing import Any

from recognizer.app import build, enrolment, photos
from recognizer.app.images import COLOURS, Colour, ImageLike, as_bgr, as_photo, as_picture, name_of
from recognizer.app.live_pipelines import LivePipelines
from recognizer.app.overrides import settings_from
from recognizer.app.results import (
    DetectedFace,
    Enrolment,
    IdentifiedFace,
    Quality,
    Verification,
    detected_faces,
    identified_faces,
)
from recognizer.capture.sources import SourceKind, require_openable, source_kind
from recognizer.errors import GalleryError
from recognizer.pipeline import Pipeline
from recognizer.runtime import stream
from recognizer.types import F32, FrameResult

__all__ = [
    "Colour",
    "DetectedFace",
    "Enrolment",
    "FaceRecognizer",
    "IdentifiedFace",
    "ImageLike",
    "Quality",
    "Verification",
]


class FaceRecognizer:
    """Recognises the faces of pictures, video files and cameras.

    A picture is a path, the bytes of a picture file, a Pillow picture or an (H, W, 3) uint8 array. The order of an
    array's channels is ``colour``: ``"bgr"``, as OpenCV reads pictures, unless said otherwise.

    Photos and screens held before a camera are not detected. One object may be used from several threads: its methods
    work one after the other; each ``stream`` has networks of its own and runs beside them.

    Args:
        gallery: folder with a sub-folder of photos per person; its new photos are enrolled now. It may be missing
            until ``enrol`` makes it, and is not needed to detect, embed and verify.
        model: embedding model: a name of ``recognizer models list``, ``auto`` (the best one at hand, which may be
            downloaded once), ``FILE.onnx`` or ``NAME=FILE.pt``. ``edgeface_xxs_own`` comes with the package.
        engine: what runs the networks: ``auto``, ``openvino``, ``openvino-int8``, ``onnxruntime`` or ``torch``.
        colour: order of the channels of arrays: ``"bgr"`` or ``"rgb"``.
        config: YAML file with settings, or the same as a mapping of sections; ``model``, ``engine`` and ``gallery``
            that are given here count more.

    Raises:
        ConfigError: if a setting is unknown or out of range.
        GalleryError: if the gallery has photos and none of them can be enrolled.
        ModelError: if the model cannot be found or run.
        ValueError: if ``colour`` is neither ``"bgr"`` nor ``"rgb"``.

    >>> from recognizer import FaceRecognizer
    >>> from recognizer.demo.demo_clip import MEDIA  # a folder of portraits that comes with the package
    >>> faces = FaceRecognizer(model="edgeface_xxs_own")
    >>> faces.verify(MEDIA / "barack_obama_2009.jpg", MEDIA / "barack_obama_2012.jpg").match
    True
    """

    def __init__(
        self,
        gallery: str | Path | None = None,
        *,
        model: str | None = None,
        engine: str | None = None,
        colour: Colour = "bgr",
        config: str | Path | Mapping[str, Any] | None = None,
    ) -> None:
        if colour not in COLOURS:
            raise ValueError(f"colour: wanted one of {', '.join(COLOURS)}, got {colour!r}.")
        self._colour = colour
        self._settings = settings_from(config, gallery_folder=gallery, embed_model=model, engine_name=engine)
        self._has_gallery = "folder" in self._settings.gallery.model_fields_set
        self._resolved = build.model(self._settings)
        self._enroller = enrolment.make_enroller(self._settings, self._resolved)
        self._cut = self._enroller.embedder.spec.crop
        self._lock = threading.RLock()
        self._photo_pipeline: Pipeline | None = None
        self._pipelines = LivePipelines(self._settings, self._resolved)
        folder = self._settings.gallery.folder
        if self._has_gallery and enrolment.has_anybody(folder):
            enrolment.sync(self._settings, self._resolved, enroller=lambda: self._enroller)

    @property
    def model(self) -> str:
        """Fingerprint of the embedding model: vectors may be compared only where it is equal.

        >>> FaceRecognizer(model="edgeface_xxs_own").model.startswith("edgeface_xxs_own-")
        True
        """
        return self._resolved.fingerprint

    @property
    def people(self) -> tuple[str, ...]:
        """Names of the enrolled people who may be recognised, sorted; empty without a gallery.

        Raises:
            GalleryError: if the gallery's record cannot be read.

        >>> FaceRecognizer(model="edgeface_xxs_own").people
        ()
        """
        with self._lock:
            folder = self._settings.gallery.folder
            if not self._has_gallery or not enrolment.has_anybody(folder):
                return ()
            return tuple(sorted(set(self._pipelines.enrolled().names)))

    def detect(self, image: ImageLike) -> list[DetectedFace]:
        """Find all faces of a picture, the largest first.

        Raises:
            ImageError: if the picture is missing, damaged, too large or no picture.
            TypeError: if ``image`` is of another kind.
            ValueError: if an array is not (H, W, 3) uint8.

        >>> from recognizer.demo.demo_clip import MEDIA
        >>> faces = FaceRecognizer(model="edgeface_xxs_own")
        >>> [face] = faces.detect(MEDIA / "grace_hopper.jpg")
        >>> len(face.landmarks), face.score > 0.9, face.quality.eyes_px > 20
        (5, True, True)
        """
        picture = as_picture(image, colour=self._colour)
        with self._lock:
            return detected_faces(*photos.find_faces(*picture, detector=self._enroller.detector, cut=self._cut))

    def embed(self, image: ImageLike) -> F32:
        """Turn every face of a picture into a vector, in the order of ``detect``.

        Returns:
            (N, D) float32 of unit length, D is 512 for nearly every model; N is 0 where no face was found. The dot
            product of two rows is their similarity, the cosine.

        Raises:
            ImageError, TypeError, ValueError: as ``detect``.

        >>> from recognizer.demo.demo_clip import MEDIA
        >>> faces = FaceRecognizer(model="edgeface_xxs_own")
        >>> faces.embed(MEDIA / "grace_hopper.jpg").shape
        (1, 512)
        """
        picture = as_bgr(image, colour=self._colour)
        with self._lock:
            found, _ = photos.find_faces(picture, detector=self._enroller.detector, cut=self._cut)
            return photos.embed_faces(picture, found, self._enroller.embedder)

    def verify(self, first: ImageLike, second: ImageLike) -> Verification:
        """Compare the most prominent faces of two pictures.

        Raises:
            ImageError: if a picture cannot be read, or there is no face in it.
            TypeError, ValueError: as ``detect``.

        >>> from recognizer.demo.demo_clip import MEDIA
        >>> faces = FaceRecognizer(model="edgeface_xxs_own")
        >>> faces.verify(MEDIA / "grace_hopper.jpg", MEDIA / "eileen_collins.jpg").match
        False
        """
        pictures = [as_bgr(image, colour=self._colour) for image in (first, second)]
        names = [name_of(image, number) for number, image in enumerate((first, second), 1)]
        with self._lock:
            detector, embedder = self._enroller.detector, self._enroller.embedder
            least = self._settings.detect.min_face_px
            one, other = (
                photos.prominent_face(picture, name, detector=detector, embedder=embedder, min_face_px=least)
                for picture, name in zip(pictures, names, strict=True)
            )
            return photos.compare(one, other, settings=self._settings, resolved=self._resolved)

    def identify(self, image: ImageLike) -> list[IdentifiedFace]:
        """Name the faces of a picture by the people of the gallery.

        Raises:
            GalleryError: if there is no gallery, or nobody is enrolled.
            ConfigError: if nobody has measured thresholds for the model.
            ImageError, TypeError, ValueError: as ``detect``.

        >>> from tempfile import TemporaryDirectory
        >>> from recognizer.demo.demo_clip import MEDIA
        >>> with TemporaryDirectory() as folder:
        ...     faces = FaceRecognizer(folder, model="edgeface_xxs_own")
        ...     enrolled = faces.enrol("Barack Obama", [MEDIA / "barack_obama_2009.jpg"])
        ...     [face] = faces.identify(MEDIA / "barack_obama_2012.jpg")
        >>> face.name, face.status.value, face.similarity > 0.4
        ('Barack Obama', 'known', True)
        """
        picture = as_picture(image, colour=self._colour)
        with self._lock:
            if self._photo_pipeline is None:
                enrolment.require_anybody(self._require_gallery())
                embed = self._settings.embed.model_copy(update={"flip": True})  # steadier, and there is time
                settings = self._settings.model_copy(update={"embed": embed})
                self._photo_pipeline = build.photo_pipeline(settings, self._resolved)
                self._pipelines.add(self._photo_pipeline)
            self._pipelines.heed_consents()
            named = photos.identify_picture(self._photo_pipeline, picture.image, name_of(image), picture.factor)
            return identified_faces(named.result, named.faces, photos.align_reported(named.result, self._cut))

    def stream(self, source: str | Path | int) -> Generator[FrameResult, None, None]:
        """Recognise a video: frame by frame, each face followed and named once there is evidence enough.

        A camera's frames that the loop is too slow for are dropped; those of a file never are. Leaving the loop closes
        the source. When a source ends or is lost, one result without faces holds the events of who was in view.

        Args:
            source: a video file, folder of pictures or picture; number or path of a webcam; ``rtsp://``, ``http://``
                and the like.

        Yields:
            One result per frame: ``result.tracks`` (boxes, landmarks, track ids), ``result.identities`` (row by row:
            name, status, similarity, reasons), ``result.events``, and the picture ``result.frame.image``.

        Raises:
            GalleryError: if there is no gallery, or nobody is enrolled.
            SourceError: if the source cannot be opened, or fails for good.

        >>> from tempfile import TemporaryDirectory
        >>> from recognizer.demo.demo_clip import MEDIA
        >>> with TemporaryDirectory() as folder:
        ...     faces = FaceRecognizer(folder, model="edgeface_xxs_own")
        ...     enrolled = faces.enrol("Barack Obama", [MEDIA / "barack_obama_2009.jpg"])
        ...     results = list(faces.stream(MEDIA / "barack_obama_2012.jpg"))
        >>> [who.name for who in results[0].identities]
        ['Barack Obama']
        """
        camera = self._settings.source.model_copy(update={"location": str(source)})
        settings = self._settings.model_copy(update={"source": camera, "sources": ()})
        still = source_kind(str(source)) in {SourceKind.FOLDER, SourceKind.PICTURE}
        enrolment.require_anybody(self._require_gallery())
        [opened] = build.sources(settings)
        require_openable(opened)
        with self._lock:
            pipeline = (build.photo_pipeline if still else build.video_pipeline)(settings, self._resolved)
            self._pipelines.add(pipeline)
        return self._pipelines.heeding_consents(stream.results(opened, pipeline))

    def enrol(self, name: str, images: Iterable[ImageLike]) -> Enrolment:
        """Put photos of a person into the gallery and recognise them from now on, in running streams too.

        Photos are copied into the person's folder, which is made if it is missing; each shows one prominent face.

        Args:
            name: any text that can be a folder's name.
            images: at least one.

        Raises:
            GalleryError: if there is no gallery, ``name`` cannot be a name, or none of the person's photos can be used
                (the photos given are then not kept). A refused photo beside accepted ones stays in the folder.
            GalleryBusyError: if another process is changing the gallery.
            ImageError, TypeError, ValueError: as ``detect``.

        >>> from tempfile import TemporaryDirectory
        >>> from recognizer.demo.demo_clip import MEDIA
        >>> with TemporaryDirectory() as folder:
        ...     faces = FaceRecognizer(folder, model="edgeface_xxs_own")
        ...     done = faces.enrol("Grace Hopper", [MEDIA / "grace_hopper.jpg"])
        ...     faces.people
        ('Grace Hopper',)
        >>> done.accepted
        ('grace_hopper.jpg',)
        """
        if isinstance(images, str | Path | bytes):
            raise TypeError("images: wanted several pictures, got one; put it into a list.")
        new = [as_photo(image, colour=self._colour) for image in images]
        if not new:
            raise ValueError("images: wanted at least one picture, got none.")
        with self._lock:
            done = enrolment.add_person(self._enroller, self._require_gallery(), name, new)
            self._pipelines.reload()
            return done

    def _require_gallery(self) -> Path:
        if not self._has_gallery:
            raise GalleryError('No gallery was given; wanted a folder of photos: FaceRecognizer(gallery="gallery").')
        return self._settings.gallery.folder
