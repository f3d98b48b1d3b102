"""Say what pydantic found wrong with a value in words of the file, not of Python."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_PLAIN = {
    "path_type": "input should be a path",
    "tuple_type": "input should be a list",
    "list_type": "input should be a list",
    "missing": "this key is missing",
    "int_parsing_size": "input should be a valid integer",
}
_PYTHON = ((" or instance of \\w+", ""), (" after validation, not (\\d+)", ", not \\1"), ("^tuple ", "list "))


def plain(problem: Mapping[str, Any]) -> str:
    """Return the message of one of ``ValidationError.errors()``, without a full stop or an upper-case beginning."""
    if problem["type"] in _PLAIN:
        return _PLAIN[problem["type"]]
    message = str(problem["msg"]).removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    for pattern, instead in _PYTHON:
        message = re.sub(pattern, instead, message)
    return message
