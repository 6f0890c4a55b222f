"""A file here is a rule: LEVEL, a generator `check(drawn, library)`, a docstring with a wrong and a right example."""
