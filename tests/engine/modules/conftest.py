"""A company that has just opened."""

import pytest

from engine.process_engine import ProcessEngine
from tests.engine.modules.company import Company, a_firm


@pytest.fixture
def firm(engine: ProcessEngine) -> Company:
    """On each database."""
    return a_firm(engine)
