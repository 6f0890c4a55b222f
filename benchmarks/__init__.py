"""Figures: what is measured, how, and beside what. Run with `make bench`."""
