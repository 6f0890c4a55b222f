"""What processes may do with goods and money, one noun per file."""
