"""How the schema grows: one chain of migrations for engine and modules."""
