"""A box of a fleet: it pulls the gallery from a service and pushes what it saw."""
