"""Numbers of requests come once in their series; titles and summaries show only what their reader may see."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from engine import identity, runtime, tasks
from engine.db.counter import counter
from engine.db.instance import Status
from engine.db.instance import instance as instance_table
from engine.errors import DeploymentRefused
from engine.findings import Level
from engine.unit_of_work import ENGINE, Actor
from tests.engine.bpmn.drawing import END, START, drawing, flows, user
from tests.factories import ann, begun, complete, deploy, look_at


def _numbered(attributes: str, more: str = "") -> str:
    return f"<extensionElements><troika:numbering {attributes}/>{more}</extensionElements>"


def _numbered_process(attributes: str, process_id: str = "p") -> bytes:
    return drawing(
        _numbered(attributes) + START + user("approve") + END + flows("start approve end"), process_id=process_id
    )


@pytest.mark.parametrize(
    ("attributes", "rule"),
    [
        ('pattern="BX{yyyy}{seq:4}" period="day"', "numbering-unique"),
        ('pattern="BX{seq:4}" period="year"', "numbering-unique"),
        ('pattern="BX{yyyyMMdd}" period="day"', "numbering-unique"),
        ('pattern="BX{YYYY}{seq:4}" period="never"', "numbering-unique"),
        ('pattern="BX{seq:4" period="never"', "numbering-unique"),
        (f'pattern="{"BX" * 27}{{yyyy}}{{seq:3}}" period="year"', "numbering-unique"),
        ('pattern="BX{seq:4}" period="weekly"', "extension-wrong-value"),
        ('pattern="BX{seq:4}" period="never" scope="company"', "numbering-unique"),
        ('pattern="BX{seq:4}" period="never" gapless="maybe"', "extension-wrong-value"),
    ],
)
def test_numbers_that_would_come_twice_or_mean_nothing_are_refused(engine, attributes, rule):
    with pytest.raises(DeploymentRefused) as refused:
        deploy(engine, _numbered_process(attributes))

    errors = [finding.rule for finding in refused.value.findings if finding.level is Level.ERROR]
    assert errors == [rule]


def test_numbers_begin_again_each_period_and_stay_with_what_was_voided(engine, clock):
    deploy(engine, _numbered_process('pattern="BX{yyyyMM}-{seq:3}" period="month" gapless="true"'))
    first, second = begun(engine), begun(engine)
    with engine.unit_of_work(ENGINE) as uow:
        runtime.cancel(uow, second, "by mistake", status=Status.VOIDED)
    third = begun(engine)
    clock.advance(timedelta(days=10))
    fourth = begun(engine)

    numbers = [look_at(engine, one).instance.number for one in (first, second, third, fourth)]
    assert numbers == ["BX202611-001", "BX202611-002", "BX202611-003", "BX202612-001"]


def test_the_longest_pattern_has_room(engine):
    deploy(engine, _numbered_process(f'pattern="{"BX" * 26}{{yyyy}}{{seq:4}}" period="year"'))

    assert look_at(engine, begun(engine)).instance.number == "BX" * 26 + "20260001"


def test_a_start_that_is_undone_leaves_no_gap(engine):
    deploy(engine, _numbered_process('pattern="BX{seq:3}" period="never"'))
    begun(engine)
    actor = ann(engine)

    def start_and_fail():
        with engine.unit_of_work(actor) as uow:
            runtime.start(uow, "p", {})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        start_and_fail()

    assert look_at(engine, begun(engine)).instance.number == "BX002"


def test_a_new_version_that_counts_in_another_period_gives_no_number_twice(engine):
    deploy(engine, _numbered_process('pattern="BX{yyyyMMdd}{seq:3}" period="never" scope="process"'))
    begun(engine)
    begun(engine)
    deploy(engine, _numbered_process('pattern="BX{yyyyMMdd}{seq:3}" period="day" scope="process"'))

    numbers = [look_at(engine, begun(engine)).instance.number for _ in range(2)]
    assert numbers == ["BX20261123003", "BX20261123004"]


def test_an_earlier_version_that_comes_back_does_not_stop_at_what_was_given_meanwhile(engine):
    month, day = (
        _numbered_process(f'pattern="BX{{yyyyMMdd}}{{seq:3}}" period="{period}" scope="process"')
        for period in ("month", "day")
    )
    numbers = []
    for version in (month, day, month, day):
        deploy(engine, version)
        numbers += [look_at(engine, begun(engine)).instance.number for _ in range(2)]

    assert numbers == [f"BX20261123{number:03}" for number in range(1, 9)]


def test_processes_that_share_a_series_may_count_in_different_periods(engine):
    for name, period in (("a", "month"), ("b", "day")):
        deploy(engine, _numbered_process(f'pattern="BX{{yyyyMMdd}}-{{seq}}" period="{period}"', process_id=name))

    numbers = [look_at(engine, begun(engine, name)).instance.number for name in "abbaab"]

    assert numbers == [f"BX20261123-{number}" for number in range(1, 7)]


def test_who_shares_a_series_is_said_by_its_scope(engine):
    shared = 'pattern="T{seq}" period="never"'
    own = 'pattern="T{seq}" period="never" scope="process"'
    company = 'pattern="{entity}-{seq:2}" period="never" scope="entity"'
    for name, attributes in (("a", shared), ("b", shared), ("c", own), ("d", company)):
        deploy(engine, _numbered_process(attributes, process_id=name))
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_org_unit(uow, "north", "North")
        identity.create_org_unit(uow, "sales", "Sales", parent="north")
        nora = Actor(identity.create_user(uow, "nora", "Nora", org_unit="sales").id)

    numbers = [look_at(engine, begun(engine, name)).instance.number for name in "abcd"]
    with engine.unit_of_work(nora) as uow:
        identity.add_member(uow, "staff", nora.user_id)
        numbers.append(runtime.start(uow, "d", {}).number)

    assert numbers == ["T1", "T2", "T1", "NONE-01", "NORTH-01"]


def test_a_number_cannot_be_written_twice_into_a_series(engine):
    deploy(engine, _numbered_process('pattern="BX{seq:3}" period="never"'))
    begun(engine)
    with engine.unit_of_work(ENGINE) as uow:
        uow.execute(counter.update().values(value=0))
    begun_again = look_at(engine, begun(engine)).instance.number

    assert begun_again == "BX002"
    with pytest.raises(IntegrityError), engine.unit_of_work(ENGINE) as uow:
        uow.execute(instance_table.update().values(number="BX001"))


SECRET_TITLE = (
    '<extensionElements><troika:title value="= &quot;pays &quot; + string(salary)"/>'
    '<troika:summary fields="reason salary"/></extensionElements>'
)


def _hides_salary(engine):
    """Ann asks Bob, who may not see her salary."""
    blind = (
        '<userTask id="approve" name="Approve"><extensionElements><zeebe:assignmentDefinition assignee="bob"/>'
        '<troika:fields default="read"><troika:field id="salary" perm="hidden"/></troika:fields>'
        "</extensionElements></userTask>"
    )
    deploy(engine, drawing(SECRET_TITLE + START + blind + END + flows("start approve end")))
    begun(engine, salary=9000, reason="raise")
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return Actor(identity.user(uow, "bob").id)


def test_a_title_made_of_a_hidden_field_is_not_shown_and_not_found(engine):
    bob = _hides_salary(engine)
    with engine.unit_of_work(bob, read_only=True) as uow:
        (item,) = tasks.inbox(uow).items
        seen = (item.title, item.summary, tasks.get(uow, item.work_item_id).title)
        found = [len(tasks.inbox(uow, text=text).items) for text in ("9000", "pays", "P")]
    with engine.unit_of_work(ann(engine), read_only=True) as uow:
        (own,) = tasks.requested(uow).items

    assert seen == ("P", {"reason": "raise"}, "P")
    assert found == [0, 0, 1]
    assert (own.title, own.summary) == ("pays 9000", {"reason": "raise", "salary": 9000})


def test_what_was_decided_keeps_the_secret_too(engine):
    bob = _hides_salary(engine)
    with engine.unit_of_work(bob) as uow:
        (item,) = tasks.inbox(uow).items
        tasks.complete(uow, item.work_item_id)
    with engine.unit_of_work(bob, read_only=True) as uow:
        assert [item.title for item in tasks.done(uow).items] == ["P"]


def test_title_and_summary_follow_their_fields(engine):
    head = (
        '<extensionElements><troika:title value="= &quot;claim of &quot; + string(amount)"/>'
        '<troika:summary fields="amount"/></extensionElements>'
    )
    deploy(engine, drawing(head + START + user("a") + user("b") + END + flows("start a b end")))
    instance = begun(engine, amount=120)
    before = look_at(engine, instance).instance
    complete(engine, instance, "a", amount=80)
    after = look_at(engine, instance).instance

    assert (before.title, before.summary) == ("claim of 120", {"amount": 120})
    assert (after.title, after.summary) == ("claim of 80", {"amount": 80})
