"""归档与保留 (troika:retention): how long an ended request stays, who holds it, and what is erased then."""

from datetime import timedelta

import pytest

from engine import audit, history, jobs, runtime, tasks
from engine.db.history import history_text
from engine.db.instance import instance_field
from engine.errors import DeploymentRefused, Forbidden, InvalidValue, NotPossibleNow
from engine.unit_of_work import ENGINE
from tests.consistency import consistent
from tests.engine.approvals.office import approval
from tests.engine.approvals.test_resubmitting import guarded
from tests.engine.bpmn.drawing import extensions

pytestmark = pytest.mark.approvals

SUMMARY = '<troika:title value="= note"/><troika:summary fields="note"/>'
FORM = '<zeebe:formDefinition formId="oa/claim"/>'


def kept(after="P10Y", legal=""):
    of = f' legal="{legal}"' if legal else ""
    return extensions(SUMMARY, f'<troika:retention after="{after}"{of}/>')


def ended(office, **words):
    """A request of ann: bob hands it over to eve and says why, eve agrees and says something."""
    of_ann = office.begin(approval("check", FORM, users="bob"), form=True, head=kept(**words), note="in hospital")
    office.act("bob", tasks.transfer, "eve", "she knows")
    office.do("ann", tasks.comment, of_ann, "please soon")
    office.act("eve", tasks.agree, {}, "get well")
    return of_ann


def refusal(office, verb, *arguments, by="dan"):
    with pytest.raises(NotPossibleNow) as refused:
        office.do(by, verb, *arguments, "time is over")
    return str(refused.value.facts["reason"])


def erase(office, of):
    with office.engine.unit_of_work(ENGINE) as uow:
        tasks.erase_request(uow, of, "ten years")


def test_when_its_time_is_over_a_request_is_listed_and_what_people_wrote_is_erased(office):
    of = ended(office)
    with office.engine.unit_of_work(ENGINE) as uow:
        uow.execute(instance_field.insert(), {"instance_id": of, "name": "note", "text_value": "in hospital"})
    with pytest.raises(NotPossibleNow):
        erase(office, of)
    office.later(days=365 * 9)
    assert office.do("dan", tasks.over) == []
    office.later(days=365 + 3)
    (found,) = office.do("dan", tasks.over)
    assert (found.instance_id, found.title, found.held, found.needed) == (of, "in hospital", False, False)
    with pytest.raises(Forbidden):
        office.do("dan", tasks.erase_request, of, "not an administrator")
    with pytest.raises(InvalidValue), office.engine.unit_of_work(ENGINE) as uow:
        tasks.erase_request(uow, of, " ")

    erase(office, of)

    with office.engine.unit_of_work(ENGINE, read_only=True) as uow:
        view = runtime.instance_view(uow, of)
        texts = {row.text for row in uow.execute(history_text.select().where(history_text.c.instance_id == of))}
        assert (view.variables, view.instance.title, view.instance.summary) == ({}, "", None)
        assert texts == {None, "ten years"}
        assert uow.execute(instance_field.select()).all() == []
        assert [said.text for said in tasks.comments(uow, of)] == [""]
        assert audit.verify(uow, of).ok
        last = history.timeline(uow, of)[-1]
        assert (last.kind, last.data["opinions"]) == ("retention.erased", 1)
        assert tasks.keeping(uow, of).erased_at == office.clock.now()
    assert [row.opinion for row in office.rows(of)] == [None, None]
    assert office.do("dan", tasks.over) == []
    with pytest.raises(NotPossibleNow):
        erase(office, of)
    assert consistent(office.engine)


def test_what_a_group_holds_is_erased_after_one_of_it_has_released_it(office):
    of = ended(office, after="P1Y", legal="finance")
    assert "kept until" in refusal(office, tasks.release, of, by="bob").lower()
    office.later(days=367)
    with pytest.raises(NotPossibleNow):
        erase(office, of)
    assert not office.do("ann", tasks.may_release, of)
    with pytest.raises(Forbidden):
        office.do("ann", tasks.release, of, "mine")
    assert office.do("bob", tasks.may_release, of)

    office.do("bob", tasks.release, of, "audited")

    assert not office.do("bob", tasks.may_release, of)
    erase(office, of)
    assert [fact.kind for fact in office.facts(of, "retention.")] == ["retention.released", "retention.erased"]


def test_a_request_on_which_a_payment_stands_stays_whole(engine, clock):
    case, _ = guarded(engine, head='<troika:retention after="P1Y"/>')
    case.agree("c")
    jobs.run_due(engine)
    clock.advance(timedelta(days=367))
    with engine.unit_of_work(ENGINE) as uow:
        assert [one.needed for one in tasks.over(uow)] == [True]
        with pytest.raises(NotPossibleNow) as refused:
            tasks.erase_request(uow, case.id, "time is over")
    assert "payment" in str(refused.value.facts["reason"])


@pytest.mark.parametrize("after", ["10 years", "P0Y", "PT5H", "P1Y6M"])
def test_a_period_that_is_none_is_refused(office, after):
    with pytest.raises(DeploymentRefused) as refused:
        office.deploy(approval("check", users="bob"), head=extensions(f'<troika:retention after="{after}"/>'))
    assert refused.value.findings[0].rule == "extension-wrong-value"
