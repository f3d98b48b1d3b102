"""The settings: what YAML and command line may say, with every default, range and unit.

A frozen model; an unknown key, a wrong type or a value out of range is an error that names the key.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from recognizer.app import renamed
from recognizer.capture.names import display_name
from recognizer.errors import ConfigError

Share = Annotated[float, Field(ge=0, le=1)]
Cosine = Annotated[float, Field(ge=-1, le=1)]
Seconds = Annotated[float, Field(ge=0, le=3600)]
Threads = Annotated[int, Field(ge=1, le=64)]


class Section(BaseModel):
    """Base of all sections."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Camera(Section):
    """A place where frames come from, and what is asked of it."""

    location: str = "0"
    """A video file, a folder of pictures, one picture; number or path of a webcam; rtsp://, rtsps://, http(s)://."""
    name: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    """What it is called in events and pictures; its address without credentials by default."""
    width: Annotated[int, Field(ge=16, le=16384)] | None = None
    """Of a webcam's pictures, px; it gives what it can."""
    height: Annotated[int, Field(ge=16, le=16384)] | None = None
    rate: Annotated[float, Field(gt=0, le=1000)] | None = None
    """Frames a second wanted of a webcam."""
    transport: Literal["tcp", "udp"] = "tcp"
    """Of RTSP."""
    rotate_deg: Literal[0, 90, 180, 270] = 0
    """Turned clockwise before anything else."""
    mirror: bool = False
    region: tuple[Share, Share, Share, Share] = (0, 0, 1, 1)
    """Left, top, right, bottom of the part that is looked at, as shares of the turned and mirrored picture."""
    analysis_rate: Annotated[float, Field(gt=0, le=1000)] | None = None
    """Frames a second that are looked at, at most."""
    decode_threads: Threads = 1
    """Decoder threads of a video file."""
    deblock: Literal["all", "most", "none"] = "most"
    """Frames whose block edges the decoder smooths. ``most`` leaves out B frames of H.264, a fifth of decoding here,
    and of other codecs what no frame is made from. Cameras send few of either; ``none`` makes theirs cheaper too, and
    one face in a hundred is followed less."""

    @field_validator("region")
    @classmethod
    def _is_a_region(cls, region: tuple[float, ...]) -> tuple[float, ...]:
        if not (region[0] < region[2] and region[1] < region[3]):
            raise ValueError("wanted left < right and top < bottom")
        return region


class Source(Camera):
    """Where frames come from, and how many of them."""

    max_frames: Annotated[int, Field(ge=1)] | None = None
    max_seconds: Annotated[float, Field(gt=0)] | None = None
    """Seconds of the source's own time."""


class Engine(Section):
    """What runs the neural graphs."""

    name: Literal["auto", "openvino", "openvino-int8", "onnxruntime", "torch"] = "auto"
    """``openvino-int8``: most of EdgeFace in bytes, for processors with VNNI and models whose ranges were measured
    (`recognizer.models.engines.int8`); its vectors may be compared with those of the other engines. And what finds
    faces in video in bfloat16, where the processor multiplies that. ``auto``: that where it can be, else OpenVINO
    where it is installed, else ONNX Runtime. ``openvino``: everything in floats."""
    threads: Threads = 1
    """Processor threads a graph may use."""


class Detect(Section):
    """How faces are looked for, and when."""

    min_face_px: Annotated[float, Field(ge=12, le=2000)] = 40
    """Side of the smallest face looked for; halving it costs up to four times as much."""
    pnet_threshold: Share = 0.6
    rnet_threshold: Share = 0.7
    onet_threshold: Share = 0.7
    factor: Annotated[float, Field(ge=0.3, le=0.95)] = 0.709
    """Each level of the pyramid is so much smaller than the last."""
    max_interval_s: Seconds = 0.5
    """Longest wait between two detections; 0 detects in every frame."""
    min_interval_s: Seconds = 0.25
    """Wait between two detections while faces come and go."""
    full_interval_s: Seconds = 5.0
    """Wait between two full detections, which verify proposals at half the threshold; those between are fast ones.
    With 0, or with the torch engine, every detection is exact MTCNN with P-Net's whole pyramid."""
    cut: Annotated[float, Field(gt=0, le=2)] = 0.5
    """Change between two frames that counts as a shot cut: 0 the same picture, 1 an unrelated one."""


class Track(Section):
    """How faces are followed."""

    follow: Literal["own", "onet", "copy"] = "own"
    """``own``: our own small net finds each face again. ``onet``, and ``own`` with torch: MTCNN's O-Net does, at many
    times the cost. ``copy``: boxes stay, as in FastMTCNN; for comparison."""
    min_score: Share = 0.5
    """Score below which a followed face counts as not seen."""
    keep_lost_s: Seconds = 1.5
    """How long a face that is not seen keeps its number."""


class Embed(Section):
    """Which model turns faces into vectors."""

    model: str = "auto"
    weights_dir: Path | None = None
    spec: str | dict[str, Any] | None = None
    """Input and output of an ONNX file of one's own, over the file beside it (`recognizer.models.spec_file`)."""
    flip: bool = False
    """Average each face with its mirror image."""


class Gallery(Section):
    """Who is enrolled."""

    folder: Path = Path("gallery")


class Decide(Section):
    """When a track gets a name. Unset thresholds come from the model's calibration file."""

    calibration: Path | None = None
    """A calibration file of your own."""
    known: Cosine | None = None
    """Cosine from which a track is a person."""
    margin: Annotated[float, Field(ge=0, le=1)] | None = None
    """How much nearer than the next person."""
    face_score: Share = 0.95
    """Mean O-Net score that makes a track a face."""
    recheck_s: Seconds = 2.0
    """A settled track is looked at again so often."""


class Emit(Section):
    """What is shown and written."""

    headless: bool = False
    video: Path | None = None
    events: str | None = None
    """A file of JSON lines, or - for standard output. Live sources add to it, files begin it anew."""
    rotate_mb: Annotated[float, Field(gt=0, le=1e6)] | None = None
    """The event file is put aside before it grows beyond this."""
    rotate_hours: Annotated[float, Field(gt=0, le=24 * 366)] | None = None
    """The event file is put aside at this age."""
    rotate_keep: Annotated[int, Field(ge=1, le=1000)] = 10
    """Old event files that are kept."""
    sync_every_s: Seconds | None = None
    """Events are safe from a power failure after so long, 0 at once; unset, when the system writes them."""
    summary: Path | None = None


class Settings(Section):
    """Everything that can be set."""

    source: Source = Source()
    sources: tuple[Camera, ...] = ()
    """Several sources at once, instead of ``source``; each a location, or a section like it."""
    engine: Engine = Engine()
    detect: Detect = Detect()
    track: Track = Track()
    embed: Embed = Embed()
    gallery: Gallery = Gallery()
    decide: Decide = Decide()
    emit: Emit = Emit()

    @field_validator("sources", mode="before")
    @classmethod
    def _locations(cls, sources: Any) -> Any:
        if not isinstance(sources, list | tuple):
            return sources
        return [{"location": source} if isinstance(source, str) else source for source in sources]

    @property
    def cameras(self) -> tuple[Camera, ...]:
        """Where frames come from, one or several."""
        return self.sources or (self.source,)


def load(
    path: Path | None = None,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    sources: Sequence[str] | None = None,
) -> Settings:
    """Read a YAML file and lay the command line's values over it.

    Args:
        path: the file; ``None`` for defaults only.
        overrides: section -> key -> value; a value of ``None`` was not given.
        sources: locations that replace those of the file.

    Raises:
        ConfigError: naming the key, what was wanted and what came.
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
        raise ConfigError(where + "; ".join(_told(values, error))) from None


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


def _told(values: Mapping[str, Any], error: ValidationError) -> Iterator[str]:
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
    """What came instead; an address may hold a password, anywhere."""
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
