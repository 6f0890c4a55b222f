"""What processes may do with customers and their orders, one noun per file."""
