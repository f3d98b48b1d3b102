"""Models of cameras, live state and settings."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, StrictBool

from recognizer.serve.models.common import Model, Rounded

Share = Annotated[float, Field(ge=0, le=1)]
Days = Annotated[float, Field(gt=0, le=36600)]
Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f/]+$")]


class PersonNow(Model):
    """A face of the newest frame."""

    track_id: int
    status: Literal["known", "unknown", "undecided"]
    name: str | None
    similarity: Rounded
    """Cosine to the nearest person."""
    box: tuple[Rounded, Rounded, Rounded, Rounded]
    """Left, top, right, bottom, px of a frame of ``width`` x ``height``."""


class SourceNow(Model):
    """A source as it is now."""

    id: str
    state: str
    """``starting``, ``live``, ``stalled`` (connected, no new frames), ``lost``, ``reading`` (a file), ``closed``;
    ``away`` while the recognition process is not there."""
    since: datetime
    why: str | None = None
    live: bool = True
    paused: bool = False
    frame_age_s: Rounded | None = None
    """Age of the newest recognised frame."""
    latency_s: Rounded | None = None
    """From the capture of the newest frame to its result."""
    rate: Rounded = 0.0
    """Frames recognised a second, of the last five seconds."""
    frames: int = 0
    dropped: int = 0
    """Frames that newer ones replaced before they were recognised."""
    losses: int = 0
    width: int | None = None
    height: int | None = None
    people_now: tuple[PersonNow, ...] = ()


class RecognitionNow(Model):
    """What becomes of the recognition process."""

    state: Literal["running", "starting", "waiting", "idle"]
    """``waiting``: it failed and is tried again; ``idle``: there is no camera."""
    since: datetime
    why: str | None
    starts: int
    exit_status: int | None


class SourcesAnswer(Model):
    """All sources."""

    recognition: RecognitionNow
    sources: list[SourceNow]


class PausedAnswer(Model):
    """Whether a source is paused."""

    paused: bool


class CameraForm(Model):
    """What may be set of a camera."""

    name: Name | None = None
    address: Annotated[str, Field(max_length=1000)] | None = None
    """rtsp(s):// or http(s)://; as it was shown: it stays."""
    detect_address: Annotated[str, Field(max_length=1000)] | None = None
    """rtsp(s):// of a smaller stream of the same camera, in which faces are found; they are recognised in that of
    ``address``. As it was shown: it stays; empty, or not given with another ``address``: it goes."""
    user: Annotated[str, Field(max_length=200)] | None = None
    password: Annotated[SecretStr, Field(max_length=1000)] | None = None
    """Empty or not given: the one that is kept stays. It is never shown again."""
    rotate_deg: Literal[0, 90, 180, 270] | None = None
    mirror: StrictBool | None = None
    region: tuple[Share, Share, Share, Share] | None = None
    """Left, top, right, bottom of the part to process, as shares of the rotated and mirrored picture."""
    analysis_rate: Annotated[float, Field(gt=0, le=1000)] | None = None
    """Most frames a second to process."""

    def options(self) -> dict[str, Any]:
        """Return what was given."""
        given = self.model_dump(exclude_none=True, exclude={"password"})
        if self.password is not None and self.password.get_secret_value():
            given["password"] = self.password.get_secret_value()
        return given


class NewCamera(CameraForm):
    """A camera to add."""

    name: Name
    address: Annotated[str, Field(min_length=1, max_length=1000)]


class CameraTest(CameraForm):
    """A camera to try; ``id``: one that exists, with changes."""

    id: str | None = None
    stream: Literal["address", "detect_address"] = "address"
    """Which of its addresses."""


class Camera(Model):
    """A camera of the settings file."""

    id: str
    name: str
    address: str
    """Without user and password."""
    detect_address: str | None
    """The smaller stream in which faces are found, without user and password; null without one."""
    has_user: bool
    has_password: bool
    rotate_deg: int
    mirror: bool
    region: tuple[Rounded, Rounded, Rounded, Rounded]
    analysis_rate: Rounded | None


class CamerasAnswer(Model):
    """The cameras of the settings file."""

    cameras: list[Camera]
    can_change: bool
    """False: there is no settings file to write."""


class Applied(Model):
    """A change was written."""

    applies: str
    """When it counts, in words."""
    cameras: list[Camera] | None = None


class HistoryForm(Model):
    """How long what is kept."""

    enabled: StrictBool | None = None
    crops: StrictBool | None = None
    known_days: Days | None = None
    unknown_days: Days | None = None
    crops_days: Days | None = None


class Stored(Model):
    """Room that something takes."""

    name: Literal["history", "gallery", "deliveries", "free"]
    """``deliveries``: events that wait for other systems; ``free``: room that is left."""
    size: int | None
    """Bytes."""
    items: int | None = None


class HistorySettings(Model):
    """What is kept, how long, and how much room it takes."""

    history: HistoryForm
    storage: list[Stored]


class HealthDetail(Model):
    """Whether all parts work."""

    version: str
    started_at: datetime
    """Of this web process."""
    recognition: RecognitionNow | None
    model: str | None
    engine: str | None
    versions: dict[str, str]
    """Of the libraries that matter."""
    history: bool
    storage: list[Stored]
    viewers: int
    event_readers: int


class LogAnswer(Model):
    """The newest lines of both processes' logs; they hold no passwords, tokens or addresses of cameras."""

    lines: list[str]
