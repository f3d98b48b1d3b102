"""Read the settings of YAML files and of the command line; ``sections`` has every default, range and unit.

The model is frozen; an unknown key, a wrong type or a value out of range is an error that names the key.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError, field_validator

from recognizer import strict_yaml
from recognizer.app import renamed
from recognizer.app.integration_sections import Health, Integrations, Metrics, Mqtt, Webhook
from recognizer.app.notify_sections import Notify
from recognizer.app.sections import (
    Camera,
    Decide,
    Detect,
    Embed,
    Emit,
    Engine,
    Fleet,
    Gallery,
    History,
    Section,
    Serve,
    Source,
    Track,
    Workers,
)
from recognizer.capture.address import complete_address
from recognizer.capture.names import display_name
from recognizer.errors import ConfigError, SourceError
from recognizer.history.records import FILE_NAME
from recognizer.plain_faults import plain

_LONGEST = 80
"""Characters of a wrong value in a message."""


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
    workers: Workers = Workers()
    emit: Emit = Emit()
    history: History = History()
    serve: Serve = Serve()
    fleet: Fleet = Fleet()
    mqtt: Mqtt = Mqtt()
    webhooks: tuple[Webhook, ...] = ()
    notify: Notify = Notify()
    metrics: Metrics = Metrics()
    health: Health = Health()
    integrations: Integrations = Integrations()

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
        """Return the folder or the address of the history.

        Raises:
            ConfigError: if a variable in the address is not set.
        """
        if self.history.address is not None:
            try:
                return complete_address(self.history.address.get_secret_value())
            except SourceError as error:  # says which variable is not set
                raise ConfigError(f"history.address: {error}") from None
        return self.history.folder or self.gallery.folder.absolute().parent / "history"

    @property
    def gallery_index(self) -> str | None:
        """Return the address of the gallery's index, where there is one.

        Raises:
            ConfigError: if a variable in the address is not set.
        """
        if self.gallery.index is None:
            return None
        try:
            return complete_address(self.gallery.index.get_secret_value())
        except SourceError as error:
            raise ConfigError(f"gallery.index: {error}") from None

    @property
    def has_history(self) -> bool:
        """Whether a history is there, or is named by its address; it is not opened.

        Raises:
            ConfigError: as ``history_place``.
        """
        place = self.history_place
        return isinstance(place, str) or (place / FILE_NAME).exists()

    @property
    def service_folder(self) -> Path:
        """Return the folder of the web service's tokens and sessions."""
        return self.serve.folder or self.gallery.folder.absolute().parent / "service"

    @property
    def fleet_folder(self) -> Path:
        """Return the folder of a box's token and state."""
        return self.fleet.folder or self.gallery.folder.absolute().parent / "fleet"


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
        raise ConfigError((f"{path}: " if path else "") + "; ".join(_problems(error))) from None


def _read(path: Path) -> dict[str, Any]:
    values = strict_yaml.read(path, kind="settings file", error=ConfigError)
    if values is not None and not isinstance(values, dict):
        raise ConfigError(f"{path}: wanted sections such as 'detect:', got a {type(values).__name__}.")
    return values or {}


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
            missing = problem["type"] == "missing"
            got = _shown(problem["input"], secret=keys[:1] in (["notify"], ["webhooks"]))
            if missing or (problem["type"] == "value_error" and isinstance(problem["input"], dict)):
                got = ""  # the message says what is missing, or does not fit together
            yield f"'{key}': {plain(problem)}{got and f', got {got}'}"


def _shown(got: Any, *, secret: bool) -> str:
    """Format a wrong value for the message; an address may hold a password, and a ``secret`` one be one as a whole."""
    if secret and isinstance(got, str) and "://" in got:
        return "an address"
    if isinstance(got, list | dict | tuple):
        return f"a {type(got).__name__}"
    text = repr(display_name(got)) if isinstance(got, str) else repr(got)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


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
