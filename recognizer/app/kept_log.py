"""The newest lines of a process's log, for the page."""

from __future__ import annotations

import re
from collections import deque

from loguru import logger

LOG_LINES = 200
"""Newest lines of the log that are kept for the page."""


_SECRETS = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*://)[^\s'\"<>]*"  # the log names cameras; an address may hold a password anywhere
    r"|\b(?:fr[tsl]|whsec)_[A-Za-z0-9_+/=-]+"  # our tokens, sessions and login codes; secrets of webhooks
    r"|(?P<key>\b(?:bearer\s+|(?:pass(?:word|wd)?|pwd|token|secret|authorization|api_?key)\s*[=:]\s*"
    r"(?:(?:bearer|basic)\s+)?))[^\s,;'\"]+",
    re.IGNORECASE,
)


def scrubbed(line: str) -> str:
    """Take out what may be a secret: addresses, tokens, and values of what sounds like a password.

    Our own messages hold none; those of libraries, and of errors that nobody expected, may.
    """
    return _SECRETS.sub(lambda found: (found["scheme"] or found["key"] or "") + "***", line)


def keep_log() -> deque[str]:
    """Keep the newest lines of this process's log from now on, without secrets."""
    lines: deque[str] = deque(maxlen=LOG_LINES)
    logger.add(
        lambda line: lines.append(scrubbed(str(line).rstrip("\n"))),
        format="{time:YYYY-MM-DDTHH:mm:ssZZ} {level} {message}",
        level="INFO",
        diagnose=False,
        backtrace=False,
    )
    return lines
