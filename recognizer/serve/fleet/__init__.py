"""The service's side of a fleet: what changed in the gallery, and the boxes that ask for it."""
