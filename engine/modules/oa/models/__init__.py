"""Tables, one noun per file; what a column cannot say stands in `guards.py`."""
