"""The examples of the room's README say what really happens."""

import doctest

from engine import dmn


def test_the_examples_of_the_readme_run():
    outcome = doctest.testfile("README.md", package=dmn, encoding="utf-8")

    assert outcome.attempted > 10
    assert outcome.failed == 0
