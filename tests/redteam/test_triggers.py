"""Each trigger of the gate stops alone what it is for, lets pass what may be, and asks nothing that nothing needs."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from engine import identity, policy, repository, runtime
from engine.db import guards_policy
from engine.db.base import metadata
from engine.db.policy import break_glass, clearance, clearance_grant, policy_grant, policy_version
from engine.db.task import work_item
from engine.ids import uuid7
from engine.modules.erp.models import guards  # noqa: F401 - gives the tables theirs
from engine.modules.erp.models.treasury import payment, payment_request
from engine.unit_of_work import ENGINE, Actor, UnitOfWork
from tests.engine.modules.company import a_firm, clear
from tests.engine.modules.test_payments import Request
from tests.engine.policy.test_emergency import POLICY, ask, sign
from tests.engine.policy.test_gate import PAYING as DRAWING
from tests.engine.policy.test_gate import a_bill, agree, pay
from tests.redteam.conditions import ACTS, PAYING, USING_UP
from tests.redteam.walls import attack

pytestmark = pytest.mark.redteam
_WORD = re.compile(
    r"'[^']*'|\(|\)|,|(?<!DISTINCT )\bFROM\b|;"
    r"|\b(?:AND|OR|WHERE|ON|IF|WHEN|THEN|ELSE|SELECT|JOIN|CASE|END|FOR (?:SHARE|UPDATE))\b"
)
WHOLE = {
    "work_item_kept", "history_text_kept", "audit_text_kept", "policy_version_kept", "break_glass_kept",
    "policy_grant_kept", "clearance_kept", "clearance_grant_frozen", "clearance_grant_kept", "payment_frozen",
    "payment_kept", "definition_frozen", "definition_kept", "user_task_kept",
}  # fmt: skip
"""triggers without a condition of several parts"""
KNOWN = [("payment_gate", "g.currency IS NULL")]
"""SQLite refuses nothing for the sake of a null; PostgreSQL, which counts what it has consumed, needs it said"""


def test_every_trigger_stops_alone_what_it_is_for_and_lets_pass_what_may_be(world):
    engine, keys, asked = world
    stopped = {}
    with attack(engine) as uow:
        for name, acts in asked.items():
            stopped[name] = {told for told, act in acts.items() if refused(uow, name, made(name), act, keys)}
            passed = [told for told, act in acts.items() if not refused(uow, name, "", act, keys)]
            assert passed == list(acts), f"{name}: something else refuses the rest"

    assert stopped == {name: {told for told in acts if not told.startswith("may")} for name, acts in asked.items()}


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_no_condition_can_be_taken_out_of_a_trigger_without_something_passing_or_being_refused(world):
    """As SQLite has them; of PostgreSQL the trigger of payments is written apart, and asked below."""
    engine, keys, asked = world
    needless = []
    with attack(engine) as uow:
        for name, acts in asked.items():
            before, condition, after = parts(made(name))
            for part, left in taken_out(condition):
                weaker = before + left + after
                if all(refused(uow, name, weaker, act, keys) != told.startswith("may") for told, act in acts.items()):
                    needless.append((name, " ".join(part.split())))

    assert needless == [one for one in KNOWN if one[0] in asked]


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_no_condition_can_be_taken_out_of_the_gate_of_payments_as_postgresql_has_it(engine):
    engine, keys, asked = paying(engine)
    (function,) = [one for one in payment.info["guards"]["postgresql"] if "REPLACE FUNCTION payment_gate()" in one]
    stages = r"(?s)(^.*?BEGIN\n)(.*?)(    SET used_amount.*?\n)(    FROM.*)(  UPDATE clearance .*)$"
    before, which, consumed, whose, after = re.split(stages, function)[1:-1]
    weaker = [(part, before + left + consumed + whose + after) for part, left in (*taken_out(which), *shorter(which))]
    weaker += [(part, before + which + consumed + left + after) for part, left in taken_out(whose)]
    needless = []
    with attack(engine) as uow:
        for part, gate in weaker:
            if all(
                refused(uow, "payment_gate", gate, act, keys) != told.startswith("may")
                for told, act in asked["payment_gate"].items()
            ):
                needless.append(" ".join(part.split()))

    assert needless == []


def test_no_part_of_what_a_payment_uses_up_can_be_taken_out_without_something_else_being_left(engine):
    """On both databases, each of which writes it in its own words."""
    _, keys, _ = paying(engine)
    guards_ = payment.info["guards"][engine.dialect]
    (gate,) = [one for one in guards_ if "payment_gate" in one and "UPDATE policy_grant" in one]
    checks, which, uses_up = gate.partition("  UPDATE policy_grant ")
    found, needless = {}, []
    with attack(engine) as uow:

        def after(trigger: str, act: tuple[str, ...]) -> object:
            try:
                with tried(uow, "payment_gate", trigger, act, keys):
                    return left(uow)
            except IntegrityError as error:
                return str(error.orig)

        for told, (act, _) in USING_UP.items():
            found[told] = after(gate, act)
        taken = list(altered(which + uses_up))
        for part, otherwise in taken:
            if all(after(checks + otherwise, act) == wanted for act, wanted in USING_UP.values()):
                needless.append(" ".join(part.split()))

    assert found == {told: wanted for told, (_, wanted) in USING_UP.items()}
    assert len(taken) == {"sqlite": 12, "postgresql": 11}[engine.dialect]
    assert needless == []


def test_every_trigger_with_a_condition_is_asked():
    tables = {table for table in vars(guards_policy).values() if getattr(table, "name", None) in metadata.tables}
    known = [one for table in (*tables, payment) for one in table.info["guards"]["sqlite"]]

    assert {re.match(r"CREATE TRIGGER (\w+)", one)[1] for one in known} == ACTS.keys() | PAYING.keys() | WHOLE


# ---------------------------------------------------------------- one trigger at a time


def made(name: str) -> str:
    """How SQLite makes it."""
    known = [one for table in metadata.tables.values() for one in table.info.get("guards", {}).get("sqlite", ())]
    (found,) = [one for one in known if f"TRIGGER {name} " in one]
    return found


def parts(trigger: str) -> tuple[str, str, str]:
    """What it asks, and what stands before and after that: in its WHEN, or before the first row that it changes."""
    if " WHEN " in trigger.partition(" BEGIN")[0]:
        before, condition, after = re.split(r"(?<= WHEN )(.*)(?= BEGIN )", trigger, maxsplit=1, flags=re.DOTALL)
    else:
        before, condition, after = re.split(r"(?<= BEGIN)(.*?)(?=  UPDATE )", trigger, maxsplit=1, flags=re.DOTALL)
    return before, condition, after


def refused(uow: UnitOfWork, name: str, trigger: str, act: tuple[str, ...], keys: dict[str, str]) -> bool:
    """Whether the last statement of `act` is, with this trigger alone; without one when there is none."""
    try:
        with tried(uow, name, trigger, act, keys):
            return False
    except IntegrityError as error:
        if not re.search(r"POLICY\.|erp_payment_request_differs", str(error)):
            raise
        return True


@contextmanager
def tried(uow: UnitOfWork, name: str, trigger: str, act: tuple[str, ...], keys: dict[str, str]) -> Iterator[None]:
    """`act` with this trigger alone, undone at the end. Raises IntegrityError where its last statement is refused."""
    *before, last = (statement.format(**keys) for statement in act)
    part = uow.connection.begin_nested()
    try:
        for statement in before:
            uow.connection.execute(text(statement))
        if trigger and uow.dialect == "sqlite":
            uow.connection.exec_driver_sql(trigger)
        elif trigger:
            if "REPLACE FUNCTION" in trigger:
                uow.connection.exec_driver_sql(trigger)
            table = re.search(r" ON (\w+) ", made(name))[1]
            uow.connection.exec_driver_sql(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")
        assert uow.connection.execute(text(last)).rowcount > 0, f"nothing was tried: {last}"
        yield
    finally:
        part.rollback()


def left(uow: UnitOfWork) -> list[tuple[str, ...]]:
    """(state, what is used) of each approval, (state) of each clearance, in words."""
    given = uow.execute(select(policy_grant.c.state, policy_grant.c.used_amount).order_by(policy_grant.c.capability))
    cleared_ = uow.execute(select(clearance.c.state).order_by(clearance.c.state))
    return [(row.state, str(row.used_amount)) for row in given] + [(row.state,) for row in cleared_]


def altered(uses_up: str) -> Iterator[tuple[str, str]]:
    """What is used up, in every way a little otherwise: (what is taken out, what is left)."""
    for met in re.finditer(r"CASE WHEN (.+?) THEN (.+?) ELSE (.+?) END", uses_up, re.DOTALL):
        before, after = uses_up[: met.start()], uses_up[met.end() :]
        yield f"ELSE {met[3]}", before + met[2] + after
        yield f"THEN {met[2]}", before + met[3] + after
        for part, kept in taken_out(met[1]):
            yield part, f"{before}CASE WHEN {kept} THEN {met[2]} ELSE {met[3]} END{after}"
    for pattern in (r" \+ NEW\.amount", r"(?<=SET state = 'used') WHERE [^;]+", r"  UPDATE clearance [^;]+;",
                    r"\s+WHERE id IN \([^;]+(?=;)", r",\s+state = CASE.+?END(?=\s)"):  # fmt: skip
        for met in re.finditer(pattern, uses_up, re.DOTALL):
            yield met[0].strip(), uses_up[: met.start()] + uses_up[met.end() :]


def taken_out(condition: str) -> Iterator[tuple[str, str]]:
    """Each operand of AND and OR, and the condition without it."""
    groups: list[list[Any]] = [[0, [], []]]
    """beginning of the operand at hand, operands, connectors"""

    def close(group: list[Any], end: int) -> Iterator[tuple[str, str]]:
        operands, words = [*group[1], (group[0], end)], group[2]
        for number, (first, last) in enumerate(operands if words else ()):
            left, right = (words[at] if 0 <= at < len(words) else None for at in (number - 1, number))
            if left and (left[2] == "AND" or not (right and right[2] == "AND")):
                yield condition[first:last], condition[: left[0]] + condition[last:]
            else:
                yield condition[first:last], condition[:first] + condition[right[1] :]

    for found in _WORD.finditer(condition):
        word = found.group()
        if word == "(":
            groups.append([found.end(), [], []])
        elif word == ")":
            yield from close(groups.pop(), found.start())
        elif word in ("AND", "OR"):
            begun = groups[-1]
            begun[1].append((begun[0], found.start()))
            begun[2].append((found.start(), found.end(), word))
            begun[0] = found.end()
        elif not word.startswith("'"):
            yield from close(groups[-1], found.start())
            groups[-1] = [found.end(), [], []]
    yield from close(groups.pop(), len(condition))


def shorter(condition: str) -> Iterator[tuple[str, str]]:
    """Each pair of two lists that are compared, and the condition without it."""
    for met in re.finditer(r"\((.+)\)\s+IS DISTINCT FROM \((.+)\)(?= THEN)", condition, re.DOTALL):
        pairs = list(zip(*(part.split(",") for part in met.groups()), strict=True))
        for pair in pairs:
            left = [", ".join(kept) for kept in zip(*(one for one in pairs if one is not pair), strict=True)]
            told = f"({left[0]}) IS DISTINCT FROM ({left[1]})"
            yield " = ".join(pair), condition[: met.start()] + told + condition[met.end() :]


# ---------------------------------------------------------------- what they are tried on


@pytest.fixture(params=["approvals", "payments"])
def world(request, engine, monkeypatch):
    """(engine, keys by name, what is asked)."""
    return cleared(engine, monkeypatch) if request.param == "approvals" else paying(engine)


def cleared(engine, monkeypatch):
    """A bill that Fay has approved and one that carl and ivo answer for, each cleared and not paid yet; an emergency
    that carl has signed alone, one that nobody has; a policy in force, and a proposal.
    """
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY)
        for key in ("cfo", "internal_audit", "controllers"):
            identity.create_group(uow, key, key, capabilities="policy" if key == "controllers" else "")
        for login, key in (("req", ""), ("fay", ""), ("aud", ""), ("kate", "controllers"), ("carl", "cfo"),
                           ("ivo", "internal_audit")):  # fmt: skip
            identity.create_user(uow, login, login.title())
            if key:
                identity.add_member(uow, key, login)
        identity.create_user(uow, "cfo", "Cfo")
        repository.deploy(uow, {"processes/oa/p.bpmn": DRAWING})
        who = {person.login: Actor(person.id) for person in identity.users(uow)}
    with engine.unit_of_work(who["kate"]) as uow:
        policy.propose(uow, POLICY.replace("PT24H", "PT12H"), "shorter")
    cases = []
    for _ in range(2):
        bill_id = a_bill(engine)
        with engine.unit_of_work(who["req"]) as uow:
            cases.append((runtime.start(uow, "p", {"bill_id": str(bill_id)}).id, bill_id))
        if len(cases) == 1:
            agree(engine, who["fay"])
    asked = [ask(engine, who["fay"], cases[1]) for _ in range(3)]
    for one, login in ((0, "carl"), (0, "ivo"), (1, "carl")):
        sign(engine, who[login], asked[one])
    monkeypatch.setattr(policy, "settle_clearance", lambda *_: None)
    for case in cases:
        pay(engine, *case)

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        linked = select(clearance.c.id, clearance_grant.c.grant_id, policy_grant.c.source).select_from(
            clearance.join(clearance_grant).join(policy_grant)
        )
        rows = uow.execute(linked.order_by(policy_grant.c.id)).all()
        (c1, h), (c2, g1), (_, g2) = [row[:2] for row in sorted(rows, key=lambda row: row.source != "human")]
        versions = dict(uow.execute(select(policy_version.c.state, policy_version.c.id)).all())
        decided = work_item.c.decided_at.is_not(None)
        found = {
            "h": h, "g1": g1, "g2": g2, "c1": c1, "c2": c2, "v1": versions["active"], "v2": versions["proposed"],
            "e1": asked[0].id, "e2": asked[1].id, "e3": asked[2].id, "x": uuid7(), "y": uuid7(),
            "w": uow.execute(select(work_item.c.id).where(decided)).scalar_one(),
            "o": uow.execute(select(work_item.c.id).where(work_item.c.status == 1)).scalars().first(),
            **{login: actor.user_id for login, actor in who.items()},
        }  # fmt: skip
        assert uow.execute(select(break_glass.c.state).order_by(break_glass.c.id)).scalars().all() == [
            "signed", "asked", "asked",
        ]  # fmt: skip
    lite = engine.dialect == "sqlite"
    written = {key: f"X'{one.hex}'" if lite else f"'{one}'::uuid" for key, one in found.items()}
    more = ("1", "X'01'", "0", "1", "100") if lite else ("interval '1 second'", "'\\x01'::bytea", "false", "true", "1")
    return engine, written | dict(zip(("moment", "bytes", "no", "yes", "one"), more, strict=True)), ACTS


def paying(engine):
    """A request for a payment that bob has approved, cleared and not paid yet."""
    firm = a_firm(engine)
    asked = Request(firm)
    facts = asked.facts()
    with firm.acting() as uow:
        key = clear(
            uow, asked.id, facts, instance_id=asked.instance, people=(firm.people["bob"],),
            requester=firm.people["ann"],
        )  # fmt: skip
        account = uow.execute(select(payment_request.c.payee_account_version_id)).scalar_one()
        found = {
            "c": key, "g": uow.execute(select(policy_grant.c.id)).scalar_one(), "r": asked.id, "v": account,
            "i": asked.instance, "x": uuid7(), "y": uuid7(),
            **{login: firm.people[login] for login in ("ann", "bob", "cid")},
        }  # fmt: skip
    lite = engine.dialect == "sqlite"
    more = {
        "moment": "1" if lite else "interval '1 second'", "one": "100" if lite else "1",
        "now": "1" if lite else "now()", "payee": f"'{facts.values['payee']}'", "y_text": f"'{found['y']}'",
    }  # fmt: skip
    return engine, {key: f"X'{one.hex}'" if lite else f"'{one}'::uuid" for key, one in found.items()} | more, PAYING
