"""One file per step: NNNN_what_changed.py."""
