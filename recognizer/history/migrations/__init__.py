"""Numbered steps from one level of the history's tables to the next; run by ``recognizer.history.database``."""
