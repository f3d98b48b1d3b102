"""The models: which are published, how one gets onto this machine, and the engines that run it.

catalogue        the published models: name, address, digest, licence, figures
published_specs  input and output of each published kind of network
spec_file        the spec of an ONNX file of one's own
digest           git blob ids and SHA-256
download         downloads that resume, verify and replace in one step
cache            the user's cache: verified checkpoints and the graphs converted from them
checkpoints      official files: fetched, imported, converted once
resolved_model   a model on this machine: graph, fingerprint, spec, calibration
resolve          resolve(): a name, ``auto`` or a path becomes a resolved model
resolve_path     models given as a file or a fingerprint
bundle           converted graphs in one file, for machines without torch
engines/         OpenVINO, ONNX Runtime, torch; int8 quantisation
data/            the shipped graphs, calibrations and int8 ranges
"""
