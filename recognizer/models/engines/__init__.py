"""Run neural graphs: one module for each engine, one protocol (`recognizer.protocols.GraphRunner`)."""
