"""Requests that the OpenAPI document allows and forbids, against a real service: ``python -m tests.serve.contract``.

schemathesis sends them to every route but the endless stream of events, with a token that is good for everything, to a
service that has enrolled people and a history. An error of the server or an answer that the document does not have
fails. Further words go to ``st run``; without any, all phases run, for about a quarter of an hour.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.serve.page.site import make_site, serving

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "ignored_auth",
    "use_after_free",
)
ENDLESS = "/v1/events/stream"


def run(*words: str) -> int:
    """Run schemathesis; returns its exit status, 0: nothing was found."""
    with tempfile.TemporaryDirectory() as name, serving(make_site(Path(name) / "site")) as service:
        command = [str(Path(sys.executable).with_name("st")), "run", f"{service.base}/openapi.json"]
        command += ["--header", f"Authorization:Bearer {service.token}", "--exclude-path", ENDLESS]
        command += ["--checks", ",".join(CHECKS), "--continue-on-failure", "--request-timeout", "60", *words]
        return subprocess.run(command, check=False, cwd=name).returncode


if __name__ == "__main__":
    sys.exit(run(*sys.argv[1:]))
