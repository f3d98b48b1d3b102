"""Boxes of a fleet: invite, list, revoke; for routes and the command line."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from recognizer.app.fleet import signing
from recognizer.app.fleet.documents import BOX_NAME, FleetBox
from recognizer.errors import UsageError
from recognizer.serve.access.scopes import Scope
from recognizer.serve.access.store import AccessStore
from recognizer.serve.fleet.store import FleetStore


def invite(access: AccessStore, fleet: FleetStore, name: str) -> str:
    """Make the code of a new box: a secret, and the fingerprint of the service's key.

    Raises:
        UsageError: if the name cannot be a box's, or is taken.
    """
    if not re.match(BOX_NAME, name):
        raise UsageError("A box's name has 1 to 40 letters, digits, dots, hyphens and underscores, as 'north-gate'.")
    return f"{access.create_code(name)}.{signing.fingerprint(signing.public_key(fleet.key))}"


def boxes(access: AccessStore, fleet: FleetStore) -> list[FleetBox]:
    """Return the boxes that are invited, that have joined and that were revoked, by name.

    Changes of the gallery that were not numbered yet (`GalleryFeed.refresh`) do not count.
    """
    tokens, invited = _tokens(access), access.codes()
    found = {
        box.name: FleetBox(
            name=box.name,
            state="joined" if box.name in tokens else "invited" if box.name in invited else "revoked",
            joined_at=_time(box.joined_at),
            seen_at=None if box.seen_at is None else _time(box.seen_at),
            behind=fleet.count_changes(box.number) if box.name in tokens else None,
            tracks=box.tracks,
        )
        for box in fleet.boxes()
    }
    for name in invited - found.keys():
        empty = {"joined_at": None, "seen_at": None, "behind": None}
        found[name] = FleetBox.model_validate({"name": name, "state": "invited", "tracks": 0, **empty})
    return [found[name] for name in sorted(found)]


def is_box(access: AccessStore, name: str) -> bool:
    """Whether a token or code of this name is a box's: it may pull and push, whatever else it may."""
    return name in _tokens(access) | access.codes()


def _tokens(access: AccessStore) -> set[str]:
    return {token.name for token in access.tokens() if Scope.BOX.value in token.scopes}


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
