"""Every setting with values of every wrong kind: one plain sentence with the setting's name, or the value is taken."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel

from recognizer import strict_yaml
from recognizer.app import config
from recognizer.errors import ConfigError
from recognizer.plain_faults import plain

WRONG: tuple[Any, ...] = (
    *([1, 2], {"a": 1}, "no such value", 7, 0, -1, 0.5, 10**30, -1e308, True, "2024-13-45", "", [], {}, [{}]),
    *([[["x"]]], {"1": {"2": 3}}, "a\x1b[2Jb", "x" * 5000, "\N{RIGHT-TO-LEFT OVERRIDE}txt", "$HOME/~/..", [None]),
)
PYTHON = ("pydantic", "instance of", "<class", "tuple", "after validation", "Traceback", "unhashable")


def settings(model: type[BaseModel], above: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the keys that lead to each section and setting; 0 is the first of a list."""
    for key, field in model.model_fields.items():
        yield (*above, key)
        for section in (field.annotation, *get_args(field.annotation)):
            if isinstance(section, type) and issubclass(section, BaseModel):
                in_list = get_origin(field.annotation) is tuple
                yield from settings(section, (*above, key, *((0,) if in_list else ())))


def nested(keys: tuple[str | int, ...], value: Any) -> Any:
    for key in reversed(keys):
        value = [value] if key == 0 else {key: value}
    return value


def refusal(file: Path, content: Any) -> str:
    file.write_text(strict_yaml.dumps(content), "utf-8")
    try:
        loaded = config.load(file)
        _ = loaded.has_history, loaded.service_folder, loaded.cameras
    except ConfigError as error:
        return str(error).removeprefix(f"{file}: ")
    return ""


@pytest.mark.parametrize("section", config.Settings.model_fields)
def test_a_wrong_value_is_named_in_one_plain_sentence(section: str, tmp_path: Path) -> None:
    tried = refused = 0
    for keys in settings(config.Settings):
        if keys[0] != section:
            continue
        for value in WRONG:
            tried += 1
            if message := refusal(tmp_path / "s.yaml", nested(keys, value)):
                refused += 1
                assert section in message, (keys, value)
                assert message.isprintable(), (keys, value, message)
                assert len(message) < 1200, (keys, value, message)
                assert not [word for word in PYTHON if word in message], (keys, value, message)
    assert refused > tried / 2


def test_a_long_value_is_cut_in_the_message(tmp_path: Path) -> None:
    assert len(refusal(tmp_path / "s.yaml", {"detect": {"min_face_px": "x" * 5000}})) < 250
    assert len(refusal(tmp_path / "s.yaml", {"detect": "x" * 5000})) < 200


@pytest.mark.parametrize("path", ["x" * 256, "/".join(["y" * 200] * 21), "a\0b"])
def test_a_path_that_no_file_system_takes_is_refused(path: str) -> None:
    with pytest.raises(ConfigError, match=r"'gallery\.folder': wanted a path of at most 4095 bytes"):
        config.load(None, {"gallery": {"folder": path}})


def test_half_a_surrogate_pair_is_refused(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text('source: {name: "a\\ud800"}')
    with pytest.raises(ConfigError, match="half of a surrogate pair, in line 1"):
        config.load(tmp_path / "s.yaml")


def test_a_missing_key_shows_nothing_of_what_is_beside_it(tmp_path: Path) -> None:
    message = refusal(tmp_path / "s.yaml", {"webhooks": [{"secret_env": "NAME"}]})
    assert message == "'webhooks.0.address': this key is missing"


def test_words_of_python_are_replaced() -> None:
    for given, wanted in (
        ({"type": "tuple_type", "msg": "Input should be a valid tuple"}, "input should be a list"),
        ({"type": "too_short", "msg": "Tuple should have at least 1 item after validation, not 0"}, None),
    ):
        assert plain(given) == (wanted or "list should have at least 1 item, not 0")
