"""The net that finds a face again, in place of O-Net."""
