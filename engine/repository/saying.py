"""What drawings say beside their flow: in which versions a word stands, and whom the names of groups mean."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Text, bindparam, cast, select

from engine import identity
from engine.db.definition import Kind
from engine.db.definition import definition as definition_table
from engine.unit_of_work import UnitOfWork

# the text is where it may be named: a group that starts processes may be called like the word
_candidates = select(definition_table.c.id, definition_table.c.meta).where(
    definition_table.c.kind == int(Kind.PROCESS), cast(definition_table.c.meta, Text).contains(bindparam("quoted"))
)


def versions_with(uow: UnitOfWork, word: str) -> Sequence[Any]:
    """(id, meta) of every version of a process whose meta says `word`."""
    return [row for row in uow.execute(_candidates, {"quoted": f'"{word}"'}) if word in row.meta]


def names_of_groups(uow: UnitOfWork, person_id: UUID) -> set[str]:
    """How a drawing may name the groups of somebody: by key or id."""
    return {word for group in identity.groups_of(uow, person_id) for word in (group.key, str(group.id))}
