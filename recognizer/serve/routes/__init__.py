"""The routes, one module an area; each router says its scope once. A new area is one line here."""

from __future__ import annotations

from fastapi import APIRouter

from recognizer.serve.routes import (
    actions,
    calibration,
    cameras,
    documentation,
    event_stream,
    events,
    faces,
    fleet,
    health,
    jobs,
    merging,
    metrics,
    people,
    photos,
    root,
    search,
    session,
    settings,
    sightings,
    sources,
    targets,
    tokens,
    trials,
    trust,
    unknowns,
)

ROUTERS: tuple[APIRouter, ...] = (
    root.router,
    health.router,
    metrics.router,
    documentation.router,
    session.router,
    tokens.router,
    faces.router,
    photos.router,
    people.router,
    merging.router,
    jobs.router,
    event_stream.router,
    events.router,
    sources.router,
    cameras.router,
    settings.router,
    targets.router,
    sightings.router,
    unknowns.router,
    actions.router,
    search.router,
    trust.router,
    calibration.router,
    trials.router,
    fleet.router,
)
"""In the order in which they are matched."""
