"""Functions on contexts."""

from typing import Any

from engine.errors import N_
from engine.feel.builtins.registry import builtin
from engine.feel.diagnostics import NoValue
from engine.feel.values import describe


@builtin("get value(m: context, key: string) -> any")
def get_value(context: dict[str, Any], key: str) -> Any:
    """Null for a missing key."""
    return context.get(key)


@builtin("get value(context: context, keys: list) -> any")
def get_nested_value(context: Any, keys: list[Any]) -> Any:
    """The value at the end of a path of keys; null where it breaks off."""
    for key in _keys("get value", keys):
        if not isinstance(context, dict) or key not in context:
            return None
        context = context[key]
    return context


def _keys(function: str, keys: list[Any]) -> list[str]:
    if not keys or not all(isinstance(key, str) for key in keys):
        raise NoValue("bad-argument", function=function, parameter="keys", expected=N_("texts"), found=describe(keys))
    return keys


@builtin("get entries(m: context) -> list<context>")
def get_entries(context: dict[str, Any]) -> list[dict[str, Any]]:
    """A list of `{key, value}`."""
    return [{"key": key, "value": value} for key, value in context.items()]


@builtin("context(entries: list) -> context")
def context_of(entries: list[Any]) -> dict[str, Any]:
    """The reverse of `get entries`; null for a key twice."""
    result: dict[str, Any] = {}
    for entry in entries:
        if not (isinstance(entry, dict) and isinstance(entry.get("key"), str) and "value" in entry):
            raise NoValue(
                "bad-argument", function="context", parameter="entries", expected="{key, value}", found=describe(entry)
            )
        if entry["key"] in result:
            raise NoValue("wrong-arguments", function="context", found=entry["key"])
        result[entry["key"]] = entry["value"]
    return result


@builtin("context put(context: context, key: string, value: any) -> context")
def context_put(context: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    """A new context with this entry."""
    return {**context, key: value}


@builtin("context put(context: context, keys: list, value: any) -> context")
def context_put_nested(context: dict[str, Any], keys: list[Any], value: Any) -> dict[str, Any]:
    """A new context with an entry deeper down; missing ones on the way are made."""
    head, *rest = _keys("context put", keys)
    if not rest:
        return {**context, head: value}
    inner = context.get(head)
    if inner is not None and not isinstance(inner, dict):
        raise NoValue(
            "bad-argument", function="context put", parameter="keys", expected="context", found=describe(inner)
        )
    return {**context, head: context_put_nested(inner or {}, rest, value)}


@builtin("context merge(contexts: list) -> context")
def context_merge(contexts: list[Any]) -> dict[str, Any]:
    """Later entries win."""
    result: dict[str, Any] = {}
    for context in contexts:
        if not isinstance(context, dict):
            raise NoValue(
                "bad-argument",
                function="context merge",
                parameter="contexts",
                expected="context",
                found=describe(context),
            )
        result.update(context)
    return result
