"""What processes may do with employees and their leave, one noun per file."""
