"""The stored form of an instance's state: the machine's document and what the engine keeps beside it.

Codec 1: UTF-8 JSON, compressed by zlib (level 1) above 1,024 bytes; below, compressing costs more than it saves.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from engine import bpmn, values
from engine.bpmn.program import Program
from engine.bpmn.state import State
from engine.db.base import from_micros, to_micros
from engine.values import Values

CODEC = 1
_COMPRESSED_ABOVE = 1024


@dataclass(slots=True)
class Beside:
    """`initiator`: the person who started, as FEEL sees him. `since`: when each open visit began, by token.

    `by_key`: a message with a key has started it, and the next one waits for its end.
    """

    initiator: Values | None = None
    since: dict[int, datetime] = field(default_factory=dict)
    by_key: bool = False


def encode(state: State, beside: Beside) -> bytes:
    """The bytes of the row."""
    envelope = {
        "state": bpmn.dump(state),
        "initiator": values.encode(beside.initiator),
        "since": [[token, to_micros(at)] for token, at in beside.since.items()],
    }
    if beside.by_key:
        envelope["by_key"] = True
    raw = orjson.dumps(envelope)
    return zlib.compress(raw, 1) if len(raw) > _COMPRESSED_ABOVE else raw


def decode(stored: bytes, programs: Callable[[str], Program]) -> tuple[State, Beside]:
    """The state and what stands beside it."""
    envelope: Any = orjson.loads(stored if stored[:1] == b"{" else zlib.decompress(stored))
    since = {token: from_micros(at) for token, at in envelope["since"]}
    initiator = values.decode(envelope["initiator"])
    return bpmn.load(envelope["state"], programs), Beside(initiator, since, envelope.get("by_key", False))
