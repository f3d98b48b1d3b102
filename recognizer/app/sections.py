"""The sections of the settings, with every default, range and unit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from recognizer.app.setting_types import (
    Cosine,
    Days,
    Location,
    Network,
    Seconds,
    Share,
    SourceName,
    Threads,
    UserPath,
    UserText,
)


class Section(BaseModel):
    """Base of all sections."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Camera(Section):
    """One source of frames."""

    location: Location = "0"
    """A video file, a folder of photos, one photo; number or path of a webcam; rtsp://, rtsps://, http(s)://."""
    detect_location: Location | None = None
    """rtsp:// of a smaller stream of the same camera, in which faces are found and tracked; ``location`` is then its
    main stream, from which faces are embedded. Boxes, events and labelled video are of the smaller picture."""
    name: SourceName | None = None
    """Name in events and on screen; by default the address without credentials."""
    width: Annotated[int, Field(ge=16, le=16384)] | None = None
    """Requested width of a webcam's frames, px; the webcam may give another."""
    height: Annotated[int, Field(ge=16, le=16384)] | None = None
    rate: Annotated[float, Field(gt=0, le=1000)] | None = None
    """Requested frames a second of a webcam."""
    transport: Literal["tcp", "udp"] = "tcp"
    """Transport of RTSP; ``tcp`` falls back to UDP where the camera does not speak it."""
    password_env: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """Environment variable with the password of the user in the address (rtsp://USER@HOST/PATH)."""
    password_file: UserPath | None = None
    """File whose first line is that password. ``${NAME}`` in an address is a variable, too."""
    rotate_deg: Literal[0, 90, 180, 270] = 0
    """Clockwise rotation, applied before ``mirror`` and ``region``."""
    mirror: bool = False
    region: tuple[Share, Share, Share, Share] = (0, 0, 1, 1)
    """Left, top, right, bottom of the part to process, as shares of the rotated and mirrored frame."""
    analysis_rate: Annotated[float, Field(gt=0, le=1000)] | None = None
    """Most frames a second to process."""
    decode_threads: Threads = 1
    """Decoder threads of a video file."""
    deblock: Literal["all", "most", "none"] = "most"
    """Frames that the decoder deblocks. ``most`` skips B frames of H.264 and non-reference frames of other codecs,
    which saves a fifth of the decoding time. Cameras send few of either; ``none`` makes their streams cheaper too, and
    loses 1 % of the followed faces."""

    @field_validator("region")
    @classmethod
    def _is_a_region(cls, region: tuple[float, ...]) -> tuple[float, ...]:
        if not (region[0] < region[2] and region[1] < region[3]):
            raise ValueError("wanted left < right and top < bottom")
        return region

    @model_validator(mode="after")
    def _has_two_streams(self) -> Self:
        if self.detect_location is None:
            return self
        places = (self.location, self.detect_location)
        if not all(place.lower().startswith(("rtsp://", "rtsps://")) for place in places):
            raise ValueError("detect_location: wanted rtsp:// addresses of two streams of one camera, also in location")
        return self


class Source(Camera):
    """One source of frames, and how many to process."""

    max_frames: Annotated[int, Field(ge=1)] | None = None
    max_seconds: Annotated[float, Field(gt=0)] | None = None
    """Seconds of the source's own time to process."""


class Engine(Section):
    """The engine that runs the neural graphs."""

    name: Literal["auto", "openvino", "openvino-int8", "onnxruntime", "torch"] = "auto"
    """``openvino-int8``: most layers of EdgeFace in int8, on processors with VNNI and for models with measured ranges
    (`recognizer.models.engines.int8`), and detection in video in bf16 where the processor has it; the vectors are
    comparable with those of the other engines. ``auto``: that where possible, else OpenVINO where it is installed, else
    ONNX Runtime. ``openvino``: everything in fp32."""
    threads: Threads = 1
    """Processor threads of a graph."""


class Detect(Section):
    """How faces are detected, and when."""

    min_face_px: Annotated[float, Field(ge=12, le=2000)] = 40
    """Side of the smallest face to detect, px; halving it costs up to four times as much."""
    pnet_threshold: Share = 0.6
    rnet_threshold: Share = 0.7
    onet_threshold: Share = 0.7
    factor: Annotated[float, Field(ge=0.3, le=0.95)] = 0.709
    """Scale from one level of P-Net's pyramid to the next."""
    max_interval_s: Seconds = 0.5
    """Longest wait between two detections; 0 detects in every frame."""
    min_interval_s: Seconds = 0.25
    """Wait between two detections while faces come and go."""
    full_interval_s: Seconds = 5.0
    """Wait between two full detections, which verify proposals at half the threshold; those between are fast ones.
    With 0, or with the torch engine, every detection is exact MTCNN with P-Net's whole pyramid."""
    cut: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Share of the picture that a shot cut leaves unlike before; higher: fewer cuts."""


class Track(Section):
    """How faces are tracked between detections."""

    follow: Literal["own", "onet", "copy"] = "own"
    """``own``: our own follow net refines each box. ``onet``, and ``own`` with torch: MTCNN's O-Net does, at many times
    the cost. ``copy``: boxes stay between detections, as in FastMTCNN; for comparison."""
    min_score: Share = 0.5
    """Score below which a followed face counts as missed."""
    keep_lost_s: Seconds = 1.5
    """How long a missed face keeps its track id."""


class Embed(Section):
    """The embedding model."""

    model: str = "auto"
    """``auto``, a name from ``models list``, a fingerprint, FILE.onnx, FILE.ckpt, FILE.pt or NAME=FILE.pt."""
    weights_dir: UserPath | None = None
    """Folder to search first for checkpoints."""
    spec: str | dict[str, Any] | None = None
    """Spec of an ONNX file of one's own, over the file beside it (`recognizer.models.spec_file`)."""
    flip: bool = False
    """Average the vectors of each face and its mirror image."""


class Gallery(Section):
    """The enrolled people."""

    folder: UserPath = Path("gallery")
    may_be_empty: bool = False
    """Run also while nobody is enrolled: everybody is unknown then. The service does so."""
    require_consent: bool = False
    """Recognise by name only people whose consent is recorded (``gallery consent``) and holds."""
    index: SecretStr | None = None
    """A Milvus server that searches the vectors, ``milvus+https://USER:PASSWORD@HOST:19530/COLLECTION``, or a file for
    a trial, ``milvus+file:///PATH/index.db``; without it they are searched here. ``${NAME}`` is a variable of the
    environment."""


class Decide(Section):
    """When a track gets a name. Unset thresholds come from the calibration file."""

    calibration: UserPath | None = None
    """A calibration file, in place of the gallery's or the model's."""
    known: Cosine | None = None
    """Similarity from which a track is a person."""
    margin: Annotated[float, Field(ge=0, le=1)] | None = None
    """Lead in similarity over the next person."""
    face_score: Share = 0.95
    """Mean O-Net score that makes a track a face."""
    recheck_s: Seconds = 2.0
    """Seconds between two samples of a settled track."""
    embeddings_per_s: Annotated[float, Field(ge=1, le=1000)] | None = None
    """At most so many embeddings a second for all faces of all sources of a process, spent where most is gained; unset:
    as many as the faces want, up to 12 in the first second of each and one in ``recheck_s`` from then on."""


class Workers(Section):
    """The processes that recognise."""

    count: Literal["auto"] | Annotated[int, Field(ge=0, le=64)] = "auto"
    """``auto``: one for each processor core, never more than cameras, as many as the memory (or the control group's
    limit) has room for at 450 MB each, and none for one camera, files or a window. 0: the program recognises itself."""
    max_mb: Annotated[float, Field(ge=100, le=1e6)] = 2000
    """Memory of one, MB, above which it is replaced."""
    silent_s: Annotated[float, Field(ge=0.5, le=60)] = 1.5
    """Seconds without a sign of life after which one is replaced."""


class Emit(Section):
    """The outputs."""

    headless: bool = False
    video: UserPath | None = None
    events: UserText | None = None
    """A file of JSON lines, or - for standard output. Live sources append to it, files overwrite it."""
    rotate_mb: Annotated[float, Field(gt=0, le=1e6)] | None = None
    """Size at which the event file is rotated, MB."""
    rotate_hours: Annotated[float, Field(gt=0, le=24 * 366)] | None = None
    """Age at which the event file is rotated."""
    rotate_keep: Annotated[int, Field(ge=1, le=1000)] = 10
    """Rotated event files to keep."""
    sync_every_s: Seconds | None = None
    """Seconds between two fsyncs of the event file, 0: after each event; unset: the system decides."""
    summary: UserPath | None = None


class History(Section):
    """What was seen, kept in a database; see ``recognizer.history``."""

    enabled: bool = False
    """Keep the tracks of each run. A track is biometric data of a person: ask what the law wants before."""
    folder: UserPath | None = None
    """Folder of the database; ``history`` beside the gallery's folder by default."""
    address: SecretStr | None = None
    """``postgresql://USER:PASSWORD@HOST/DATABASE``, when several machines share one history; in place of ``folder``.
    ``${NAME}`` is a variable of the environment."""
    key_file: UserPath | None = None
    """File with the key that encrypts vectors and crops; see ``recognizer.history.encryption``."""
    crops: bool = False
    """Also keep pictures of the best faces of each track, 3 to 7 KB each."""
    known_days: Days = 90
    """After so many days, tracks of named people are deleted."""
    unknown_days: Days = 30
    """After so many days, tracks of unknown people are deleted."""
    crops_days: Days = 7
    """After so many days, pictures of faces are deleted."""
    max_mb: Annotated[float, Field(ge=1, le=1e7)] | None = None
    """Size of the history, MB, above which the oldest is deleted: unknown tracks, then pictures, then known tracks."""


class Serve(Section):
    """The web service; see ``docs/service.md``."""

    host: Annotated[str, Field(min_length=1, max_length=253)] = "127.0.0.1"
    """Address to listen on. Any other than this machine's own needs a token first."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """0: a free one, which the first line of the output says."""
    allowed_hosts: tuple[Annotated[str, Field(min_length=1, max_length=253)], ...] = ()
    """More names under which requests may come, such as that of a reverse proxy, without port."""
    trusted_proxies: tuple[Network, ...] = ()
    """Addresses of reverse proxies, such as 127.0.0.1 or 10.0.0.0/24. Their X-Forwarded-Proto and X-Forwarded-For
    count: whether the browser speaks HTTPS, and from where. Of anybody else these are ignored."""
    folder: UserPath | None = None
    """Folder of tokens and sessions, for its owner only; ``service`` beside the gallery's folder by default."""
    tls_certificate: UserPath | None = None
    """PEM file; with it and ``tls_key`` the service speaks HTTPS."""
    tls_key: UserPath | None = None


class Fleet(Section):
    """A box's place in a fleet, which it joins by ``fleet join``; see ``docs/fleet.md``."""

    folder: UserPath | None = None
    """Folder of the box's token and of what it pushed; ``fleet`` beside the gallery's folder by default."""
    interval_s: Annotated[float, Field(ge=1, le=86400)] = 30
    """Seconds between two attempts to pull the gallery and to push the history."""
    push: bool = True
    """Push the history to the service; it is not where ``history.address`` names a database that both share."""
    plain_http: bool = False
    """Let vectors and the token travel unencrypted (http://) to another machine, as within a VPN."""
    max_mb: Annotated[float, Field(ge=1, le=1e7)] = 2000
    """Size of a box's history, MB, as ``history.max_mb`` where that is not set: a box may be cut off for long."""
