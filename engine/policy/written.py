"""YAML as people write it: a key that stands twice is refused, since one of the two would silently not count."""

from typing import Any

import yaml

from engine.errors import N_, InvalidPolicy


class _Once(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [key.value for key, _ in node.value]
        for (key, _), name in zip(node.value, names, strict=True):
            if names.count(name) > 1:
                raise yaml.constructor.ConstructorError(problem=f"'{name}' twice", problem_mark=key.start_mark)
        return super().construct_mapping(node, deep)


def load(text: str) -> Any:
    """Plain data. Raises InvalidPolicy."""
    try:
        return yaml.load(text, _Once)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise InvalidPolicy(policy="?", expected=N_("readable YAML"), found=_told(error)) from None


def _told(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    said = getattr(error, "problem", None) or str(error).splitlines()[0]
    return said if mark is None else f"line {mark.line + 1}: {said}"
