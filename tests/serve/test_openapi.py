"""The OpenAPI document, and Swagger UI without the internet."""

from __future__ import annotations

import json
import re

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from recognizer.serve.application import openapi_document
from tests.conftest import ROOT
from tests.serve.service import client_of


def test_the_snapshot_is_current() -> None:
    kept = json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))
    assert openapi_document() == kept, "write it again: python main.py serve openapi > docs/openapi.json"


def test_every_operation_says_its_scope_and_its_errors(app: FastAPI) -> None:
    document = client_of(app).get("/openapi.json").json()
    for route in app.router.routes:
        if isinstance(route, APIRoute) and route.include_in_schema:
            for method in route.methods or ():
                operation = document["paths"][route.path_format][method.lower()]
                assert operation["responses"]["default"]["content"]
                assert ("security" in operation) == ("open to all" not in operation["description"]), route.path
                assert operation["summary"]
                assert operation["description"]


def test_swagger_ui_comes_from_here(app: FastAPI) -> None:
    """Nothing is loaded from elsewhere, no script stands in the page."""
    client = client_of(app)
    page = client.get("/docs")
    assert page.status_code == 200
    assert "script-src 'self';" in page.headers["content-security-policy"]
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(loaded) == 4
    for place in loaded:
        assert client.get(place).status_code == 200, place
    assert not re.search(r"<script(?! src)|\son\w+=|<style", page.text)


def test_a_browser_loads_the_files_once(app: FastAPI) -> None:
    first = client_of(app).get("/docs/swagger-ui.css")
    again = client_of(app).get("/docs/swagger-ui.css", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.headers["cache-control"]) == (304, "no-cache")


@pytest.mark.parametrize("query", ["?limit=3", "?width=64&size=3", "?width=64&size", "?%77idth2=1"])
def test_a_parameter_that_is_not_known_is_refused(app: FastAPI, query: str) -> None:
    answer = client_of(app, "read").get(f"/v1/people/Ada/photos/1.jpg{query}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")
    assert "width" in answer.json()["error"]["message"]


@pytest.mark.parametrize("width", ["31", "1025", "a", "NaN", "1e3"])
def test_a_parameter_out_of_range_is_refused(app: FastAPI, width: str) -> None:
    assert client_of(app, "read").get(f"/v1/people/Ada/photos/1.jpg?width={width}").status_code == 422
