"""Ask a run or a service whether it is well, as containers do."""

from __future__ import annotations

import json
import ssl
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recognizer.app.config import Settings
from recognizer.emit.health import STALE_S

_TIMEOUT_S = 4.0
"""Docker's and Kubernetes' checks give up after some seconds, too."""
_MAX_BYTES = 1 << 20
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}  # noqa: S104 - we connect to it


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether it is well, and what it said."""

    ok: bool
    message: str
    """A sentence for people."""
    asked: str
    """Address or file."""
    report: dict[str, Any]
    """What it answered; empty when it did not."""


def ask(settings: Settings, *, address: str | None = None, only_alive: bool = False) -> Verdict:
    """Ask what the settings name: a run's metrics port, else its status file, else the service.

    Args:
        settings: of the run or the service.
        address: ``http(s)://HOST:PORT``, in place of what the settings say.
        only_alive: cameras may be stale, and the model may be loading.
    """
    if address is None and settings.metrics.port is not None:
        address = f"http://{_host(settings.metrics.host)}:{settings.metrics.port}"
    if address is None and settings.health.file is not None:
        return _of_file(settings.health.file, only_alive=only_alive)
    if address is None:
        scheme = "https" if settings.serve.tls_certificate is not None else "http"
        address = f"{scheme}://{_host(settings.serve.host)}:{settings.serve.port}"
    return _of_address(f"{address.rstrip('/')}/{'healthz' if only_alive else 'readyz?cameras=true'}")


def _of_address(address: str) -> Verdict:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # it asks itself; nothing secret is sent
    try:
        with urllib.request.urlopen(address, timeout=_TIMEOUT_S, context=context) as answer:  # noqa: S310
            status, body = answer.status, answer.read(_MAX_BYTES)
    except urllib.error.HTTPError as error:
        with error:
            status, body = error.code, error.read(_MAX_BYTES)
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        return Verdict(False, f"nothing answers at {address} ({reason})", address, {})
    try:
        report = json.loads(body)
        report = report if isinstance(report, dict) else {}
    except ValueError:
        report = {}
    return _verdict(report, address, ok=status == 200, otherwise=f"{address} answered {status}")


def _of_file(path: Path, *, only_alive: bool) -> Verdict:
    try:
        report = json.loads(path.read_text("utf-8"))
        age_s = time.time() - float(report["written_at"])
    except FileNotFoundError:
        return Verdict(False, f"no run writes {path}: it is starting, or has ended", str(path), {})
    except (OSError, ValueError, KeyError, TypeError) as error:
        return Verdict(False, f"{path} cannot be read ({type(error).__name__})", str(path), {})
    if age_s > STALE_S:
        return Verdict(False, f"the run has not written {path} for {age_s:.0f} s", str(path), report)
    return _verdict(report, str(path), ok=bool(report.get("alive" if only_alive else "ready")), otherwise="not ready")


def _verdict(report: dict[str, Any], asked: str, *, ok: bool, otherwise: str) -> Verdict:
    sources = [each for each in report.get("sources", ()) if each.get("live")]
    stale = [f"{each['name']} ({each['state']})" for each in sources if each.get("stale")]
    if not ok:
        status = report.get("status")
        message = report.get("problem") or (f"it says {status}" if status else otherwise)
    elif stale:
        message = f"ok; without picture: {', '.join(stale)}"
    else:
        message = "ok" + (f", {len(sources)} cameras" if len(sources) > 1 else "")
    return Verdict(ok, str(message), asked, report)


def _host(host: str) -> str:
    plain = _ANYWHERE.get(host, host)
    return f"[{plain}]" if ":" in plain and not plain.startswith("[") else plain
