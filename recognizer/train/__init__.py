"""Train an embedder: losses, data, one loop."""
