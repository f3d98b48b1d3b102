"""Decode untrusted pictures in a child process with limits on memory and time.

``parent`` starts the child, asks it for pictures and replaces it when a picture was too much for it; ``child`` is that
process; ``pixels`` decodes with Pillow; ``budget`` holds the limits, ``messages`` what the two processes exchange. The
child is the untrusted side: what it answers is a header of fixed size, a bounded text and pixels, never a pickle.
"""
