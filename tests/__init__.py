"""The tests. What must be set before NumPy is imported is set here."""

from tests import suite

suite.keep_bytecode()
suite.heed_hangups()
suite.limit_threads()
