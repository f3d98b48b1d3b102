"""The newest lines of a process's log, for the page."""

from __future__ import annotations

from collections import deque

from loguru import logger

LOG_LINES = 200
"""Newest lines of the log that are kept for the page."""


def keep_log() -> deque[str]:
    """Keep the newest lines of this process's log from now on; they hold no passwords."""
    lines: deque[str] = deque(maxlen=LOG_LINES)
    logger.add(
        lambda line: lines.append(str(line).rstrip("\n")),
        format="{time:YYYY-MM-DDTHH:mm:ssZZ} {level} {message}",
        level="INFO",
        diagnose=False,
        backtrace=False,
    )
    return lines
