"""The curl examples of docs/service-history.md are routes, and every route over the history has one."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Match

from recognizer.serve.routes import actions, calibration, events, search, sightings, trials, trust, unknowns
from tests.conftest import ROOT

OURS = (actions, calibration, events, search, sightings, trials, trust, unknowns)


def examples() -> list[tuple[str, str]]:
    """Return method and path of every example."""
    text = (ROOT / "docs" / "service-history.md").read_text("utf-8")
    found = []
    for line in text.replace("\\\n", "").splitlines():
        if line.startswith("curl "):
            method = re.search(r"-X (\w+)", line)
            sends = " -F " in line or " --json " in line
            path = urlsplit(re.findall(r'"\$AT(/[^"]*)"', line)[0]).path
            found.append((method[1] if method else "POST" if sends else "GET", path.replace("JOB", "0123456789abcdef")))
    return found


def route_of(app: FastAPI, method: str, path: str) -> APIRoute:
    scope = {"type": "http", "method": method, "path": path, "headers": []}
    matching = [each for each in app.router.routes if each.matches(scope)[0] is Match.FULL]
    assert matching, f"{method} {path} is no route"
    assert isinstance(matching[0], APIRoute)
    return matching[0]


def test_every_example_is_a_route_and_every_route_has_one(app: FastAPI) -> None:
    shown = {(route_of(app, *each).path_format, each[0]) for each in examples()}
    ours = {
        (route.path_format, method)
        for module in OURS
        for route in module.router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    # these differ from a shown one in a word only, and a comment names it
    assert ours - shown == {("/v1/unknowns/{unknown_id}/discard", "POST")}
