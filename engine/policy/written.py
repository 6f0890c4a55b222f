"""YAML as people write it: a key that stands twice is refused, since one of the two would silently not count."""

from typing import Any

import yaml

from engine.errors import N_, InvalidPolicy, Phrase


class _Once(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        known = set()
        for key, _ in node.value:
            if isinstance(key.value, str) and key.value in known:
                raise InvalidPolicy(policy="?", expected=N_("every key once"), found=_told(
                    key.start_mark, Phrase(N_("'{name}' twice"), name=key.value)
                ))  # fmt: skip
            known.add(key.value if isinstance(key.value, str) else None)
        return super().construct_mapping(node, deep)


def load(text: str) -> Any:
    """Plain data. Raises InvalidPolicy."""
    try:
        return yaml.load(text, _Once)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        said = getattr(error, "problem", None) or str(error).splitlines()[0]
        found = _told(getattr(error, "problem_mark", None), said)
        raise InvalidPolicy(policy="?", expected=N_("readable YAML"), found=found) from None


def _told(mark: yaml.Mark | None, said: str) -> str:
    return said if mark is None else Phrase(N_("line {n}: {error}"), n=mark.line + 1, error=said)
