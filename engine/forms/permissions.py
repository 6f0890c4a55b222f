"""What a person on a node may do with each field: write, read, or not even see it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Permission = Literal["write", "read", "hidden"]
_ORDER: dict[str, Permission] = {"write": "write", "read": "read", "hidden": "hidden"}


class Rule(Protocol):
    """A troika:field record."""

    @property
    def id(self) -> str:
        """Dotted path of a field, or `lines.*`."""

    @property
    def permission(self) -> str:
        """Write | read | hidden"""

    @property
    def required(self) -> bool | None:
        """None: as the form says."""

    @property
    def add_rows(self) -> bool | None:
        """Of a list; None: as its permission says."""

    @property
    def remove_rows(self) -> bool | None:
        """Of a list; None: as its permission says."""


class Work(Protocol):
    """A human node, as far as forms care."""

    @property
    def default_permission(self) -> str:
        """For fields without a rule."""

    @property
    def fields(self) -> Iterable[Any]:
        """Rules by field."""


@dataclass(frozen=True, slots=True)
class Permissions:
    """By dotted path; `lines` and `lines.*` hold for every column of the list, `lines.amount` for one."""

    default: Permission = "write"
    by_path: dict[str, Permission] = field(default_factory=dict)
    required_by_path: dict[str, bool] = field(default_factory=dict)
    adds_by_path: dict[str, bool] = field(default_factory=dict)
    removes_by_path: dict[str, bool] = field(default_factory=dict)

    def on(self, path: str) -> Permission:
        """What may be done with the field at `path`. The nearest rule counts; a hidden list hides its columns."""
        found = self.by_path.get(path)
        parent = path
        while "." in parent:
            parent = parent.rpartition(".")[0]
            above = self.by_path.get(parent)
            if above == "hidden":
                return "hidden"
            found = found or self.by_path.get(f"{parent}.*") or above
        return found or self.default

    def required(self, path: str) -> bool | None:
        """What the node says, None when it leaves that to the form."""
        return self.required_by_path.get(path)

    def adds(self, path: str) -> bool:
        """Whether rows may be added to the list at `path`."""
        found = self.on(path)
        return found != "hidden" and self.adds_by_path.get(path, found == "write")

    def removes(self, path: str) -> bool:
        """Whether rows may be removed from the list at `path`."""
        found = self.on(path)
        return found != "hidden" and self.removes_by_path.get(path, found == "write")


WRITE_ALL = Permissions()
READ_ALL = Permissions(default="read")


HIDE_ALL = Permissions(default="hidden")


def any_of(parts: Sequence[Permissions]) -> Permissions:
    """To read what at least one of `parts` shows."""
    return _to_read(parts, any)


def all_of(parts: Sequence[Permissions]) -> Permissions:
    """To read what each of `parts` shows."""
    return _to_read(parts, all)


def _to_read(parts: Sequence[Permissions], enough: Callable[[Iterable[bool]], bool]) -> Permissions:
    def judge(words: Iterable[Permission]) -> Permission:
        return "read" if enough(word != "hidden" for word in words) else "hidden"

    paths = {path for part in parts for path in part.by_path}
    return Permissions(
        default=judge(part.default for part in parts),
        by_path={path: judge(part.on(path) for part in parts) for path in sorted(paths)},
    )


def of(work: Work) -> Permissions:
    """The permissions of a human node. An unknown word counts as hidden."""
    rules = list(work.fields)
    return Permissions(
        default=_ORDER.get(work.default_permission, "hidden"),
        by_path={rule.id: _ORDER.get(rule.permission, "hidden") for rule in rules},
        required_by_path={rule.id: rule.required for rule in rules if rule.required is not None},
        adds_by_path={rule.id: rule.add_rows for rule in rules if rule.add_rows is not None},
        removes_by_path={rule.id: rule.remove_rows for rule in rules if rule.remove_rows is not None},
    )
