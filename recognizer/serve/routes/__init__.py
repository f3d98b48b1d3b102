"""The routes, one module an area; each router says its scope once. A new area is one line here."""

from __future__ import annotations

from fastapi import APIRouter

from recognizer.serve.routes import documentation, faces, health, jobs, root, session

ROUTERS: tuple[APIRouter, ...] = (
    root.router,
    health.router,
    documentation.router,
    session.router,
    faces.router,
    jobs.router,
)
"""In the order in which they are matched."""
