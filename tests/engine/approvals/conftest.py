"""One office per test."""

from collections.abc import Iterator

import pytest

from tests.engine.approvals.office import Office


@pytest.fixture
def office(engine, clock) -> Iterator[Office]:
    """Afterwards everything must still fit together."""
    opened = Office(engine, clock)
    yield opened
    opened.clean()
