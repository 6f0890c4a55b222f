"""How many examples a property test tries."""

from typing import Any

from hypothesis import settings

FURTHER = 20
"""times as many under `make fuzz`"""


def examples(count: int, **more: Any) -> settings:
    """`count` of them, the same each time; `make fuzz` looks further, at others each time. `more`: other settings."""
    return settings(max_examples=count * (FURTHER if exploring() else 1), **more)


def exploring() -> bool:
    """Whether this is `make fuzz`."""
    return settings.get_current_profile_name() == "explore"
