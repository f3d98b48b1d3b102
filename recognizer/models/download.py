"""A download that survives a broken line: it resumes, verifies, and replaces the target in one step.

The standard library does all of it. What it lacks is a limit on the time to find and reach the host, which matters
most: without a network the program must say so within seconds, so a probe with its own limit comes first.
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
"""Called with what is being done, how much of it is done, and the whole (``None``: unknown); bytes in a download."""

CONNECT_S = 3.0
"""For finding the host and connecting, together."""
READ_S = 20.0
"""Silence after which a connection counts as broken."""
TRIES = 4
MAX_BYTES = 1 << 30
_CHUNK = 1 << 16
_RETRIED_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})


def no_progress(what: str, done: int, whole: int | None) -> None:
    """Say nothing."""


def download(
    url: str,
    target: Path,
    *,
    blob_id: str | None,
    progress: Progress = no_progress,
    connect_s: float = CONNECT_S,
    pause_s: float = 1.0,
) -> None:
    """Fetch a file. What arrived of an earlier try is kept beside the target and carried on.

    Args:
        url: http or https.
        target: is replaced only by the whole, verified file.
        blob_id: git blob id of the wanted file; ``None`` where none is published, and any whole file is taken.
        progress: told about every chunk.
        connect_s: time to find and reach the host; there is one try for that.
        pause_s: before the second try; doubles with each further one.

    Raises:
        WeightsError: if the host is out of reach, does not have the file, keeps breaking off, or sends another file.
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
            _append(url, part, progress)
        except urllib.error.HTTPError as error:
            trouble = f"HTTP {error.code} {error.reason}"
            if error.code not in _RETRIED_STATUS:
                break
            continue
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
            trouble = str(getattr(error, "reason", "") or error) or type(error).__name__
            continue
        came = git_blob_id(part)
        if blob_id in (None, came):
            os.replace(part, target)
            return
        size = part.stat().st_size
        part.unlink()
        trouble = f"wanted digest {blob_id}, came {came} ({size} bytes)"
        if not resumed:  # a whole file in one go, and another one: asking again would bring the same
            break
    raise WeightsError(f"{url} could not be fetched: {trouble}.")


def _require_reachable(url: str, connect_s: float) -> None:
    """Find and reach the host, or the proxy in front of it, within a time that covers the name look-up too."""
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
        raise WeightsError(f"{host} is out of reach ({trouble}).")


def _append(url: str, part: Path, progress: Progress) -> None:
    """Carry on where ``part`` ends, or begin anew where the server cannot.

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
            return  # nothing is left to fetch; the digest says whether that is the file
        raise
    with response:
        if response.status != http.HTTPStatus.PARTIAL_CONTENT:
            have = 0
        announced = response.headers.get("Content-Length")
        whole = have + int(announced) if announced and announced.isdigit() else None
        name = part.name.removesuffix(".part")
        with part.open("ab" if have else "wb") as file:
            done = have
            while chunk := response.read(_CHUNK):
                done += len(chunk)
                if done > MAX_BYTES:
                    raise ConnectionError(f"the answer is longer than {MAX_BYTES} bytes")
                file.write(chunk)
                progress(f"fetching {name}", done, whole)
            file.flush()
            os.fsync(file.fileno())
    if whole is not None and done != whole:
        raise ConnectionError(f"the answer broke off after {done} of {whole} bytes")
