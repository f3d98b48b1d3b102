"""Put the web application together: layers, routes, static files, the OpenAPI document."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from recognizer import __version__
from recognizer.serve import errors
from recognizer.serve.access.guard import COOKIE, AccessGuard
from recognizer.serve.access.hosts import AllowedHosts
from recognizer.serve.access.scopes import needed_by
from recognizer.serve.dependencies import Services
from recognizer.serve.figures import CountRequests
from recognizer.serve.limits import REQUEST_S, BodyLimit, RequestLimits
from recognizer.serve.models.calibration import CalibrationTrial
from recognizer.serve.models.common import ErrorAnswer
from recognizer.serve.models.people import PersonForgotten, PhotosAdded
from recognizer.serve.models.trials import EnrolResult, ReplayResult
from recognizer.serve.queries import KnownQuery
from recognizer.serve.routes import ROUTERS
from recognizer.serve.routes.documentation import SWAGGER
from recognizer.serve.routes.root import PAGE

DESCRIPTION = """Face recognition: compare and identify pictures, the enrolled people, and what was seen.

Every failure is `{"error": {"code", "message", "details"}, "request_id"}`. Times are ISO 8601 with zone, durations are
in seconds, boxes are x1, y1, x2, y2 in pixels. `Authorization: Bearer TOKEN`; see docs/service.md."""


JOB_RESULTS = (PhotosAdded, ReplayResult, EnrolResult, CalibrationTrial, PersonForgotten)
"""What jobs return: of photos, ``replay``, ``enrol`` (of a cluster), ``calibration``, ``forget``."""


class OpenFiles(StaticFiles):
    """Files without data, which anybody may read."""

    open_to_all = True

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Send a file, or say that the browser's copy is current."""
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "no-cache"  # kept, and revalidated
        return response


def make_application(services: Services, *, request_s: float = REQUEST_S) -> FastAPI:
    """Make the web application.

    Args:
        services: what its routes use; closed when the application ends.
        request_s: seconds from a request's head to the head of its answer.
    """
    serve = services.settings.serve

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        services.inference.start()
        if services.live is not None:
            await services.live.start()
        yield
        if services.live is not None:
            await services.live.close()
        await run_in_threadpool(services.close)

    app = _bare(lifespan)
    app.state.services = services
    _mount(app, "/page", PAGE)
    _mount(app, "/docs", SWAGGER)
    errors.install(app)
    app.add_middleware(BodyLimit)
    app.add_middleware(KnownQuery, document=app.openapi)
    app.add_middleware(
        AccessGuard,
        routes=app.router.routes,
        hosts=AllowedHosts(serve.host, serve.allowed_hosts),
        store=services.access,
    )
    app.add_middleware(RequestLimits, request_s=request_s)
    app.add_middleware(CountRequests, figures=services.figures)
    if serve.trusted_proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(serve.trusted_proxies))
    return app


def openapi_document() -> dict[str, Any]:
    """Return the OpenAPI document, which does not depend on settings."""
    return _bare().openapi()


def _bare(lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None = None) -> FastAPI:
    """Make the application without what is behind its routes."""
    app = FastAPI(
        title="recognizer",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    for router in ROUTERS:
        app.router.routes.extend(router.routes)  # not include_router, which would hide them from the guard
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]  # FastAPI's documented way
    return app


def _mount(app: FastAPI, path: str, folder: Path) -> None:
    app.mount(path, OpenFiles(directory=folder))


def _document(app: FastAPI) -> dict[str, Any]:
    """Make the OpenAPI document: every operation says its scope, and that it may answer with an error."""
    if app.openapi_schema:
        return app.openapi_schema
    document = FastAPI.openapi(app)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for result in JOB_RESULTS:
        schema = result.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
        schemas.update(schema.pop("$defs", {}))
        schemas[result.__name__] = schema
    results = [{"$ref": f"#/components/schemas/{result.__name__}"} for result in JOB_RESULTS]
    schemas["JobAnswer"]["properties"]["result"] = {"title": "Result", "anyOf": [*results, {"type": "null"}]}
    error = ErrorAnswer.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(error.pop("$defs"))
    schemas["ErrorAnswer"] = error
    document["components"]["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer"},
        "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
    }
    failure = {
        "description": "An error",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}}},
    }
    for route in app.router.routes:
        if not isinstance(route, APIRoute) or not route.include_in_schema:
            continue
        needed = sorted(scope.value for scope in needed_by(route))
        for method in route.methods or ():
            operation = document["paths"][route.path_format][method.lower()]
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = failure
            if needed:
                operation["security"] = [{"token": []}, {"session": []}]
                operation["x-scope"] = needed[0] if len(needed) == 1 else needed
    app.openapi_schema = document
    return document
