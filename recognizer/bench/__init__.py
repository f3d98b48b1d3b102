"""Measure speed as ratios within one run: machines are shared, and their pace changes.

Decoding alone is the yardstick. Compared functions run interleaved in one process (`timing`), CPU time counts before
wall time, and detectors are compared only with the agreement of their results (`agreement`).
"""
