"""An operation that takes its time, for processes that a test starts."""

import time
from pathlib import Path
from typing import Any

from engine import operations
from engine.unit_of_work import UnitOfWork


@operations.operation("test.rest", outputs={})
def rest(uow: UnitOfWork, *, sign: str) -> dict[str, Any]:
    """Touch the file `sign`, then be busy for a second."""
    Path(sign).touch()
    time.sleep(1)
    return {}
