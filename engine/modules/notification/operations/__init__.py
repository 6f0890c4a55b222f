"""What processes may tell people."""
