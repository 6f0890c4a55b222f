"""Small drawings made by chance in which somebody approves and something pays, rightly or not.

Two kinds: blocks within blocks, and free-form nets that no structure holds together. What a gateway asks for is the
outcome of an approval or a variable that a job before it answers anew, so that every condition is free: whatever the
proof finds, some run of the machine does. `entangled`: variables are answered once and asked several times. `data`:
gateways ask for amounts and levels too, which jobs, scripts and a decision write, so that one says what another will.
Some ask the directory or the work calendar, which change at any time: a job before them gives it to them.
"""

import random
from itertools import pairwise

from tests.engine.bpmn.drawing import (
    END,
    START,
    boundary,
    catch,
    condition,
    element,
    error,
    error_event,
    escalation,
    escalation_event,
    extensions,
    flows,
    link,
    mapping,
    message,
    message_event,
    script,
    service,
    signal,
    signal_event,
    throw,
    timer,
    user,
)

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"'
    ' xmlns:troika="urn:troika:bpmn:1.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' targetNamespace="urn:test" id="definitions">\n'
)
ROOTS = (
    error("E1") + error("E2") + escalation("X") + message("m", None) + signal("S")
)  # fmt: skip
PAY = "erp.execute_payment"
CAPABILITY = "finance_approval"
WRITES = "writes"
"""a form in which the document can be replaced by another one"""
AMOUNTS = (50, 300, 900)
OTHERS = (40, 60, 200, 300, 1000)
"""one on each side of what amounts are compared with; on each side some are less than amounts there, some are more"""
LEVELS = ("low", "middle", "high")
DECISION = b"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="urn:chance">
<decision id="level_of" name="level_of"><decisionTable id="t" hitPolicy="UNIQUE">
<input id="i" label="amount"><inputExpression typeRef="number"><text>amount</text></inputExpression></input>
<output id="o" name="level" typeRef="string"/>
<rule id="r1"><inputEntry><text>&lt;= 100</text></inputEntry><outputEntry><text>"low"</text></outputEntry></rule>
<rule id="r2"><inputEntry><text>(100..500)</text></inputEntry><outputEntry><text>"middle"</text></outputEntry></rule>
<rule id="r3"><inputEntry><text>&gt;= 500</text></inputEntry><outputEntry><text>"high"</text></outputEntry></rule>
</decisionTable></decision></definitions>"""
COMPENSATE = "<compensateEventDefinition/>"
TERMINATE = "<terminateEventDefinition/>"
MARK = f'<troika:policy provides="{CAPABILITY}" subject="= request_id" subjectType="erp_payment_request"/>'


def structured(
    seed: int,
    size: int,
    *,
    entangled: bool = False,
    data: bool = False,
    undoing_pays: bool = False,
    steps_ask: bool = False,
    thinks_again: bool = False,
    across: bool = False,
    beside: bool = False,
) -> bytes:
    """Blocks within blocks, about `size` of them. `undoing_pays`: full of compensation, most of which pays;
    `steps_ask`: flows of steps have conditions, at which those get stuck when they are done; `thinks_again`: what a
    decision has led to may be a way round the next one when it is taken back; `across`: so that what has made another
    one final is void; `beside`: full of plain branches beside each other, some of which have something to do with each
    other."""
    maker = Blocks(random.Random(seed), size, entangled, data, undoing_pays, steps_ask, thinks_again, across, beside)
    thinks = maker.voided_across if across else maker.thought_again
    begins = maker.branches if beside else thinks if thinks_again and maker.chance.random() < 0.5 else maker.block
    first, last = begins()
    if beside and maker.chance.random() < 0.5:
        approves, approved = maker.approve()
        maker.lines.append(f"{last} {approves}")
        last = approved
    if steps_ask:
        asks, asked = maker.approve()
        maker.lines.append(f"{asked} {first}")
        first = asks
    if maker.chance.random() < 0.8:
        pays = maker.pay()[0]
        maker.lines.append(f"{last} {pays}")
        last = pays
    maker.lines += [f"start {first}", f"{last} end"]
    return _file(START + END + maker.content(), maker.called)


def tangled(
    seed: int, size: int, *, entangled: bool = False, data: bool = False, steps_ask: bool = False
) -> bytes:  # fmt: skip
    """`size` nodes, each reached from an earlier one, leading to later ones; people's tasks may lead back."""
    chance = random.Random(seed)
    maker = Blocks(chance, size, entangled, data, steps_ask=steps_ask)
    kinds: tuple[str, ...] = (
        "approve",
        "approve",
        "pay",
        "note",
        "write",
        "exclusive",
        "exclusive",
        "parallel",
        "inclusive",
        "user",
    )
    if data:
        kinds = (*kinds, "decide", "decide", "fill", "script")
    nodes = [(f"n{number}", chance.choice(kinds)) for number in range(size)]
    after: dict[str, list[str]] = {key: [] for key, _ in nodes}
    for number, (key, _) in enumerate(nodes[1:], 1):
        after[nodes[chance.randrange(number)][0]].append(key)
        if chance.random() < 0.4:
            after[nodes[chance.randrange(number)][0]].append(key)
    approvals = [key for key, kind in nodes if kind == "approve"]
    drawn, lines = [START], [f"start {nodes[0][0]}"]
    for number, (key, kind) in enumerate(nodes):
        if kind in ("user", "approve") and number:
            if chance.random() < 0.25:
                after[key].append(nodes[chance.randrange(number)][0])
            if number < size - 1 and chance.random() < 0.25:
                stops = chance.random() < 0.5
                drawn.append(boundary(f"late_{key}", key, timer("PT1H"), stops))
                lines.append(f"late_{key} {nodes[chance.randrange(number + 1, size)][0]}")
        targets = list(dict.fromkeys(after[key]))
        if not targets:
            targets = [f"end{number}"]
            drawn.append(element("endEvent", f"end{number}", inner=TERMINATE if chance.random() < 0.15 else ""))
        chance.shuffle(targets)
        lines += _leading(maker, key, kind, targets, drawn, approvals)
    return _file("".join(drawn) + flows(*lines), maker.called)


def _leading(
    maker: "Blocks", key: str, kind: str, targets: list[str], drawn: list[str], approvals: list[str]
) -> list[str]:  # fmt: skip
    """Draws node `key` and the flows to its `targets`."""
    chance, several = maker.chance, len(targets) > 1
    chooses = kind in ("approve", "user") and several and chance.random() < 0.6
    if chooses or kind in ("exclusive", "inclusive"):
        gate, own = f"g_{key}", [key] if kind == "approve" else approvals
        asked = [maker.condition(own, place) for place in range(len(targets) - 1)]
        variables = {variable for _, variable in asked if variable is not None and not maker.entangled}
        chain = [key]
        if kind in ("approve", "user"):
            drawn.append(maker.person(key, kind == "approve"))
            if variables:
                chain.append(f"q_{key}")
        if len(chain) > 1 or kind in ("exclusive", "inclusive"):
            drawn.append(maker.asking(chain[-1], *variables))
        default = {"default": f"{gate}_{targets[-1]}"} if several else {}
        drawn.append(element("inclusiveGateway" if kind == "inclusive" else "exclusiveGateway", gate, **default))
        ways = [f"{gate} {target} ? {text}" for target, (text, _) in zip(targets, asked, strict=False)]
        return [" ".join([*chain, gate]), *ways, f"{gate} {targets[-1]}"]
    match kind:
        case "approve":
            drawn.append(maker.person(key, True))
        case "user":
            drawn.append(user(key))
        case "pay":
            drawn.append(service(key, PAY, in_request_id="= request_id"))
        case "write":
            drawn.append(maker.writing(key))
        case "decide" | "fill" | "script":
            drawn.append(maker.computing(key, kind))
        case "parallel":
            drawn.append(element("parallelGateway", key))
        case _:
            drawn.append(service(key))
    if kind != "parallel" and several and maker.steps_ask and chance.random() < 0.8:
        every = chance.random() < 0.6
        asked = [f" ? {chance.choice(_COMPARED)}" for _ in targets]
        return [f"{key} {one}{text if every or one != targets[-1] else ''}"
                for one, text in zip(targets, asked, strict=True)]  # fmt: skip
    return [f"{key} {target}" for target in targets]


def _file(body: str, called: list[str]) -> bytes:
    main = f'<process id="p" name="P" isExecutable="true">\n{body}\n</process>\n'
    return f"{HEAD}{ROOTS}{main}{''.join(called)}</definitions>".encode()


_COMPARED = (
    "amount > 100", "amount <= 100", "amount >= 500", "amount < 500", "amount in (100..500)", "other > 100",
    "other < 500", 'level = "high"', 'level != "high"', 'level = "low"', 'level in ("low", "middle")', "amount > other",
)  # fmt: skip
_EITHER = (
    ("amount > 100", "amount <= 100"), ("amount < 500", "amount >= 500"), ('level = "high"', 'level != "high"'),
    ("other > 100", "other <= 100"),
)  # fmt: skip
_TURNED = (
    ("900", "50", "amount", "amount > 100"), ("50", "900", "amount", "amount < 500"),
    ('"high"', '"low"', "level", 'level != "low"'), ('"low"', '"middle"', "level", 'level = "low"'),
)  # fmt: skip
"""(first, later, variable, a condition that is true of the first)"""
_SCRIPTS = (
    ('if amount >= 500 then "high" else "low"', "level"), ('"middle"', "level"), ("other", "amount"),
    ("amount", "other"), ("50", "amount"), ("if level = \"high\" then 900 else other", "amount"),
)  # fmt: skip
_SURROUNDINGS = (
    'has role(clerk, "{0}")', 'not(belongs to(clerk, "{0}"))', 'if has role(clerk, "{0}") then true else false',
    'work days between(date(since) + duration("P{0}D"), date(since) + duration("P{0}DT24H")) = 1',
)  # fmt: skip
"""about one of a few groups, departments and days: asked again later they may answer otherwise"""


class Blocks:
    """Draws blocks; each method returns where it begins and where it ends."""

    def __init__(
        self, chance: random.Random, size: int, entangled: bool, data: bool, undoing_pays: bool = False,
        steps_ask: bool = False, thinks_again: bool = False, across: bool = False, beside: bool = False,
    ) -> None:  # fmt: skip
        self.undoing_pays, self.steps_ask, self.thinks_again = undoing_pays, steps_ask, thinks_again
        self.across, self.beside = across, beside
        self.chance = chance
        self.left = size
        self.entangled = entangled
        self.data = data
        self.count = 0
        self.drawn: list[str] = []
        self.lines: list[str] = []
        self.called: list[str] = []
        self.people: list[str] = []
        """tasks of people before here, in this process"""
        self.deep = 0

    def block(self) -> tuple[str, str]:
        if self.left <= 0:
            return self.note()
        self.left -= 1
        kinds = [
            self.approve, self.approve, self.approve, self.pay, self.note, self.write, self.sequence, self.sequence,
            self.sequence, self.split, self.split, self.loop, self.sub_process, self.repeated, self.watched,
            self.watched, self.stopping, self.race, self.jump, self.waiting,
        ]  # fmt: skip
        if self.deep < 2:
            kinds += [self.call, self.ad_hoc, self.undoing, self.transaction]
            if self.undoing_pays:
                kinds += [self.undoing, self.undoing, self.undoing, self.transaction]
        if self.data:
            kinds += [self.compute, self.compute, self.split, self.split]
        if self.steps_ask:
            kinds += [self.asking_step] * 5
        if self.thinks_again:
            kinds += [self.thought_again] * 5
        if self.across:
            kinds += [self.voided_across] * 5
        return self.chance.choice(kinds)()

    # ------------------------------------------------------------ tasks

    def note(self) -> tuple[str, str]:
        key = self.key("t")
        self.drawn.append(user(key, self.form(0.15)) if self.chance.random() < 0.5 else service(key))
        return key, key

    def form(self, often: float) -> str:
        return f'<zeebe:formDefinition formId="{WRITES}"/>' if self.chance.random() < often else ""

    def pay(self) -> tuple[str, str]:
        key = self.key("pay")
        self.drawn.append(service(key, PAY, in_request_id="= request_id"))
        return key, key

    def write(self) -> tuple[str, str]:
        key = self.key("w")
        self.drawn.append(self.writing(key))
        return key, key

    def writing(self, key: str) -> str:
        """The other document."""
        return service(key, "erp.other", out_request_id='= if request_id = "A" then "B" else "A"')

    def asking(self, key: str, *variables: str) -> str:
        """A job that answers each variable with true or false."""
        return service(key, "ask." + ".".join(sorted(variables)))

    def person(self, key: str, counts: bool, on_reject: str = "flow", *more: str) -> str:
        rule = f'<troika:approval mode="any" onReject="{on_reject}"/>'
        passes = '<troika:onEmpty do="autoPass"/>' if self.chance.random() < 0.12 else ""
        mark = MARK if counts and self.chance.random() < 0.9 else ""
        limits = self.by_rule() if self.thinks_again and not passes else ""
        return user(key, rule, mark, passes, self.form(0.05), limits, *more)

    def by_rule(self) -> str:
        """What else may be done in place of a person."""
        draw = self.chance.random()
        if draw < 0.08:
            return '<troika:onEmpty do="autoReject"/>'
        back = f'do="return" to="{self.people[-1]}"' if self.people and draw > 0.92 else 'do="reject"'
        return f'<troika:timeout><troika:step after="P1D" {back}/></troika:timeout>' if not 0.16 < draw < 0.92 else ""

    def condition(self, names: list[str], place: int = 0) -> tuple[str, str | None]:
        """(condition, variable that it reads; "" where a job gives the surroundings time to change). `place`: of the
        condition at its gateway, where no two ask the surroundings the same."""
        if self.data and self.chance.random() < 0.6:
            return self.compared(names), None
        name = self.chance.choice(names) if names else "nobody"
        variable = f"d{self.chance.randrange(3) if self.entangled else self.number()}"
        draw = self.chance.random()
        if draw < 0.45:
            return f'approval.{name}.outcome = "agree"', None
        if draw < 0.55:
            return f'approval.{name}.outcome != "reject"', None
        if draw < 0.63:
            return f'approval.{name}.outcome = "reject"', None
        if draw < 0.71:
            return f'approval.{name}.outcome = "agree" and {variable}', variable
        if draw < 0.77:
            return f'approval.{name}.outcome = "agree" or {variable}', variable
        if draw >= 0.85 and not self.entangled:
            return _SURROUNDINGS[int(draw * 1_000) % len(_SURROUNDINGS)].format(place + 1), ""
        return variable, variable

    def compared(self, names: list[str]) -> str:
        text = self.chance.choice(_COMPARED)
        draw = self.chance.random()
        if names and draw < 0.25:
            return f'approval.{self.chance.choice(names)}.outcome = "agree" {"and" if draw < 0.18 else "or"} {text}'
        if draw < 0.35:
            return f"{text} {self.chance.choice(('and', 'or'))} {self.chance.choice(_COMPARED)}"
        return f"not({text})" if draw < 0.42 else text

    def compute(self) -> tuple[str, str]:
        key = self.key("r")
        self.drawn.append(self.computing(key, self.chance.choice(("decide", "decide", "fill", "script"))))
        return key, key

    def computing(self, key: str, kind: str) -> str:
        """What writes the level or the amount."""
        if kind == "fill":
            return service(key, "fill.amount")
        if kind == "script":
            text, result = self.chance.choice(_SCRIPTS)
            return script(key, text, result)
        given = [mapping(in_amount=f"= {self.chance.choice(('amount', 'other', 'amount'))}")]
        called = '<zeebe:calledDecision decisionId="level_of" resultVariable="level"/>'
        return element("businessRuleTask", key, called, *(given if self.chance.random() < 0.4 else []))

    # ------------------------------------------------------------ approvals

    def approve(self) -> tuple[str, str]:
        key = self.key("fin")
        draw = self.chance.random()
        back = [""]
        if self.people and self.chance.random() < 0.15:
            back = [f'<troika:return targets="{self.chance.choice((self.people[-1], "previous", "any"))}"/>']
        if draw < 0.2:
            self.drawn.append(self.person(key, True, "end", *back))
            self.people.append(key)
            return key, key
        if draw < 0.3 and self.people:
            self.drawn.append(self.person(key, True, f"return:{self.chance.choice(self.people)}", *back))
            self.people.append(key)
            return key, key
        self.drawn.append(self.person(key, True, "flow", *back))
        self.people.append(key)
        if draw < 0.38:
            return key, key
        return key, self.asked(key, [key])

    def asked(self, before: str, names: list[str]) -> str:
        """An exclusive gateway that asks for the outcome; the place where it goes on."""
        text, variable = self.condition(names)
        if variable is not None and not self.entangled:
            asks = self.key("q")
            self.drawn.append(self.asking(asks, variable))
            self.lines.append(f"{before} {asks}")
            before = asks
        gate, good = self.key("x"), self.key("j")
        bad = self.key("e")
        swapped = self.chance.random() < 0.1
        yes, no = (bad, good) if swapped else (good, bad)
        self.drawn += [
            element("exclusiveGateway", gate, default=f"{gate}_{no}"), element("exclusiveGateway", good),
            element("endEvent", bad, inner=TERMINATE if self.chance.random() < 0.3 else ""),
        ]  # fmt: skip
        self.lines += [f"{before} {gate}", f"{gate} {yes} ? {text}", f"{gate} {no}"]
        return good

    def asking_step(self) -> tuple[str, str]:
        """A step whose own flows have conditions: one goes on, or it stands beside what goes on."""
        draws = (self.note, self.pay, self.write, self.write, self.compute, self.waiting, self.sub_process)
        first, last = self.chance.choice(draws)()
        good, bad, fork = self.key("j"), self.key("e"), self.key("f")
        one, other = self.chance.choice(_EITHER)
        self.drawn += [element("exclusiveGateway", good), self.ending(bad)]
        self.lines.append(f"{last} {bad} ? {other}")
        if self.chance.random() < 0.4:
            self.lines.append(f"{last} {good} ? {one}")
            return first, good
        stop = self.key("e")
        self.drawn += [element("parallelGateway", fork), self.ending(stop)]
        waits = self.note()[0]
        self.lines += [f"{last} {stop} ? {one}", f"{fork} {first}", f"{fork} {good} {waits}"]
        return fork, waits

    def thought_again(self) -> tuple[str, str]:
        """What is written behind a decision turns the gateway there; or it is paid beside what somebody has allowed."""
        if self.chance.random() < 0.4:
            return self.allowed_beside()
        first, later, variable, text = self.chance.choice(_TURNED)
        sets, turns, gate, merge = self.key("r"), self.key("r"), self.key("x"), self.key("j")
        person = self.chance.choice((self.one_person, self.note))()[0]
        between = self.chance.choice((self.note, self.waiting, self.compute))()
        approves = self.approve()
        self.drawn += [
            script(sets, first, variable), script(turns, later, variable), element("exclusiveGateway", merge),
            element("exclusiveGateway", gate, default=f"{gate}_{merge}"),
        ]  # fmt: skip
        turning = [between, (turns, turns)] if self.chance.random() < 0.4 else [(turns, turns), between]
        self.lines += [
            f"{sets} {person} {gate}", f"{gate} {turning[0][0]} ? {text}", f"{turning[0][1]} {turning[1][0]}",
            f"{turning[1][1]} {approves[0]}", f"{approves[1]} {merge}", f"{gate} {merge}",
        ]  # fmt: skip
        return sets, merge

    def allowed_beside(self) -> tuple[str, str]:
        fork, join, gate, merge = self.key("f"), self.key("j"), self.key("x"), self.key("j")
        person, waits, pays, more = self.one_person()[0], self.waiting()[0], self.pay()[0], self.block()
        self.drawn += [
            element("parallelGateway", fork), element("parallelGateway", join), element("exclusiveGateway", merge),
            element("exclusiveGateway", gate, default=f"{gate}_{merge}"),
        ]  # fmt: skip
        self.lines += [
            f"{fork} {person} {more[0]}", f"{more[1]} {join}", f"{fork} {waits} {gate}", f"{pays} {merge} {join}",
            f'{gate} {pays} ? approval.{person}.outcome = "agree"', f"{gate} {merge}",
        ]  # fmt: skip
        return fork, join

    def voided_across(self) -> tuple[str, str]:
        """Somebody else decides behind a decision and turns the gateway there; that is void when it is taken or sent
        back in the other branch, which leads to him as well, or seems to."""
        first, later, variable, text = self.chance.choice(_TURNED)
        sets, turns, ask, merge, joins, crosses = (self.key(one) for one in ("r", "r", "x", "j", "j", "x"))
        fork, two, ends = self.key("f"), self.key("f"), [self.key("e") for _ in range(3)]
        asked = (self.one_person, self.one_person, self.note)
        person, other, second = (self.chance.choice(asked)()[0] for _ in range(3))
        waits = self.chance.choice((self.note, self.note, self.waiting))()
        last = self.chance.choice((self.note, self.waiting, lambda: self.sending_back(other)))()
        told = f'approval.{person}.outcome = "agree" and approval.{other}.outcome = "reject"'
        crossing = told if self.chance.random() < 0.7 else self.compared([person, other])
        self.drawn += [
            script(sets, first, variable), script(turns, later, variable), element("parallelGateway", fork),
            element("parallelGateway", two), element("exclusiveGateway", merge), element("exclusiveGateway", joins),
            element("exclusiveGateway", ask, default=f"{ask}_{merge}"), *(element("endEvent", key) for key in ends),
            element("exclusiveGateway", crosses, default=f"{crosses}_{last[0]}"),
        ]  # fmt: skip
        self.lines += [
            f"{sets} {fork} {person} {ask}", f"{ask} {two} ? {text}", f"{ask} {merge}",
            f"{two} {waits[0]}", f"{waits[1]} {ends[0]}", f"{two} {joins} {second} {turns} {ends[1]}",
            f"{fork} {other} {crosses}", f"{crosses} {joins} ? {crossing}", f"{crosses} {last[0]}",
            f"{last[1]} {ends[2]}",
        ]  # fmt: skip
        return sets, merge

    def sending_back(self, target: str) -> tuple[str, str]:
        key = self.key("fin")
        self.drawn.append(self.person(key, self.chance.random() < 0.5, "flow", f'<troika:return targets="{target}"/>'))
        return key, key

    def ending(self, key: str) -> str:
        return element("endEvent", key, inner=TERMINATE if self.chance.random() < 0.8 else "")

    # ------------------------------------------------------------ structure

    def sequence(self) -> tuple[str, str]:
        first, middle = self.block()
        second, last = self.block()
        self.lines.append(f"{middle} {second}")
        return first, last

    def split(self) -> tuple[str, str]:
        kind = self.chance.choice(("exclusive", "parallel", "inclusive"))
        fork, join = self.key("f"), self.key("j")
        branches = [self.block() for _ in range(2)]
        default = "" if kind == "parallel" else f"{fork}_{branches[-1][0]}"
        self.drawn.append(element(f"{kind}Gateway", fork, **({"default": default} if default else {})))
        joins = kind if self.chance.random() < 0.85 else "exclusive"
        self.drawn.append(element(f"{joins}Gateway", join))
        entry = fork
        for number, (first, last) in enumerate(branches):
            condition = ""
            if kind != "parallel" and number == 0:
                text, variable = self.condition(self.people)
                condition = f" ? {text}"
                if variable is not None and not self.entangled:
                    entry = self.key("q")
                    self.drawn.append(self.asking(entry, variable))
                    self.lines.append(f"{entry} {fork}")
            self.lines += [f"{fork} {first}{condition}", f"{last} {join}"]
        return entry, join

    def branches(self) -> tuple[str, str]:
        """Plain branches beside each other, which a join ends."""
        fork, join = self.key("f"), self.key("j")
        self.drawn += [element("parallelGateway", fork), element("parallelGateway", join)]
        for _ in range(self.chance.choice((2, 2, 3))):
            draws = [self.plain() for _ in range(self.chance.choice((1, 1, 2)))]
            self.lines.append(f"{fork} {draws[0][0]}")
            self.lines += [f"{one[1]} {other[0]}" for one, other in pairwise(draws)]
            self.lines.append(f"{draws[-1][1]} {join}")
        return fork, join

    def plain(self) -> tuple[str, str]:
        """What stands in a branch and has little to do with others."""
        draws = [
            self.note,
            self.one_person,
            self.one_person,
            self.note,
            self.reviewed,
            self.reviewed,
            self.ending_there,
        ]
        if self.chance.random() < 0.3:
            draws = [self.waiting, self.compute, self.write, self.block]
        if self.left > 0:
            self.left -= 1
            draws += [self.branches, self.branches, self.within]
        return self.chance.choice(draws)()

    def reviewer(self) -> tuple[str, str]:
        """Somebody whose yes counts for nothing, mostly, or for something else."""
        key = self.key("v")
        capability = self.chance.choice((CAPABILITY, "head_approval", "head_approval"))
        self.drawn.append(self.person(key, self.chance.random() < 0.2).replace(CAPABILITY, capability))
        self.people.append(key)
        return key, key

    def reviewed(self) -> tuple[str, str]:
        """Somebody looks at it, and sometimes somebody else."""
        first, second = self.reviewer()[0], self.reviewer()[0]
        gate, merge = self.key("x"), self.key("j")
        text = self.compared([first]) if self.chance.random() < 0.5 else f'approval.{first}.outcome = "agree"'
        self.drawn += [
            element("exclusiveGateway", gate, default=f"{gate}_{merge}"), element("exclusiveGateway", merge),
        ]  # fmt: skip
        self.lines += [f"{first} {gate}", f"{gate} {second} ? {text}", f"{second} {merge}", f"{gate} {merge}"]
        return first, merge

    def ending_there(self) -> tuple[str, str]:
        """Somebody rejects, and all is over, or this branch."""
        person, gate, good, bad = self.reviewer()[0], self.key("x"), self.key("j"), self.key("e")
        self.drawn += [
            element("exclusiveGateway", gate, default=f"{gate}_{bad}"), element("exclusiveGateway", good),
            self.ending(bad),
        ]  # fmt: skip
        text = f'approval.{person}.outcome = "agree"'
        self.lines += [f"{person} {gate}", f"{gate} {good} ? {text}", f"{gate} {bad}"]
        return person, good

    def within(self) -> tuple[str, str]:
        """A sub-process of one thing."""
        key = self.key("s")
        outer, self.drawn, lines, self.lines = self.drawn, [], self.lines, []
        first, last = self.plain()
        begin, finish = self.key("b"), self.key("e")
        self.drawn += [element("startEvent", begin), element("endEvent", finish)]
        inner = "".join(self.drawn) + flows(*self.lines, f"{begin} {first}", f"{last} {finish}")
        self.drawn, self.lines = outer, lines
        self.drawn.append(element("subProcess", key, inner=inner))
        return key, key

    def loop(self) -> tuple[str, str]:
        merge, again, out, asks = self.key("l"), self.key("a"), self.key("o"), self.key("q")
        variable = f"d{self.number()}"
        first, last = self.block()
        self.drawn += [
            element("exclusiveGateway", merge), element("exclusiveGateway", again, default=f"{again}_{out}"),
            element("exclusiveGateway", out), self.asking(asks, variable),
        ]  # fmt: skip
        self.lines += [f"{merge} {first}", f"{last} {asks} {again} {out}", f"{again} {merge} ? {variable}"]
        return merge, out

    def inside(self, tag: str, key: str, *more: str, ends: str = "") -> str:
        """An activity with an inner life; handlers sometimes."""
        begin, finish = self.key("b"), self.key("e")
        outer, lines, people = self.drawn, self.lines, self.people
        self.drawn, self.lines, self.deep = [], [], self.deep + 1
        first, last = self.block()
        self.drawn += [element("startEvent", begin), element("endEvent", finish, inner=ends)]
        self.lines += [f"{begin} {first}", f"{last} {finish}"]
        inner = "".join(more) + self.content()
        self.drawn, self.lines, self.people, self.deep = outer, lines, people, self.deep - 1
        return element(tag, key, inner=inner)

    def sub_process(self) -> tuple[str, str]:
        """Sometimes with a variable of its own that hides the document."""
        key = self.key("s")
        drawn = self.inside("subProcess", key)
        draw = self.chance.random()
        if draw < 0.12:
            source = self.chance.choice(("request_id", "request_id", '"B"'))
            drawn = drawn.replace(">", ">" + extensions(mapping(in_request_id=f"= {source}")), 1)
        elif draw < 0.18:
            drawn = drawn.replace(">", ">" + f'<dataObject id="data_{key}" name="request_id"/>', 1)
        self.drawn.append(drawn)
        return key, key

    def repeated(self) -> tuple[str, str]:
        """A payment, a note or a sub-process with a loop marker."""
        key = self.key("s")
        if self.chance.random() < 0.4:
            marker = (
                f'<standardLoopCharacteristics testBefore="{str(self.chance.random() < 0.5).lower()}" loopMaximum="2">'
                "<loopCondition>= true</loopCondition></standardLoopCharacteristics>"
            )
        else:
            sequential = str(self.chance.random() < 0.6).lower()
            marker = (
                f'<multiInstanceLoopCharacteristics isSequential="{sequential}">'
                "<loopCardinality>= times</loopCardinality></multiInstanceLoopCharacteristics>"
            )
        kind = self.chance.random()
        if kind < 0.6:
            self.drawn.append(self.inside("subProcess", key, marker))
            return key, key
        drawn = service(key, PAY, in_request_id="= request_id") if kind < 0.8 else service(key)
        place = drawn.index("</extensionElements>") + len("</extensionElements>")
        self.drawn.append(drawn[:place] + marker + drawn[place:])
        return key, key

    def call(self) -> tuple[str, str]:
        """A called process with a block of its own; everything is handed to it, and back."""
        key, name = self.key("c"), f"called{self.number()}"
        outer, lines, people = self.drawn, self.lines, self.people
        self.drawn, self.lines, self.people, self.deep = [], [], [], self.deep + 1
        first, last = self.block()
        begin, finish = self.key("b"), self.key("e")
        self.lines += [f"{begin} {first}", f"{last} {finish}"]
        body = element("startEvent", begin) + element("endEvent", finish) + self.content()
        self.called.append(f'<process id="{name}" name="{name}" isExecutable="true">{body}</process>')
        self.drawn, self.lines, self.people, self.deep = outer, lines, people, self.deep - 1
        back = self.chance.random() < 0.7
        called = (
            f'<zeebe:calledElement processId="{name}" propagateAllParentVariables="true" '
            f'propagateAllChildVariables="{str(back).lower()}"/>'
        )
        lines = {}
        if self.chance.random() < 0.2:
            lines["in_request_id"] = "= " + self.chance.choice(("request_id", '"B"'))
        if self.chance.random() < 0.15:
            lines["out_request_id"] = "= " + self.chance.choice(("request_id", '"B"'))
        self.drawn.append(element("callActivity", key, called, *([mapping(**lines)] if lines else [])))
        return key, key

    def ad_hoc(self) -> tuple[str, str]:
        key = self.key("s")
        outer, lines, people = self.drawn, self.lines, self.people
        self.drawn, self.lines, self.deep = [], [], self.deep + 1
        self.block()
        self.block()
        inner = self.content(handlers=False)
        self.drawn, self.lines, self.people, self.deep = outer, lines, people, self.deep - 1
        self.drawn.append(element("adHocSubProcess", key, inner=inner))
        return key, key

    # ------------------------------------------------------------ events

    def watched(self) -> tuple[str, str]:
        """An activity with a boundary event, and what that leads to."""
        host, _ = self.chance.choice((self.one_person, self.note, self.sub_process))()
        key, merge = self.key("v"), self.key("j")
        event = self.chance.choice(self.events())
        stops = "errorEvent" in event or self.chance.random() < 0.6
        first, last = self.block()
        self.drawn += [boundary(key, host, event, stops), element("exclusiveGateway", merge)]
        self.lines += [f"{key} {first}", f"{host} {merge}"]
        if stops or self.chance.random() < 0.3:
            self.lines.append(f"{last} {merge}")
        else:
            finish = self.key("e")
            self.drawn.append(element("endEvent", finish))
            self.lines.append(f"{last} {finish}")
        return host, merge

    def events(self) -> tuple[str, ...]:
        """What may happen beside an activity or in a scope."""
        found = (timer("PT1H"), message_event("m"), error_event("E1"), escalation_event("X"))
        return (*found, *(condition(self.chance.choice(_COMPARED)) for _ in range(2))) if self.data else found

    def one_person(self) -> tuple[str, str]:
        key = self.key("fin")
        self.drawn.append(self.person(key, True))
        self.people.append(key)
        return key, key

    def handlers(self) -> str:
        """An event sub-process of the scope that is being drawn, sometimes."""
        if self.chance.random() < 0.8:
            return ""
        event = self.chance.choice(self.events())
        stops = "errorEvent" in event or self.chance.random() < 0.6
        key, begin, finish = self.key("h"), self.key("b"), self.key("e")
        outer, lines, people = self.drawn, self.lines, self.people
        self.drawn, self.lines, self.deep = [], [], self.deep + 2
        first, last = self.block()
        begins = f'<startEvent id="{begin}" isInterrupting="{str(stops).lower()}">{event}</startEvent>'
        self.lines += [f"{begin} {first}", f"{last} {finish}"]
        inner = begins + element("endEvent", finish) + self.content(handlers=False)
        self.drawn, self.lines, self.people, self.deep = outer, lines, people, self.deep - 2
        return f'<subProcess id="{key}" triggeredByEvent="true">{inner}</subProcess>'

    def stopping(self) -> tuple[str, str]:
        """A sub-process that ends in one of two ways, one of which throws or stops."""
        key, begin, pick, good, bad = self.key("s"), self.key("b"), self.key("x"), self.key("e"), self.key("e")
        asks, variable = self.key("q"), f"d{self.number()}"
        outer, lines, people = self.drawn, self.lines, self.people
        self.drawn, self.lines, self.deep = [], [], self.deep + 1
        first, last = self.block()
        thrown = self.chance.choice((error_event("E1"), error_event("E2"), escalation_event("X"), TERMINATE))
        self.drawn += [
            element("startEvent", begin), element("exclusiveGateway", pick, default=f"{pick}_{good}"),
            element("endEvent", good), element("endEvent", bad, inner=thrown), self.asking(asks, variable),
        ]  # fmt: skip
        self.lines += [f"{begin} {first}", f"{last} {asks} {pick} {good}", f"{pick} {bad} ? {variable}"]
        inner = self.content()
        self.drawn, self.lines, self.people, self.deep = outer, lines, people, self.deep - 1
        self.drawn.append(element("subProcess", key, inner=inner))
        if self.chance.random() < 0.5:
            return key, key
        caught, merge = self.key("v"), self.key("j")
        first, last = self.block()
        event = escalation_event(None) if "escalation" in thrown else error_event(None)
        self.drawn += [boundary(caught, key, event), element("exclusiveGateway", merge)]
        self.lines += [f"{caught} {first}", f"{last} {merge}", f"{key} {merge}"]
        return key, merge

    def race(self) -> tuple[str, str]:
        gate, one, other, merge = self.key("g"), self.key("c"), self.key("c"), self.key("j")
        first, last = self.block()
        self.drawn += [
            element("eventBasedGateway", gate), element("exclusiveGateway", merge), catch(one, timer("PT1H")),
            catch(other, message_event("m")),
        ]  # fmt: skip
        self.lines += [f"{gate} {one}", f"{gate} {other}", f"{one} {first}", f"{last} {merge}", f"{other} {merge}"]
        return gate, merge

    def waiting(self) -> tuple[str, str]:
        key = self.key("c")
        event = self.chance.choice((message_event("m"), signal_event("S"), timer("PT1H"), *self.events()[4:]))
        self.drawn.append(catch(key, event))
        return key, key

    def jump(self) -> tuple[str, str]:
        first, before = self.block()
        second, last = self.block()
        off, on = self.key("k"), self.key("k")
        self.drawn += [throw(off, link(off)), catch(on, link(off))]
        self.lines += [f"{before} {off}", f"{on} {second}"]
        return first, last

    def undoing(self) -> tuple[str, str]:
        """A task that is undone later by another one."""
        key, event, handler, undo = self.key("t"), self.key("c"), self.key("u"), self.key("z")
        pays = self.chance.random() < (0.8 if self.undoing_pays else 0.2)
        undoes = service(handler, PAY, in_request_id="= request_id") if pays else user(handler)
        first, last = self.block()
        self.drawn += [
            service(key), boundary(event, key, COMPENSATE), throw(undo, COMPENSATE),
            undoes.replace(f'id="{handler}"', f'id="{handler}" isForCompensation="true"'),
        ]  # fmt: skip
        association = f'<association id="{self.key("a")}" sourceRef="{event}" targetRef="{handler}"/>'
        self.drawn.append(association)
        self.lines += [f"{key} {first}", f"{last} {undo}"]
        return key, undo

    def transaction(self) -> tuple[str, str]:
        key, event, merge = self.key("s"), self.key("v"), self.key("j")
        cancels = self.chance.random() < 0.5
        self.drawn.append(self.inside("transaction", key, ends="<cancelEventDefinition/>" if cancels else ""))
        first, last = self.block()
        self.drawn += [boundary(event, key, "<cancelEventDefinition/>"), element("exclusiveGateway", merge)]
        self.lines += [f"{key} {merge}", f"{event} {first}", f"{last} {merge}"]
        return key, merge

    def content(self, *, handlers: bool = True) -> str:
        """Of the scope that is being drawn; artifacts stand last in a file."""
        beside = self.handlers() if handlers else ""
        nodes = [drawn for drawn in self.drawn if not drawn.startswith("<association")]
        artifacts = [drawn for drawn in self.drawn if drawn.startswith("<association")]
        return "".join(nodes) + beside + flows(*self.lines) + "".join(artifacts)

    # ------------------------------------------------------------ names

    def key(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def number(self) -> int:
        self.count += 1
        return self.count
