"""The routes, one module an area; each router says its scope once. A new area is one line here."""

from __future__ import annotations

from fastapi import APIRouter

from recognizer.serve.routes import (
    cameras,
    documentation,
    events,
    faces,
    health,
    jobs,
    people,
    photos,
    root,
    session,
    settings,
    sources,
)

ROUTERS: tuple[APIRouter, ...] = (
    root.router,
    health.router,
    documentation.router,
    session.router,
    faces.router,
    photos.router,
    people.router,
    jobs.router,
    events.router,
    sources.router,
    cameras.router,
    settings.router,
)
"""In the order in which they are matched."""
