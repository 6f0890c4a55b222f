"""A package here is a data module: rows, invariants and service operations; found at start, imported by nobody."""
