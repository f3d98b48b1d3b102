"""How fast it is, and against what: every figure a ratio within one run, since machines are shared and change pace.

Decoding alone is the yardstick. Works that are compared take turns in one process (`timing`), CPU time counts before
wall time, and work is compared only where it comes to the same (`agreement`).
"""
