"""Define the settings of YAML files and command line, with every default, range and unit.

The model is frozen; an unknown key, a wrong type or a value out of range is an error that names the key.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from recognizer.app import renamed
from recognizer.app.setting_types import Cosine, Days, Location, Seconds, Share, Threads, UserPath, UserText
from recognizer.capture.names import display_name
from recognizer.errors import ConfigError


class Section(BaseModel):
    """Base of all sections."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Camera(Section):
    """One source of frames."""

    location: Location = "0"
    """A video file, a folder of photos, one photo; number or path of a webcam; rtsp://, rtsps://, http(s)://."""
    name: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    """Name in events and on screen; by default the address without credentials."""
    width: Annotated[int, Field(ge=16, le=16384)] | None = None
    """Requested width of a webcam's frames, px; the webcam may give another."""
    height: Annotated[int, Field(ge=16, le=16384)] | None = None
    rate: Annotated[float, Field(gt=0, le=1000)] | None = None
    """Requested frames a second of a webcam."""
    transport: Literal["tcp", "udp"] = "tcp"
    """Transport of RTSP."""
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
    """How faces are looked for, and when."""

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
    Variables such as ``$PASSWORD`` are replaced."""
    key_file: UserPath | None = None
    """File with the key that encrypts vectors and crops; see ``recognizer.history.encryption``."""
    crops: bool = False
    """Also keep pictures of the best faces of each track, about 6 KB each."""
    known_days: Days = 90
    """After so many days, tracks of named people are deleted."""
    unknown_days: Days = 30
    """After so many days, tracks of unknown people are deleted."""
    crops_days: Days = 7
    """After so many days, pictures of faces are deleted."""


class Settings(Section):
    """All settings."""

    source: Source = Source()
    sources: tuple[Camera, ...] = ()
    """Several sources, in place of ``source``; each a location, or a section like ``source``."""
    engine: Engine = Engine()
    detect: Detect = Detect()
    track: Track = Track()
    embed: Embed = Embed()
    gallery: Gallery = Gallery()
    decide: Decide = Decide()
    emit: Emit = Emit()
    history: History = History()

    @field_validator("sources", mode="before")
    @classmethod
    def _locations(cls, sources: Any) -> Any:
        if not isinstance(sources, list | tuple):
            return sources
        return [{"location": source} if isinstance(source, str | int) else source for source in sources]

    @property
    def cameras(self) -> tuple[Camera, ...]:
        """Return the one or several sources."""
        return self.sources or (self.source,)

    @property
    def history_place(self) -> Path | str:
        """Return the folder or the address of the history."""
        if self.history.address is not None:
            return os.path.expandvars(self.history.address.get_secret_value())
        return self.history.folder or self.gallery.folder.absolute().parent / "history"


def load(
    path: Path | None = None,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    sources: Sequence[str] | None = None,
) -> Settings:
    """Read a YAML file and apply the command line's values over it.

    Args:
        path: the file; ``None`` for defaults only.
        overrides: section -> key -> value; ``None``: not given.
        sources: locations that replace those of the file.

    Raises:
        ConfigError: naming the key, what was wanted and what was given.
    """
    values = renamed.current_settings(_read(path)) if path else {}
    if sources:
        values.pop("sources", None)
        if len(sources) > 1:
            values["sources"] = list(sources)
        else:
            overrides = {**(overrides or {}), "source": {**(overrides or {}).get("source", {}), "location": sources[0]}}
    for section, keys in (overrides or {}).items():
        given = {key: value for key, value in keys.items() if value is not None}
        base = values.get(section)
        if given and (base is None or isinstance(base, dict)):
            values[section] = {**(base or {}), **given}
    try:
        return Settings.model_validate({key: value for key, value in values.items() if value is not None})
    except ValidationError as error:
        where = f"{path}: " if path else ""
        raise ConfigError(where + "; ".join(_problems(error))) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"There is no settings file {path}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The settings file {path} cannot be read: {error}.") from error
    except yaml.YAMLError as error:
        # not the error's own text: it quotes the line, which may hold a password
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ConfigError(f"{path} is not valid YAML{where}: {getattr(error, 'problem', 'unreadable')}.") from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: wanted sections such as 'detect:', got a {type(values).__name__}.")
    return {str(key): value for key, value in values.items()}


def _problems(error: ValidationError) -> Iterator[str]:
    for problem in error.errors():
        keys = [display_name(str(key)) for key in problem["loc"]]
        key = ".".join(keys)
        if problem["type"] == "extra_forbidden":
            known = list(_keys_beside(keys))
            near = difflib.get_close_matches(keys[-1], known, n=1)
            hint = f", did you mean '{near[0]}'?" if near else f"; there are: {', '.join(known)}"
            yield f"unknown key '{key}'{hint}"
        else:
            message = problem["msg"]
            yield f"'{key}': {message[:1].lower()}{message[1:]}, got {_shown(problem['input'])}"


def _shown(got: Any) -> str:
    """Format a wrong value for the message; an address may hold a password, anywhere."""
    if isinstance(got, list | dict | tuple):
        return f"a {type(got).__name__}"
    return repr(display_name(got)) if isinstance(got, str) else repr(got)


def _keys_beside(keys: list[str]) -> Iterator[str]:
    model: type[BaseModel] = Settings
    for key in keys[:-1]:
        if key.isdecimal():  # a place in a list
            continue
        annotation = model.model_fields[key].annotation
        if get_origin(annotation) is tuple:
            annotation = get_args(annotation)[0]
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            model = annotation
    yield from model.model_fields
