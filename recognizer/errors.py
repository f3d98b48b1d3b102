"""Everything that can go wrong for a reason a person can act on.

    RecognizerError               exit 1   base: one message, what was wanted, what came, what to do
    |-- UsageError                exit 2   the command line asks for something that does not exist
    |-- ConfigError               exit 2   a YAML file or a value in it
    |-- InputError                exit 3   a source or picture that cannot be used
    |   |-- SourceError                    a video, folder or stream that cannot be read
    |   `-- ImageError                     a picture that is corrupt, too large or not a picture
    |       |-- PictureSizeError           a picture with more pixels than are decoded
    |       `-- TooManyFacesError          a picture with more faces than are searched in one
    |-- GalleryError              exit 4   the enrolled people
    |   |-- FingerprintError               vectors of one model met vectors of another
    |   |-- GalleryBusyError               another process is writing this gallery
    |   `-- PulledGalleryError             a gallery that a service keeps, and nobody else changes
    |-- ModelError                exit 5   what we compute with
    |   |-- WeightsError                   a weight file missing, altered or of another network
    |   `-- EngineError                    a graph engine that is absent or refuses the graph
    |-- OutputError               exit 6   an output cannot be written
    |-- HistoryError              exit 7   the history of what was seen
    |   `-- HistoryAwayError               a database server does not answer; it may come back
    |-- FleetError                exit 1   the service of a fleet refuses, or says what cannot be used
    |   `-- FleetAwayError                 it does not answer; it may come back
    `-- NotHealthyError           exit 1   a run or service that was asked is not well

Programming mistakes stay ``TypeError`` and ``ValueError``: they are bugs, and keep their traceback.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class RecognizerError(Exception):
    """Base of every error with a message meant for the user."""

    exit_code = 1


class UsageError(RecognizerError):
    """The command line asks for something that does not exist or does not fit."""

    exit_code = 2


class ConfigError(RecognizerError):
    """A configuration file is missing, unreadable, or holds a key or value that is not allowed."""

    exit_code = 2


class InputError(RecognizerError):
    """A source, picture or file that was given cannot be read."""

    exit_code = 3


class SourceError(InputError):
    """A video file, image folder or stream cannot be opened or read."""


class ImageError(InputError):
    """A picture is corrupt, larger than allowed, or no picture at all."""


class PictureSizeError(ImageError):
    """A picture has more pixels than are decoded, or needs more memory."""


class TooManyFacesError(ImageError):
    """A picture shows more faces, or patterns like them, than are searched in one; the message does not name it."""


class GalleryError(RecognizerError):
    """The gallery of enrolled people is missing, damaged or lacks what was requested."""

    exit_code = 4


class FingerprintError(GalleryError):
    """Vectors of one model were about to be compared with vectors of another."""


class GalleryBusyError(GalleryError):
    """Another process is changing this gallery."""


class IndexAwayError(GalleryError):
    """The server of a gallery's vectors does not answer as it should at the moment."""


class PulledGalleryError(GalleryError):
    """The gallery is a copy of a service's, which is changed there only."""


class ModelError(RecognizerError):
    """A model cannot be had or cannot be run."""

    exit_code = 5


class WeightsError(ModelError):
    """A weight file is missing, altered, truncated, malicious or of another network."""


class EngineError(ModelError):
    """A graph engine is not installed, or does not take the graph."""


class OutputError(RecognizerError):
    """A requested output cannot be written."""

    exit_code = 6


class HistoryError(RecognizerError):
    """The history is missing, damaged, of a newer version, or lacks what was requested."""

    exit_code = 7


class NotHealthyError(RecognizerError):
    """A run or a service that was asked is not well, or does not answer."""


class FleetError(RecognizerError):
    """The service of a fleet refuses a request, or sends what cannot be used."""


class FleetAwayError(FleetError):
    """The service of a fleet does not answer at the moment."""


class HistoryAwayError(HistoryError):
    """The server of the history's database does not answer at the moment."""


@contextmanager
def one_picture(name: object, problem: str, remedy: str) -> Iterator[None]:
    """Turn whatever goes wrong with one picture into an ``ImageError``, so that all others go on.

    Args:
        name: what the message calls the picture.
        problem: what cannot be done with it.
        remedy: what to do.

    Raises:
        ImageError: ``{name}: {problem} ({reason}); {remedy}.``
    """
    try:
        yield
    except TooManyFacesError as error:
        raise ImageError(f"{name}: {error}") from error
    except RecognizerError:
        raise
    except Exception as error:  # Pillow's plug-ins, OpenCV and the engines raise anything at all on hostile pictures
        reason = str(error) or type(error).__name__
        raise ImageError(f"{name}: {problem} ({reason}); {remedy}.") from error
