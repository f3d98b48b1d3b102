"""The models: where they come from, how they are checked, and the small ones that ship with the code."""
