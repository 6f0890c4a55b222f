"""The tables, one noun per file. `engine/db/base.py` has the portable types; the metadata is the truth for alembic."""
