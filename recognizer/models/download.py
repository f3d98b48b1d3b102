"""Download a file: resume after interruptions, verify, replace the target in one step.

The standard library does this but for one limit: the time of name look-up and connection together. Without a network
the program must report that within seconds, so a probe with its own limit comes first.
"""

from __future__ import annotations

import http.client
import os
import socket
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path

from recognizer.errors import WeightsError
from recognizer.models.digest import git_blob_id

Progress = Callable[[str, int, int | None], None]
"""Called with a title, the amount done, and the total (``None``: unknown); bytes in a download."""

CONNECT_S = 3.0
"""Limit for name look-up and connection together."""
READ_S = 20.0
"""Seconds without data after which a connection counts as broken."""
TRIES = 4
MAX_BYTES = 1 << 30
_CHUNK = 1 << 16
_RETRIED_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})


class _TooLong(Exception):
    """The file is larger than any such model; a retry would give the same."""


def no_progress(what: str, done: int, whole: int | None) -> None:
    """Report nothing."""


def download(
    url: str,
    target: Path,
    *,
    blob_id: str | None,
    max_bytes: int = MAX_BYTES,
    progress: Progress = no_progress,
    connect_s: float = CONNECT_S,
    pause_s: float = 1.0,
) -> None:
    """Download a file; continue the partial file of an earlier attempt.

    Args:
        url: http or https.
        target: replaced only by the complete, verified file; the partial one is kept beside it.
        blob_id: git blob id of the wanted file; ``None``: any complete file is accepted.
        max_bytes: a longer answer is refused, if possible before it is read.
        progress: called after every chunk.
        connect_s: limit for name look-up and connection; not retried.
        pause_s: wait before the second attempt; doubles with each further one.

    Raises:
        WeightsError: if the host cannot be reached, lacks the file, breaks off on each attempt, or sends another file.
        OSError: if the target's folder cannot be written.
    """
    _require_reachable(url, connect_s)
    part = target.with_name(f"{target.name}.part")
    trouble = ""
    for attempt in range(TRIES):
        if attempt:
            time.sleep(pause_s * 2 ** (attempt - 1))
        resumed = part.exists() and part.stat().st_size > 0
        try:
            _append(url, part, max_bytes, progress)
        except urllib.error.HTTPError as error:
            trouble = f"HTTP {error.code} {error.reason}"
            if error.code not in _RETRIED_STATUS:
                break
            continue
        except _TooLong as error:
            part.unlink(missing_ok=True)
            trouble = str(error)
            break
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
            trouble = str(getattr(error, "reason", "") or error) or type(error).__name__
            continue
        came = git_blob_id(part)
        if blob_id in (None, came):
            os.replace(part, target)
            return
        size = part.stat().st_size
        part.unlink()
        trouble = f"wanted digest {blob_id}, got {came} ({size} bytes)"
        if not resumed:  # a complete file with another digest: a retry would give the same
            break
    raise WeightsError(f"{url} could not be fetched: {trouble}.")


def _require_reachable(url: str, connect_s: float) -> None:
    """Connect to the host, or to the proxy in front of it, within a limit that covers the name look-up too."""
    parts = urllib.parse.urlsplit(url)
    host = parts.hostname or ""
    proxy = urllib.request.getproxies().get(parts.scheme)
    if proxy and not urllib.request.proxy_bypass(host):
        parts = urllib.parse.urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    port = parts.port or {"https": 443}.get(parts.scheme, 80)
    outcome: list[str] = []

    def probe() -> None:
        try:
            with socket.create_connection((parts.hostname or "", port), timeout=connect_s):
                outcome.append("")
        except OSError as error:
            outcome.append(error.strerror or str(error))

    thread = threading.Thread(target=probe, name="reach", daemon=True)
    thread.start()
    thread.join(connect_s)
    trouble = outcome[0] if outcome else f"no answer within {connect_s:g} s"
    if trouble:
        raise WeightsError(f"{host} cannot be reached ({trouble}).")


def _append(url: str, part: Path, max_bytes: int, progress: Progress) -> None:
    """Append to ``part`` from where it ends, or start again where the server cannot resume.

    Raises:
        ConnectionError: if the answer ends before its announced length.
    """
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "recognizer", "Accept-Encoding": "identity"})  # noqa: S310
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        response = urllib.request.urlopen(request, timeout=READ_S)  # noqa: S310 - addresses come from the catalogue
    except urllib.error.HTTPError as error:
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and have:
            error.close()
            return  # nothing is left to download; the digest is checked by the caller
        raise
    with response:
        if response.status != http.HTTPStatus.PARTIAL_CONTENT:
            have = 0
        announced = response.headers.get("Content-Length")
        whole = have + int(announced) if announced and announced.isdigit() else None
        if whole is not None and whole > max_bytes:
            raise _TooLong(f"the file has {whole} bytes, wanted at most {max_bytes}")
        name = part.name.removesuffix(".part")
        with part.open("ab" if have else "wb") as file:
            done = have
            while chunk := response.read(_CHUNK):
                done += len(chunk)
                if done > max_bytes:
                    raise _TooLong(f"the answer is longer than {max_bytes} bytes")
                file.write(chunk)
                progress(f"fetching {name}", done, whole)
            file.flush()
            os.fsync(file.fileno())
    if whole is not None and done != whole:
        raise ConnectionError(f"the answer broke off after {done} of {whole} bytes")
