"""The demonstration: media that ship, a clip made of them, and a check of what was recognised in it."""
