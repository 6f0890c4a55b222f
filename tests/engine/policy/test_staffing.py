"""Who can approve is looked at when people change and every day; what got worse is told, and kept with since when."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from engine import identity, policy, repository, workdays
from engine.db.job import job
from engine.db.policy import policy_staffing
from engine.dispatch import housekeeping
from engine.findings import Level
from engine.operations import Facts
from engine.policy import judging
from engine.repository import manning, reading
from engine.unit_of_work import ENGINE, UnitOfWork
from tests.engine.bpmn.drawing import flows, user
from tests.engine.policy.test_gate import APPROVE, PAYING, POLICY
from tests.engine.policy.test_requirements import TABLE
from tests.engine.test_bindings import call
from tests.factories import straight
from tests.lending import begun_once


@pytest.fixture
@begun_once
def people(engine):
    """Fay and Cfo are asked for approvals, Cora looks after policies; everybody is there."""
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY)
        identity.create_group(uow, "controllers", "内控", capabilities="policy")
        identity.create_group(uow, "process_admin", "流程管理员")
        for login in ("fay", "cfo", "cora"):
            identity.create_user(uow, login, login.title())
        identity.add_member(uow, "controllers", "cora")
        repository.deploy(uow, {"processes/oa/p.bpmn": PAYING})
        return {user.login: user.id for user in identity.users(uow)}


def look(engine):
    with engine.unit_of_work(ENGINE) as uow:
        housekeeping.watch_staffing(uow)


def kept(engine):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        rows = uow.execute(select(policy_staffing).order_by(policy_staffing.c.mark)).all()
    return {row.mark.partition(" ")[2].partition(" ")[0]: (row.since, row.ended_at) for row in rows}


def told(engine):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        rows = uow.execute(select(job.c.payload).where(job.c.handler == "notification.notify")).scalars()
        return [(one["user_ids"], one["title"], one["link"]) for one in rows]


def test_who_leaves_is_noticed_at_the_next_look_kept_and_told(engine, people, clock):
    look(engine)
    assert told(engine) == [], "the first look is what others are compared with"
    assert kept(engine) == {}

    clock.advance(timedelta(minutes=1))
    with engine.unit_of_work(ENGINE) as uow:
        identity.disable(uow, people["fay"])
    look(engine)

    assert kept(engine) == dict.fromkeys(("away", "own"), (clock.now(), None)), "all hangs on Cfo now"
    look(engine)
    ((whom, said, link),) = told(engine)
    assert (whom, link) == ([str(people["cora"])], "/policies/duties")
    assert "先审批，后退款" in said

    with engine.unit_of_work(ENGINE) as uow:
        identity.enable(uow, people["fay"])
    clock.advance(timedelta(minutes=1))
    look(engine)
    ended = (clock.now() - timedelta(minutes=1), clock.now())
    assert kept(engine) == dict.fromkeys(("away", "own"), ended), "it stays on record"


def test_two_first_looks_at_once_are_one_after_the_other(engine, people, monkeypatch):
    wait = UnitOfWork.alone

    def another_looks_first(uow, name):
        wait(uow, name)
        monkeypatch.undo()
        repository.watch_staffing(uow)

    monkeypatch.setattr(UnitOfWork, "alone", another_looks_first)
    look(engine)

    assert kept(engine) == {}


def test_it_is_looked_at_every_day_though_nobody_did_anything(engine, people, clock):
    with engine.unit_of_work(ENGINE) as uow:
        identity.substitute(uow, "fay", "cora", clock.now(), clock.now() + timedelta(hours=1))
        repository.watch_staffing(uow)
    for ahead, looked in ((timedelta(hours=23), False), (timedelta(hours=2), True)):
        clock.advance(ahead)
        assert looks(engine) == looked


def looks(engine):
    with engine.unit_of_work(ENGINE) as uow:
        repository.watch_staffing(uow)
        return uow.statements > 3


def test_every_change_of_the_directory_of_policies_and_of_what_is_deployed_is_followed_by_one_look(engine, shop, clock):
    later = clock.now() + timedelta(days=1)
    acts = {
        "hired": lambda uow: identity.create_user(uow, "new", "New"),
        "moved": lambda uow: identity.change_user(uow, shop["ann"], org_unit="finance"),
        "promoted": lambda uow: identity.change_user(uow, shop["ann"], position="出纳", manager="cfo"),
        "left": lambda uow: identity.disable(uow, shop["fay"]),
        "back": lambda uow: identity.enable(uow, shop["fay"]),
        "department": lambda uow: identity.create_org_unit(uow, "hr", "人事部"),
        "head": lambda uow: identity.set_leader(uow, "hr", "ann"),
        "joined": lambda uow: identity.join_department(uow, "bob", "hr"),
        "parted": lambda uow: identity.leave_department(uow, "bob", "hr"),
        "group": lambda uow: identity.create_group(uow, "fin", "财务"),
        "member": lambda uow: identity.add_member(uow, "fin", "bob"),
        "no member": lambda uow: identity.remove_member(uow, "fin", "bob"),
        "away": lambda uow: identity.substitute(uow, "bob", "ann", clock.now(), later),
        "policy": lambda uow: policy.ship(uow, POLICY.replace("1000", "2000")),
        "table": lambda uow: repository.deploy(uow, {"who.dmn": table(("-", '"cfo"'))}),
        "drawing": lambda uow: repository.deploy(uow, {"p.bpmn": asking("p", BY_TABLE)}),
    }  # fmt: skip
    looks(engine)
    assert not looks(engine)
    found = {}
    for name, act in acts.items():
        with engine.unit_of_work(ENGINE) as uow:
            act(uow)
        found[name] = (looks(engine), looks(engine))

    assert found == dict.fromkeys(acts, (True, False))


def understaffed(findings):
    return [finding.message.format(**finding.facts) for finding in findings if finding.rule == "policy-understaffed"]


def test_who_is_missing_is_said_while_somebody_draws_however_many_there_are(engine, people):
    alone = {"processes/oa/p.bpmn": PAYING.replace(b"fay,cfo", b"fay")}
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert understaffed(repository.check(uow, {"processes/oa/p.bpmn": PAYING}, drawing=True)) == []
        assert understaffed(repository.check(uow, alone, drawing=True)) == [
            "REF-001, always: if Fay is away, nobody can approve."
        ]
    drawn, told = reading.read(alone), []
    for number in range(2):
        with engine.unit_of_work(ENGINE) as uow:
            for one in range(1 + 20 * number):
                person = identity.create_user(uow, f"more{number}-{one}", "More")
                identity.add_member(uow, "controllers", person.id)
        with engine.unit_of_work(ENGINE, read_only=True) as uow:
            before, found = uow.statements, manning.warnings(uow, policy.in_force(uow), drawn)
            told.append((uow.statements - before, [one.facts for one in found]))
    assert told[0] == told[1], "one question for all of them"


def asking(key, people):
    """A process whose only task gives the approval."""
    named = '<zeebe:assignmentDefinition candidateUsers="fay,cfo"/>'
    task = APPROVE.format(provides="finance_approval").replace(named, people)
    return straight(task, process_id=key).replace(b'name="P"', f'name="{key}"'.encode())


def all_said(engine):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return [
            (one.kind, one.sentence[0].format(**one.sentence[1]), one.processes) for one in repository.staffing(uow)
        ]


def test_each_process_is_looked_at_and_names_that_are_written_as_expressions_are_read(engine, people):
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY.replace("    - {approval: cfo_approval", "#"))
        for group, login in (("fin", "fay"), ("cfos", "cfo")):
            identity.create_group(uow, group, group)
            identity.add_member(uow, group, login)
        repository.deploy(uow, {"processes/oa/p.bpmn": PAYING.replace(b"fay,cfo", b"= [&quot;cora&quot;]")})
        for key, assigned in {
            "constant": '<zeebe:assignmentDefinition candidateGroups="= [&quot;fin&quot;]"/>',
            "chosen": """<zeebe:assignmentDefinition candidateGroups='= if x > 1 then ["fin"] else "cfos"'/>""",
            "managers": '<troika:assignment strategy="initiatorManager"/>',
            "role": '<troika:assignment strategy="role" role="cfos"/>',
        }.items():
            repository.deploy(uow, {f"{key}.bpmn": asking(key, assigned)})

    alone = "REF-001, always, in {}: if {} is away, nobody can approve."
    assert [one[1:] for one in all_said(engine) if one[0] == "away"] == [
        ("REF-001, always, where “财务审批” asks fin, in chosen: if Fay is away, nobody can approve.", ("chosen",)),
        ("REF-001, always, where “财务审批” asks cfos, in chosen: if Cfo is away, nobody can approve.", ("chosen",)),
        (alone.format("constant", "Fay"), ("constant",)),
        (alone.format("P", "Cora"), ("p",)),
        (alone.format("role", "Cfo"), ("role",)),
    ]
    look(engine)
    with engine.unit_of_work(ENGINE) as uow:
        for login in ("fay", "cfo"):
            identity.disable(uow, people[login])
    nobody = "REF-001, always, in chosen, constant, managers, role: 1 people must give finance_approval, 0 can."
    assert [one[1:] for one in all_said(engine) if one[0] == "nobody"] == [
        (nobody, ("chosen", "constant", "managers", "role"))
    ]
    look(engine)
    assert len(told(engine)) == 1


@pytest.fixture
@begun_once
def shop(engine):
    """Boss leads all, cyd sales (bob, ann, eve), dan finance (fay); everybody may approve who is asked."""
    entitled = POLICY.replace("people: 1, valid_for: P10D", "eligible: '= actor.login != \"\"'")
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, entitled.replace("    - {approval: cfo_approval", "#"))
        units = (("all", None, "boss"), ("sales", "all", "cyd"), ("finance", "all", "dan"))
        for key, parent, leader in units:
            identity.create_org_unit(uow, key, key.title(), parent=parent)
            identity.create_user(uow, leader, leader.title(), org_unit=key)
            identity.set_leader(uow, key, leader)
        for login, unit in (("ann", "sales"), ("bob", "sales"), ("eve", "sales"), ("fay", "finance"), ("cfo", "all")):
            position = "出纳" if unit != "sales" else ""
            identity.create_user(uow, login, login.title(), org_unit=unit, position=position)
        identity.change_user(uow, identity.user(uow, "eve").id, manager="bob")
        return {user.login: user.id for user in identity.users(uow)}


def table(*rules, reads="amount", policy="FIRST"):
    """A decision `who`: (test, people) each."""
    lines = "".join(
        f'<rule id="r{number}"><inputEntry id="i{number}"><text>{test}</text></inputEntry>'
        f'<outputEntry id="o{number}"><text>{people}</text></outputEntry></rule>'
        for number, (test, people) in enumerate(rules)
    )
    return (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="urn:who">'
        f'<decision id="who" name="who"><decisionTable id="t" hitPolicy="{policy}"><input id="in">'
        f'<inputExpression id="e"><text>{reads}</text></inputExpression></input><output id="out"/>{lines}'
        "</decisionTable></decision></definitions>"
    ).encode()


def asked(engine, assigned, decision=None, kinds=("nobody", "away", "own", "data")):
    files = {"p.bpmn": asking("p", assigned)} | ({"who.dmn": decision} if decision else {})
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, files)
    said = [text for kind, text, _ in all_said(engine) if kind in kinds]
    return [text.removeprefix("REF-001, ").removesuffix(", nobody can approve.") for text in said]


def strategy(name, **parameters):
    given = "".join(f" {key}='{value}'" for key, value in parameters.items())
    return f'<troika:assignment strategy="{name}"{given}/>'


BY_TABLE = strategy("decision", decisionId="who")
ANYBODY = "p: whom “财务审批” asks depends on data: {}. It counts as anybody entitled."
FAY, CFO = "always, where “财务审批” asks Fay: {}", "always, where “财务审批” asks Cfo: {}"
MANAGERS = [
    "always, asked for by Ann, Bob: if Cyd is away", "always: what Boss asks for",
    "always, asked for by Cfo, Cyd, Dan: if Boss is away", "always, asked for by Eve: if Bob is away",
    "always, asked for by Fay: if Dan is away",
]  # fmt: skip
ASKED = [
    (strategy("position", position="出纳"), None, []),
    (strategy("position", position="= if amount &gt; 5 then &quot;出纳&quot; else &quot;经理&quot;"), None,
     ["always, where “财务审批” asks 经理: 1 people must give finance_approval, 0 can."]),
    (strategy("deptLeader", dept="sales"), None, ["always: if Cyd is away"]),
    (strategy("deptMember", dept="finance"), None, []),
    (strategy("initiatorManager"), None, MANAGERS),
    (strategy("expression", value="= process.initiator.manager"), None, MANAGERS),
    (strategy("managerChain"), None,
     ["always: what Boss asks for", "always, asked for by Cfo, Cyd, Dan: if Boss is away"]),
    (BY_TABLE, table(("&lt; 100", '"fay"'), ("-", '["cfo", "dan"]')), [FAY.format("if Fay is away")]),
    (BY_TABLE, table(("&lt; 100", '"fay"'), ("-", '"cfo"'), policy="COLLECT"), [CFO.format("if Cfo is away")]),
    (BY_TABLE, table(('"finance"', '["fay", "cfo"]'), ("-", '"dan"'), reads="process.initiator.department"),
     ["always, asked for by Ann, Bob, Boss and 3 more: if Dan is away"]),
    (BY_TABLE, table(("-", "approver")), [ANYBODY.format("the answers of decision table who")]),
    (strategy("expression", value="= if amount &gt; 5 then chief else deputy"), None, [ANYBODY.format("chief")]),
    (strategy("formUser", field="chief"), None, [ANYBODY.format("field chief of the form")]),
]  # fmt: skip


def test_whom_a_strategy_or_a_table_asks_is_worked_out_for_those_who_ask(engine, shop):
    found = [asked(engine, assigned, decision) for assigned, decision, _ in ASKED]

    assert found == [said for _, _, said in ASKED]


def test_where_all_who_are_asked_have_to_agree_each_of_them_is_missed(engine, shop):
    named = strategy("user", users="fay,cfo,dan")
    found = []
    for mode in ("any", "all", "sequential"):
        with engine.unit_of_work(ENGINE) as uow:
            repository.deploy(uow, {"p.bpmn": asking("p", named).replace(b'mode="any"', f'mode="{mode}"'.encode())})
        found.append(sorted(text.split(" if ")[1][:3] for kind, text, _ in all_said(engine) if kind == "away"))

    assert found == [[], ["Cfo", "Dan", "Fay"], ["Cfo", "Dan", "Fay"]]


VOTES = [
    ('ratio" threshold="2/3', {}, "fay,cfo,dan", []),
    ('ratio" threshold="2/3" strict="true', {}, "fay,cfo,dan", ["Cfo", "Dan", "Fay"]),
    ('ratio" threshold="100%', {}, "fay,cfo", ["Cfo", "Fay"]),
    ('ratio" threshold="50%', {"fay": 9}, "fay,cfo", []),
    ('weight" threshold="60%', {"fay": 50, "cfo": 30, "dan": 20}, "fay,cfo,dan", ["Fay"]),
    ('weight" threshold="60%', {"fay": 40, "cfo": 30, "dan": 30}, "fay,cfo,dan", []),
    ('weight" threshold="3', {"fay": 2}, "fay,cfo", ["Cfo", "Fay"]),
]  # fmt: skip


def voted(engine, mode, weights, users):
    weighed = "".join(f'<troika:weight user="{user}" value="{value}"/>' for user, value in weights.items())
    drawn = asking("p", strategy("user", users=users)).replace(b'mode="any"', f'mode="{mode}"'.encode())
    drawn = drawn.replace(b'onReject="flow"/>', f'onReject="flow">{weighed}</troika:approval>'.encode())
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"p.bpmn": drawn})
    return [(kind, text.removeprefix("REF-001, always: ")) for kind, text, _ in all_said(engine) if kind != "self"]


def test_where_votes_are_counted_those_are_missed_without_whom_there_are_too_few(engine, shop):
    found = []
    for mode, weights, users, _ in VOTES:
        found.append([text.split()[1] for kind, text in voted(engine, mode, weights, users) if kind == "away"])

    assert [sorted(one) for one in found] == [said for *_, said in VOTES]


def test_votes_that_cannot_be_enough_are_said_whatever_a_policy_asks(engine, shop):
    few = "{} people must give finance_approval, {} can."
    light = "the weights of those who give finance_approval must come to {}, all who are asked have {}."

    assert voted(engine, 'weight" threshold="7.5', {"fay": 4}, "fay,cfo,dan") == [("nobody", light.format("7.5", 6))]
    assert voted(engine, 'ratio" threshold="most', {}, "fay,cfo") == [("nobody", few.format(1, 0))]
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_user(uow, "fay2", "Fay", person_id=identity.user(uow, "fay").person_id)
    assert voted(engine, 'ratio" threshold="100%', {}, "fay,fay2,cfo") == [("nobody", few.format(3, 2))]


def test_what_one_asks_for_himself_and_a_department_away_leave_too_little_weight(engine, shop):
    found = voted(engine, 'weight" threshold="65', {"fay": 60, "cfo": 30, "bob": 15, "ann": 15}, "cfo,bob,ann,fay")

    assert found == [
        ("away", "if Fay is away, nobody can approve."),
        ("own", "what Fay asks for, nobody can approve."),
        ("department", "if the whole of Finance is away, nobody can approve."),
    ]
    assert voted(engine, 'ratio" threshold="60%', {}, "fay,cfo,bob,ann") == [
        ("department", "if the whole of Sales is away, nobody can approve.")
    ]


def test_a_department_is_away_with_those_below_it_and_the_smallest_is_named(engine, shop):
    with engine.unit_of_work(ENGINE) as uow:
        for key, login in (("cash", "fay"), ("books", "cfo")):
            identity.create_org_unit(uow, key, key.title(), parent="finance")
            identity.change_user(uow, identity.user(uow, login).id, org_unit=key)
    named = strategy("user", users="fay,cfo")
    away = "always: if the whole of {} is away"

    assert asked(engine, named, kinds=("department",)) == [away.format("Finance")]

    with engine.unit_of_work(ENGINE) as uow:
        for login, unit in (("fay", "books"), ("ann", "cash")):
            identity.change_user(uow, identity.user(uow, login).id, org_unit=unit)
    assert asked(engine, named, kinds=("department",)) == [away.format("Books")]
    with engine.unit_of_work(ENGINE) as uow:
        identity.change_user(uow, identity.user(uow, "fay").id, org_unit="sales")
    assert asked(engine, named, kinds=("department",)) == []


LIMIT = (
    TABLE.replace(b"refund_authority", b"limit_of").replace(b' typeRef="boolean"', b"").replace(b"&lt;= 150", b"-")
    .replace(b"<text>true</text>", b"<text>150</text>", 1)
)  # fmt: skip


@pytest.mark.parametrize(
    ("eligible", "said"),
    [
        ("facts.amount < 2000", ["REF-001, amount 2000: 1 people must give finance_approval, 0 can."]),
        (
            'authority("refund_authority", actor, facts) and facts.amount < 5000',
            ["REF-001, amount 151: if Cfo is away, nobody can approve.",
             "REF-001, amount 5000: 1 people must give finance_approval, 0 can."],
        ),
        ('authority("refund_authority", actor, facts) = true and facts.currency = "CNY"',
         ["REF-001, amount 151, currency CNY: if Cfo is away, nobody can approve."]),
        (
            'actor.login = "cfo" and facts.amount <= 900 or facts.amount < authority("limit_of", actor, facts)',
            ["REF-001, amount 150: if Cfo is away, nobody can approve.",
             "REF-001, amount 901: 1 people must give finance_approval, 0 can."],
        ),
    ],
)  # fmt: skip
def test_limits_of_conditions_and_of_the_tables_that_they_ask_are_looked_at(engine, people, eligible, said):
    stated = POLICY.replace("    - {approval: cfo_approval", "#").replace(
        "people: 1, valid_for: P10D", f"eligible: '= {eligible}'"
    )
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"t.dmn": TABLE})
        repository.deploy(uow, {"l.dmn": LIMIT})
        policy.ship(uow, stated)
    assert [text for kind, text, _ in all_said(engine) if kind in ("nobody", "away")] == said


def test_limits_that_are_too_many_to_combine_are_each_looked_at_and_it_is_said(engine, people):
    steps = " and ".join(f"facts.amount != {step}" for step in range(1, 11))
    kinds = " and ".join(f'facts.kind != "{kind}"' for kind in "abcdefgh")
    stated = POLICY.replace("    - {approval: cfo_approval", "#").replace(
        "people: 1, valid_for: P10D", f"eligible: '= facts.amount < 7000 and ({steps} or {kinds} or true)'"
    )
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, stated)
    assert [text for kind, text, _ in all_said(engine) if kind in ("nobody", "cut")] == [
        "REF-001, amount 7000, kind a: 1 people must give finance_approval, 0 can.",
        "REF-001: of 184 combinations of amount, kind, 96 were looked at; the others may differ.",
    ]

    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, stated.replace(kinds, "true"))
    assert [text for kind, text, _ in all_said(engine) if kind == "cut"] == []


def test_those_count_whom_a_called_version_asks_wherever_in_it(engine, people):
    asks = APPROVE.format(provides="finance_approval").replace("fay,cfo", "fay")
    within = (
        f'<subProcess id="sub" name="sub"><startEvent id="s"/>{asks}<endEvent id="e"/>{flows("s fin e")}</subProcess>'
    )
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"ask.bpmn": straight(within, process_id="ask")})
        repository.deploy(uow, {"processes/oa/p.bpmn": straight(call("c", "ask"))})
        repository.deploy(uow, {"ask.bpmn": straight(user("only"), process_id="ask")})

        assert [one.capability for one in repository.wanting(uow, policy.in_force(uow))] == ["cfo_approval"]
        assert [one.kind for one in repository.short_staffed(uow, ["REF-001"])] == ["away"]


def unread(findings):
    return [(one.message.format(**one.facts), one.element_id, one.resource, one.level) for one in findings
            if one.rule == "policy-staffing-unread"]  # fmt: skip


def test_a_deployment_says_what_of_who_is_missing_could_not_be_looked_at(engine, people):
    path = "processes/oa/p.bpmn"
    drawn = PAYING.replace(b'candidateUsers="fay,cfo"', b'candidateUsers="= bill_id"')
    depends = (
        "REF-001, P: whom “财务审批” asks depends on data: bill_id. It counts as anybody entitled.",
        "fin", path, Level.WARN,
    )  # fmt: skip
    limits = " or ".join(f"facts.amount = {10 * step}" for step in range(50))
    entitled = "finance_approval, eligible: '= {}'"
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY.replace("finance_approval, people: 1", entitled.format('actor.login != ""')))
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert unread(repository.check(uow, {path: drawn}, drawing=True)) == [depends]
        assert unread(repository.check(uow, {path: PAYING}, drawing=True)) == []
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY.replace("finance_approval, people: 1", entitled.format(limits)))
        done = repository.deploy(uow, {path: drawn})

    cut = "REF-001: of 103 combinations of amount, 96 were looked at; the others may differ."
    assert unread(done.findings) == [depends, (cut, None, "", Level.WARN)]
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert unread(repository.check(uow, {"t.dmn": TABLE})) == []
        assert unread(repository.check(uow, {"x.bpmn": straight(user("only"), process_id="x")})) == []


def test_a_deployment_and_an_activation_say_who_is_missing(engine, people):
    weaker = POLICY.replace("number(facts.amount) >= 1000", "number(facts.amount) >= 500")
    with engine.unit_of_work(ENGINE) as uow:
        done = repository.deploy(uow, {"processes/oa/p.bpmn": PAYING.replace(b"fay,cfo", b"fay")})
        assert understaffed(done.findings) == ["REF-001, always: if Fay is away, nobody can approve."]
        policy.ship(uow, weaker)
        assert [one.kind for one in repository.short_staffed(uow, ["REF-001"])] == ["away"]
        assert repository.short_staffed(uow, []) == []


def test_a_table_that_is_deployed_alone_says_who_is_missing_by_it(engine, shop):
    several, alone = (table(("-", people)) for people in ('["fay", "cfo"]', '"fay"'))
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"p.bpmn": asking("p", BY_TABLE), "who.dmn": several})
        assert understaffed(repository.check(uow, {"who.dmn": alone})) == [
            "REF-001, always: if Fay is away, nobody can approve."
        ]
        assert understaffed(repository.deploy(uow, {"who.dmn": alone}).findings) == [
            "REF-001, always: if Fay is away, nobody can approve."
        ]
        assert understaffed(repository.deploy(uow, {"who.dmn": several}).findings) == []

        entitled = "people: 1, eligible: '= authority(\"refund_authority\", actor, facts)'"
        policy.ship(uow, POLICY.replace("people: 1, valid_for: P10D", entitled).replace("    - {approval: cfo_", "#"))
        assert understaffed(repository.deploy(uow, {"t.dmn": TABLE}).findings) == [
            "REF-001, amount 151: if Cfo is away, nobody can approve."
        ]


BY_LOGIN = b"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="urn:x">
<inputData id="a" name="actor"/><decision id="limit" name="limit"><variable id="v" name="limit"/>
<informationRequirement id="r"><requiredInput href="#a"/></informationRequirement>
<literalExpression id="l"><text>if actor.login = "fay" then 5 else 0</text></literalExpression>
</decision></definitions>"""


BY_ROLE = BY_LOGIN.replace(b'actor.login = "fay"', b'has role(actor.login, "controllers")')


ENTITLED = {
    'has role(actor.login, "controllers")': {"cora"},
    'not(has role(actor.login, "controllers"))': {"cfo", "fay"},
    'authority("limit", actor, facts) > 1': {"cora"},
    'work days between(date("2026-11-20"), date("2026-11-24")) = 2 and actor.login = "fay"': {"fay"},
}


def test_a_policy_asks_the_directory_and_the_calendar(engine, people):
    with engine.unit_of_work(ENGINE) as uow:
        workdays.ensure_cn(uow)
        repository.deploy(uow, {"processes/oa/limit.dmn": BY_ROLE})
        actors = {login: judging.actor_context(uow, person) for login, person in people.items()}
        found = {
            condition: {login for login, actor in actors.items()
                        if judging.holds(uow, "refund.execute", condition, Facts({}), actor=actor)}
            for condition in ENTITLED
        }  # fmt: skip

    assert found == ENTITLED


@pytest.mark.parametrize(
    ("expression", "reads"),
    [
        (None, ""),
        ('list contains(actor.roles, "actor.login")', "roles"),
        ('actor.position = "CFO" and actor.id != "1"', "id position"),
        ('authority("limit", actor, facts) > 1 and actor.position != ""', "login position"),
        ('authority("nowhere", actor, facts) > 1', ""),
        ("authority(facts.kind, actor, facts) > 1", "id login position roles"),
        ("get value(actor, facts.kind) = 1", "id login position roles"),
    ],
)
def test_people_are_told_apart_by_what_an_expression_reads_of_them(engine, expression, reads):
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/oa/limit.dmn": BY_LOGIN})
        assert judging.reads_of_actor(uow, expression) == set(reads.split())
