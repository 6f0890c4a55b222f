# ruff: noqa: E501 - drawings read better in one line
"""Promises of state and machine that hold for every drawing: stored form, purity, determinism, growth."""

import copy
import json
import random
import tracemalloc
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import bpmn
from engine.bpmn.graph import entries, reachable
from engine.bpmn.program import Node
from engine.errors import InvalidValue
from engine.values import YearsMonths
from tests.counting import calls
from tests.engine.bpmn.drawing import (
    END,
    MONDAY,
    START,
    Play,
    boundary,
    catch,
    drawing,
    flows,
    message,
    message_event,
    program,
    script,
    service,
    timer,
    user,
)
from tests.examples import examples

LOOP = START + '<exclusiveGateway id="m"/>' + user("t") + '<exclusiveGateway id="g" default="g_end"/>' + END
LOOP_FLOWS = flows("start m t g end", "g m ? again")


# ---------------------------------------------------------------- random drawings


@st.composite
def blocks(draw, depth=3):
    """A block with one way in and one way out: (xml, first, last), ids unique through a counter in the text."""
    kind = draw(st.sampled_from(["user", "script", "service", "catch"] if depth == 0 else _KINDS))
    return (kind, [draw(blocks(depth=depth - 1)) for _ in range(_INNER.get(kind, 0))])


_KINDS = ["user", "script", "service", "catch", "sequence", "and", "or", "xor", "loop", "sub", "guarded"]
_INNER = {"sequence": 2, "and": 2, "or": 2, "xor": 2, "loop": 1, "sub": 1, "guarded": 1}


class Draw:
    """A block tree as XML."""

    def __init__(self) -> None:
        self.count = 0

    def block(self, tree) -> tuple[str, str, str]:
        kind, parts = tree
        self.count += 1
        key = f"n{self.count}"
        match kind:
            case "user":
                return user(key), key, key
            case "script":
                return script(key, "if n = null then 1 else n + 1", "n"), key, key
            case "service":
                return service(key, in_n="= n", out_r="= r"), key, key
            case "catch":
                return catch(key, timer("PT1H")), key, key
        if kind == "loop":  # a round without a wait would spin for ever
            parts = [("sequence", [("user", []), parts[0]])]
        inner = [self.block(part) for part in parts]
        body = "".join(xml for xml, _, _ in inner)
        if kind == "sequence":
            return body + flows(f"{inner[0][2]} {inner[1][1]}"), inner[0][1], inner[1][2]
        if kind == "sub":
            last = f'<endEvent id="{key}e"/>'
            start = f'<startEvent id="{key}s"/>'
            inside = start + body + last + flows(f"{key}s {inner[0][1]}", f"{inner[0][2]} {key}e")
            return f'<subProcess id="{key}">{inside}</subProcess>', key, key
        if kind == "guarded":
            join = f'<exclusiveGateway id="{key}j"/>'
            host = user(key) + boundary(f"{key}b", key, timer("P1D"), False) + boundary(f"{key}c", key, timer("P2D"))
            way = flows(f"{key} {key}j", f"{key}b {inner[0][1]}", f"{inner[0][2]} {key}x", f"{key}c {key}j")
            return host + join + body + f'<endEvent id="{key}x"/>' + way, key, f"{key}j"
        if kind == "loop":
            gates = f'<exclusiveGateway id="{key}a"/><exclusiveGateway id="{key}z" default="{key}z_{key}o"/>'
            gates += f'<exclusiveGateway id="{key}o"/>'
            way = flows(f"{key}a {inner[0][1]}", f"{inner[0][2]} {key}z {key}o", f"{key}z {key}a ? again = true")
            return body + gates + way, f"{key}a", f"{key}o"
        tag = {"and": "parallelGateway", "or": "inclusiveGateway", "xor": "exclusiveGateway"}[kind]
        split = f'<{tag} id="{key}a"' + (f' default="{key}a_{inner[1][1]}"/>' if kind != "and" else "/>")
        first = f"{key}a {inner[0][1]}" + (" ? choose = true" if kind != "and" else "")
        way = flows(first, f"{key}a {inner[1][1]}", f"{inner[0][2]} {key}z", f"{inner[1][2]} {key}z")
        return f'{body}{split}<{tag} id="{key}z"/>{way}', f"{key}a", f"{key}z"


def drawn(tree) -> bytes:
    body, first, last = Draw().block(tree)
    return drawing(START + body + END + flows(f"start {first}", f"{last} end"))


@examples(20)
@given(blocks(), st.integers(0, 10_000))
def test_every_random_drawing_keeps_its_promises_through_random_play(tree, seed):
    chance = random.Random(seed)
    play = Play(drawn(tree), {"choose": chance.random() < 0.5, "again": False})

    for _ in range(60):
        if play.step.ended:
            break
        _, node, kind = chance.choice(bpmn.waits(play.state))
        assert kind != "incident", play.incidents
        if kind == "timer":
            play.elapse(node) if chance.random() < 0.7 else play.write(choose=chance.random() < 0.5)
        elif kind == "job" and chance.random() < 0.2:
            play.fail(node)
            play.resume(node)
        else:
            play.complete(node, again=chance.random() < 0.4, choose=chance.random() < 0.5)
    if not play.step.ended:
        play.cancel()
    assert play.step.ended


# ---------------------------------------------------------------- the stored form


def test_every_value_and_every_kind_of_wait_survives_the_stored_form():
    body = START + '<parallelGateway id="f"/>' + user("t") + boundary("b", "t", timer("R3/PT1H", "timeCycle"), False)
    body += catch("c", message_event("m")) + service("s", in_x="= odd") + user("late") + END
    values = {
        "odd": {"$": ["dec", "1"], "typename": {"a.b": None}},
        "money": Decimal("12.30"),
        "day": date(2026, 2, 28),
        "span": timedelta(days=-1, microseconds=1),
        "months": YearsMonths(-14),
        "list": [1, [True, None, "文"]],
    }
    play = Play(drawing(body + flows("start f t end", "f c", "f s", "b late"), message("m")), {**values, "order": 1})
    play.fail("s", "down")

    document = json.loads(json.dumps(bpmn.dump(play.state)))
    loaded = bpmn.load(document, play.programs.__getitem__)

    assert bpmn.variables(loaded) == {**values, "order": 1}
    assert bpmn.dump(loaded) == document
    assert bpmn.check(loaded) == []
    assert bpmn.waits(loaded) == bpmn.waits(play.state)


def test_a_state_of_another_format_is_refused():
    play = Play(drawing(START + user("t") + flows("start t")))

    with pytest.raises(InvalidValue):
        bpmn.load({**bpmn.dump(play.state), "v": 99}, play.programs.__getitem__)


def test_check_finds_a_damaged_state():
    def damaged(**changes):
        play = Play(drawing(START + user("t") + boundary("b", "t", timer("P1D")) + END + flows("start t end", "b end")))
        document = json.loads(json.dumps(bpmn.dump(play.state)))
        for key, change in changes.items():
            change(document[key])
        return bpmn.check(bpmn.load(document, play.programs.__getitem__))

    assert damaged() == []
    assert damaged(scopes=lambda scopes: scopes[0][1].update({"in": {"nowhere": 1}}))
    assert damaged(tokens=lambda tokens: tokens[0][1].update(w="sleep"))


def test_numbers_are_never_used_twice_and_an_ended_instance_holds_nothing():
    play = Play(drawing(LOOP + LOOP_FLOWS))
    seen = set()
    for _ in range(5):
        seen.add(play.token("t"))
        play.complete("t", again=True)
    play.complete("t", again=False)

    assert len(seen) == 5
    document = bpmn.dump(play.state)
    assert (document["tokens"], document["incidents"], len(document["scopes"])) == ([], [], 1)
    assert document["state"] == "completed"


# ---------------------------------------------------------------- purity


def test_the_machine_asks_nobody_for_time_chance_or_identity():
    compiled = program(
        drawing(LOOP + boundary("b", "t", timer("PT1H"), False) + script("s", "1", "x") + LOOP_FLOWS + flows("b s"))
    )

    def refuse(*_arguments, **_options):
        raise AssertionError("the machine is pure")

    with (
        patch("time.time", refuse), patch("time.monotonic", refuse), patch("random.random", refuse),
        patch("uuid.uuid4", refuse), patch("os.urandom", refuse), patch("random.Random.random", refuse),
    ):  # fmt: skip
        step = bpmn.begin(compiled, "d", {}, now=MONDAY, env=bpmn.Env())
        step = bpmn.elapse(
            step.state, next(t for t, _, kind in bpmn.waits(step.state) if kind == "timer"), now=MONDAY, env=bpmn.Env()
        )
        assert not step.stale


def test_the_same_drawing_values_and_time_give_the_same_facts():
    first, second = Play(drawing(LOOP + LOOP_FLOWS), {"a": 1}), Play(drawing(LOOP + LOOP_FLOWS), {"a": 1})
    for play in (first, second):
        play.complete("t", again=True)

    assert first.facts == second.facts


def test_a_program_is_the_same_before_and_after_many_runs():
    def shape(found: bpmn.Program):
        def flat(value, seen):
            if isinstance(value, Node):
                return value.id
            if hasattr(value, "__slots__") and not isinstance(value, str | int | type):
                if id(value) in seen:
                    return "…"
                seen = seen | {id(value)}
                return {name: flat(getattr(value, name, None), seen) for name in value.__slots__ if name != "code"}
            if isinstance(value, dict):
                return {key: flat(item, seen) for key, item in value.items()}
            if isinstance(value, tuple | list):
                return [flat(item, seen) for item in value]
            return repr(value)

        return [flat(node, set()) if not isinstance(node, Node) else
                {name: flat(getattr(node, name), set()) for name in node.__slots__} for node in found.nodes.values()]  # fmt: skip

    compiled = program(drawing(LOOP + boundary("b", "t", timer("PT1H"), False) + user("x") + LOOP_FLOWS + flows("b x")))
    before = copy.deepcopy(shape(compiled))
    for _ in range(200):
        play_through(compiled, 2)

    assert shape(compiled) == before


def play_through(compiled, rounds):
    step = bpmn.begin(compiled, "d", {}, now=MONDAY, env=ENV)
    for number in range(rounds):
        token = next(token for token, node, _ in bpmn.waits(step.state) if node == "t")
        step = bpmn.complete(step.state, token, {"again": number + 1 < rounds}, now=MONDAY, env=ENV)
    return step


ENV = bpmn.Env()


# ---------------------------------------------------------------- growth


def test_the_thousandth_round_of_a_loop_costs_as_much_as_the_tenth_and_leaves_nothing_behind():
    compiled = program(drawing(LOOP + LOOP_FLOWS))
    step = bpmn.begin(compiled, "d", {}, now=MONDAY, env=ENV)
    sizes, costs = [], []

    def once(text):
        state = bpmn.load(json.loads(text), lambda _: compiled)
        following = bpmn.complete(state, bpmn.waits(state)[0][0], {"again": True}, now=MONDAY, env=ENV)
        json.dumps(bpmn.dump(following.state))
        return following

    for number in range(1_000):
        text = json.dumps(bpmn.dump(step.state))
        sizes.append(len(text))
        if number in (9, 999):
            costs.append(calls(partial(once, text)))
        step = once(text)

    assert sizes[-1] - sizes[9] <= 32
    assert costs[1] == costs[0]


def test_a_loop_of_scripts_costs_the_same_per_round():
    body = START + '<exclusiveGateway id="m"/>' + script("s", "n + 1", "n") + '<exclusiveGateway id="g" default="g_m"/>'
    compiled = program(drawing(body + END + flows("start m s g", "g end ? n >= limit", "g m")))

    def rounds(limit):
        step = bpmn.begin(compiled, "d", {"n": 0, "limit": limit}, now=MONDAY, env=ENV)
        assert step.ended == "completed"

    rounds(1)  # what is made once
    few, many = calls(lambda: rounds(100)), calls(lambda: rounds(1_000))
    assert few > 1_000
    assert many <= 10 * few


def test_completing_one_of_many_waits_does_not_depend_on_the_others():
    def one_of(count):
        body = START + '<parallelGateway id="f"/>' + "".join(
            user(f"t{n}") + boundary(f"b{n}", f"t{n}", timer("P1D")) for n in range(count)
        )  # fmt: skip
        compiled = program(drawing(body + user("late") + flows(*(f"start f t{n}" if n == 0 else f"f t{n}" for n in range(count)), *(f"b{n} late" for n in range(count)))))  # fmt: skip
        step = bpmn.begin(compiled, "d", {}, now=MONDAY, env=ENV)
        tokens = [token for token, _, kind in bpmn.waits(step.state) if kind == "work"]

        return calls(lambda: bpmn.complete(step.state, tokens.pop(), {}, now=MONDAY, env=ENV))

    one_of(1)  # what is made once
    assert one_of(300) == one_of(10)


# ---------------------------------------------------------------- the graph


def test_graph_finds_what_is_reachable_and_what_only_past_a_node():
    body = (
        START
        + '<exclusiveGateway id="g" default="g_pay"/>'
        + user("approve")
        + boundary("late", "approve", timer("P1D"))
    )
    body += '<subProcess id="s"><startEvent id="in"/>' + service("inner") + flows("in inner") + "</subProcess>"
    body += service("pay") + END
    compiled = program(drawing(body + flows("start g approve s pay end", "g pay", "late pay")
                               .replace('id="g_approve" sourceRef="g" targetRef="approve">',
                                        'id="g_approve" sourceRef="g" targetRef="approve"><conditionExpression>= x</conditionExpression>')))  # fmt: skip

    past = reachable(entries(compiled), ["approve"])
    assert past["pay"] == "g"
    assert "inner" not in past
    assert reachable([compiled.nodes["approve"]])["pay"] == "s"


def test_what_is_reachable_is_found_in_a_long_chain_without_writing_down_every_path():
    count = 2_000
    tasks = "".join(f'<manualTask id="t{number}"/>' for number in range(count))
    line = " ".join(f"t{number}" for number in range(count))
    compiled = program(drawing(START + tasks + END + flows(f"start {line} end")))

    tracemalloc.start()
    found = reachable(entries(compiled))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert len(found) == count + 2
    assert peak < 2_500_000


# ---------------------------------------------------------------- the room


def test_program_and_machine_know_neither_xml_nor_spiffworkflow_nor_the_outside():
    room = Path(bpmn.__file__).parent
    files = [
        *room.glob("machine/*.py"),
        *(room / f"{name}.py" for name in ("program", "state", "steps", "timers", "graph")),
    ]

    for path in files:
        imports = [line for line in path.read_text().splitlines() if line.startswith(("import ", "from "))]
        foreign = [
            line
            for line in imports
            if any(word in line for word in ("lxml", "Spiff", "parser", "sqlalchemy", "random", "uuid"))
        ]
        assert foreign == [], path
