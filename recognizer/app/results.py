"""What ``FaceRecognizer`` returns: frozen values of plain numbers and texts, which can be pickled."""

from __future__ import annotations

from dataclasses import dataclass

from recognizer.quality import QualityLimits, shortfalls
from recognizer.types import AlignedFaces, FaceDetections, FrameResult, Status

Box = tuple[float, float, float, float]
Points = tuple[tuple[float, float], ...]
LIMITS = QualityLimits()


@dataclass(frozen=True, slots=True)
class Quality:
    """How hard a face is to recognise.

    >>> Quality(eyes_px=42.0, sharpness=310.0, yaw_deg=-4.0, roll_deg=1.5).eyes_px
    42.0
    """

    eyes_px: float
    """Distance between the eyes in the picture, px. From 20 px up recognition does not get better."""
    sharpness: float
    """Of the aligned face in its least sharp direction; below 20 a face is too blurred to tell whose it is."""
    yaw_deg: float
    """Head turned sideways, degrees in [-90, 90]; 0 faces the camera, positive towards the viewer's right."""
    roll_deg: float
    """Head tilted in the picture plane, degrees."""
    usable: bool = True
    """False where a face is too small, blurred, turned or doubtful to tell whose it is: it gets no name."""
    notes: tuple[str, ...] = ()
    """In words: the limits that it misses, each with the measured and the wanted value."""


@dataclass(frozen=True, slots=True)
class DetectedFace:
    """A face in a picture, without a name.

    >>> eyes_nose_mouth = ((35.0, 45.0), (65.0, 45.0), (50.0, 60.0), (38.0, 75.0), (62.0, 75.0))
    >>> face = DetectedFace((10.0, 10.0, 90.0, 110.0), eyes_nose_mouth, 0.999, Quality(30.0, 250.0, 0.0, 0.0))
    >>> face.box[2] - face.box[0]
    80.0
    """

    box: Box
    """x1, y1, x2, y2 px; may reach beyond the picture."""
    landmarks: Points
    """5 points (x, y) px: left eye, right eye, nose, left and right mouth corner, left as the viewer sees it."""
    score: float
    """Score of the detector, in [0, 1]."""
    quality: Quality


@dataclass(frozen=True, slots=True)
class IdentifiedFace(DetectedFace):
    """A face in a picture, and who it is.

    >>> points = ((35.0, 45.0), (65.0, 45.0), (50.0, 60.0), (38.0, 75.0), (62.0, 75.0))
    >>> quality = Quality(30.0, 250.0, 0.0, 0.0)
    >>> box = (10.0, 10.0, 90.0, 110.0)
    >>> face = IdentifiedFace(box, points, 0.999, quality, Status.KNOWN, "Ada Lovelace", 0.71, 0.5, ())
    >>> face.name if face.status is Status.KNOWN else "unknown"
    'Ada Lovelace'
    """

    status: Status
    """``KNOWN``: an enrolled person. ``UNKNOWN``: nobody enrolled. ``UNDECIDED``: too alike to say unknown, not alike
    enough for a name, or too blurred, small or turned to tell (``quality.usable`` is false)."""
    name: str | None
    """The enrolled person when the status is ``KNOWN``, else ``None``."""
    similarity: float
    """Cosine to the nearest enrolled person, in [-1, 1]."""
    margin: float
    """How much more similar the nearest person is than the next one."""
    reasons: tuple[str, ...]
    """In words: what speaks for the status, or what a name still needs."""


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether two pictures show one person.

    >>> Verification(match=True, similarity=0.62, threshold=0.41, model="edgeface_xxs_own-0123456789ab").match
    True
    """

    match: bool | None
    """True from the threshold up; ``None`` where a face cannot tell, or no threshold was measured for the model."""
    similarity: float
    """Cosine of the two faces' vectors, in [-1, 1]."""
    threshold: float | None
    """The measured cosine from which two faces are one person: 1 in 100,000 pairs of strangers reaches it."""
    model: str
    """Fingerprint of the embedding model."""
    usable: bool = True
    """False where a face is too small, blurred or turned to tell; ``match`` is ``None`` then."""
    notes: tuple[str, ...] = ()
    """In words: what limits the answer, for each picture."""
    why_not: str = ""
    """Where it is not usable: ``cannot tell: second picture: blurred ...``; else empty."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What ``FaceRecognizer.enrol`` did.

    >>> Enrolment("Ada Lovelace", accepted=("1.jpg",), refused=(("2.jpg", "no face found in 640 x 480 px"),)).accepted
    ('1.jpg',)
    """

    name: str
    """The person, as it is stored."""
    accepted: tuple[str, ...]
    """File names of the given photos that are used."""
    refused: tuple[tuple[str, str], ...]
    """(file name, reason) of the given photos that are not used."""


def detected_faces(detections: FaceDetections, aligned: AlignedFaces) -> list[DetectedFace]:
    """Make one value per row of the detections; ``aligned`` has the same rows."""
    return [DetectedFace(*row) for row in _rows(detections, aligned)]


def identified_faces(result: FrameResult, found: FaceDetections, aligned: AlignedFaces) -> list[IdentifiedFace]:
    """Make one value per reported track of a picture; ``found`` and ``aligned`` have the same rows."""
    return [
        IdentifiedFace(*row, who.status, who.name, who.similarity, who.margin, who.reasons)
        for row, who in zip(_rows(found, aligned), result.identities, strict=True)
    ]


def _rows(faces: FaceDetections, aligned: AlignedFaces) -> list[tuple[Box, Points, float, Quality]]:
    quality = aligned.quality
    rows = []
    for row, score in enumerate(faces.scores.tolist()):
        x1, y1, x2, y2 = faces.boxes[row].tolist()
        points = tuple((x, y) for x, y in faces.landmarks[row].tolist())
        eyes_px, sharpness, yaw_deg, roll_deg, _ = quality.numbers(row)
        missed = shortfalls(quality, LIMITS, row)
        usable, notes = not any(each.is_unusable for each in missed), tuple(each.text for each in missed)
        found = Quality(eyes_px, sharpness, yaw_deg, roll_deg, usable, notes)
        rows.append(((x1, y1, x2, y2), points, score, found))
    return rows
