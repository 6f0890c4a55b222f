"""Troika's engine: processes, decisions, forms, people and the jobs between them.

The package imports nothing; take the room you need. `engine/README.md` has the table of public verbs.
"""
