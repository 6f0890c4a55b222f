"""A signature that somebody gives in a form: a name that he types, or lines that he draws, as the path of a picture.

It is a value like any other: sealed to a decision are only those of `engine.tasks.signatures`.
"""

import re
from itertools import pairwise
from typing import Any

from marshmallow import ValidationError

from engine.errors import N_, Phrase
from engine.values import storable

WIDTH, HEIGHT = 600, 200
"""the sheet that people sign on; lines are whole numbers on it"""
MOST_POINTS, NAME_LIMIT = 5_000, 100
_LEAST_INK = 60
_LONGEST = MOST_POINTS * 8
_LINES = re.compile(r"(?:M\d{1,3} \d{1,3}(?:L\d{1,3} \d{1,3})*)+", re.ASCII)

NO_SIGNATURE = Phrase(N_("Please sign: draw your name, or type it."))


def read(value: Any) -> str | None:
    """As it is stored. Raises ValidationError for what is neither lines on the sheet nor a name."""
    if value == "":
        return None
    if not isinstance(value, str) or len(value) > _LONGEST or not storable(value):
        raise ValidationError(NO_SIGNATURE)
    if not is_drawn(value):
        name = value.strip()
        if len(name) > NAME_LIMIT:
            raise ValidationError(NO_SIGNATURE)
        return name or None
    lines = [[tuple(map(int, point.split())) for point in line.split("L")] for line in value.split("M")[1:]]
    points = [point for line in lines for point in line]
    ink = sum(abs(a - c) + abs(b - d) for line in lines for (a, b), (c, d) in pairwise(line))
    if len(points) > MOST_POINTS or ink < _LEAST_INK or not all(x <= WIDTH and y <= HEIGHT for x, y in points):
        raise ValidationError(NO_SIGNATURE)
    return value


def is_drawn(value: str) -> bool:
    """Lines, not a name."""
    return _LINES.fullmatch(value) is not None
