"""The stored form of an instance's state: the machine's document and what the engine keeps beside it.

Codec 1: UTF-8 JSON, compressed by zlib (level 1) above 1,024 bytes; below, compressing costs more than it saves.

Of a state above 64 KiB the large values of each scope lie in a row of their own (`instance_scope`), which is written
only when one of them is another value than before. What nobody changes in place is the same object as long as it is the
same value, so that a value which a step does not touch is neither encoded nor compressed nor written. Many small scopes
stay in the document: the thousand of a multi-instance are 25 KiB of zlib in one row, and a thousand rows cost more.
"""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from engine import bpmn, values
from engine.bpmn.program import Program
from engine.bpmn.state import State
from engine.db.base import from_micros, to_micros
from engine.values import Values

CODEC = 1
_COMPRESSED_ABOVE = 1024
SPILLED_ABOVE = 64 * 1024
"""bytes of a document from which on large values leave it"""
LARGE = 1024
"""bytes of a value that is large then"""
_GONE: Any = object()


@dataclass(slots=True)
class Beside:
    """`initiator`: the person who started, as FEEL sees him. `since`: when each open visit began, by token.

    `by_key`: a message with a key has started it, and the next one waits for its end. `apart`: what lies in rows of
    large values, by scope and place. `ticket`: the returned round that is to get the resubmission straight back.
    `held`: rejections that wait for the other branches, by token. `again`: elements that are gone back to, with
    the round whose people are asked again when the token arrives; None: whom the drawing names.
    """

    initiator: Values | None = None
    since: dict[int, datetime] = field(default_factory=dict)
    by_key: bool = False
    apart: dict[int, dict[str, Any]] = field(default_factory=dict)
    ticket: UUID | None = None
    held: dict[int, "Held"] = field(default_factory=dict)
    again: dict[str, UUID | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Held:
    """A rejection that waits. `then`: what it does, `onReject` of its approval; `due`: a job does it now."""

    then: str
    due: bool = False


Parts = dict[int, bytes | None]
"""Rows to write by scope; None: the row goes"""


def encode(state: State, beside: Beside) -> tuple[bytes, Parts]:
    """The bytes of the instance row, and the rows of large values that are not as they were."""
    apart = {key: _same(state, key, held) for key, held in beside.apart.items()}
    changed = {key for key, held in beside.apart.items() if len(apart[key]) < len(held)}
    envelope: dict[str, Any] = {
        "state": bpmn.dump(state, apart),
        "initiator": values.encode(beside.initiator),
        "since": [[token, to_micros(at)] for token, at in beside.since.items()],
    }
    if beside.by_key:
        envelope["by_key"] = True
    if beside.ticket is not None:
        envelope["ticket"] = str(beside.ticket)
    if beside.held:
        envelope["held"] = [[token, held.then, held.due] for token, held in beside.held.items()]
    if beside.again:
        envelope["again"] = {node: key and str(key) for node, key in beside.again.items()}
    if any(apart.values()):
        envelope["parts"] = sorted(key for key, held in apart.items() if held)
    raw = orjson.dumps(envelope)
    if len(raw) > SPILLED_ABOVE:
        for key, taken in bpmn.split(envelope["state"], _size, LARGE).items():
            known = dict(bpmn.places(state.scopes[key]))
            apart.setdefault(key, {}).update({place: known[place] for place in taken})
            changed.add(key)
        envelope["parts"] = sorted(key for key, held in apart.items() if held)
        raw = orjson.dumps(envelope)
    beside.apart = {key: held for key, held in apart.items() if held}
    return _packed(raw), {key: _part(apart[key]) for key in changed}


def decode(
    stored: bytes, programs: Callable[[str], Program], parts: Callable[[list[int]], Mapping[int, bytes]]
) -> tuple[State, Beside]:
    """The state and what stands beside it. `parts`: the rows of large values of these scopes."""
    envelope: Any = orjson.loads(_unpacked(stored))
    since = {token: from_micros(at) for token, at in envelope["since"]}
    beside = Beside(values.decode(envelope["initiator"]), since, envelope.get("by_key", False))
    beside.ticket = UUID(envelope["ticket"]) if "ticket" in envelope else None
    beside.held = {token: Held(then, due) for token, then, due in envelope.get("held", ())}
    beside.again = {node: UUID(key) if key else None for node, key in envelope.get("again", {}).items()}
    listed = envelope.get("parts")
    if not listed:
        return bpmn.load(envelope["state"], programs), beside
    taken = {key: orjson.loads(_unpacked(content)) for key, content in parts(listed).items()}
    bpmn.join(envelope["state"], taken)
    state = bpmn.load(envelope["state"], programs)
    for key, held in taken.items():
        known = dict(bpmn.places(state.scopes[key]))
        beside.apart[key] = {place: known[place] for place in held}
    return state, beside


def _same(state: State, key: int, held: Mapping[str, Any]) -> dict[str, Any]:
    """What of `held` still is in scope `key`."""
    scope = state.scopes.get(key)
    if scope is None:
        return {}
    known = dict(bpmn.places(scope))
    return {place: value for place, value in held.items() if known.get(place, _GONE) is value}


def _part(held: Mapping[str, Any]) -> bytes | None:
    if not held:
        return None
    return _packed(orjson.dumps({place: values.encode(value) for place, value in held.items()}))


def _size(encoded: Any) -> int:
    """About how many bytes; numbers and the like are never large."""
    if isinstance(encoded, str):
        return len(encoded)
    return len(orjson.dumps(encoded)) if isinstance(encoded, list | dict) else 0


def _packed(raw: bytes) -> bytes:
    return zlib.compress(raw, 1) if len(raw) > _COMPRESSED_ABOVE else raw


def _unpacked(stored: bytes) -> bytes:
    return stored if stored[:1] == b"{" else zlib.decompress(stored)
