"""The models: which there are, where they come from, and how a verified graph of one gets onto this machine.

catalogue   what is published: name, address, digest, licence, numbers
digest      git blob ids and SHA-256
fetch       a download that resumes, verifies and replaces in one step
cache       the user's cache: verified checkpoints and the graphs converted from them
checkpoints official files: fetched, imported, converted once
resolved    a model on this machine: graph, fingerprint, facts, thresholds
by_path     a checkpoint or a graph of one's own; a fingerprint
facts_file  what a graph of one's own is fed and gives
store       resolve(): from a name, ``auto`` or a path to a graph ready to run
bundle      converted graphs for machines without torch
"""
