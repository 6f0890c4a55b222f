"""Votes of two approvals side by side do not meet; a rejection ends a ratio only when it cannot be reached any more."""

from datetime import timedelta

import pytest

from engine import repository, tasks
from engine.errors import AlreadyDecided
from engine.unit_of_work import ENGINE
from tests.engine.approvals.office import approval
from tests.engine.bpmn.drawing import END, START, drawing, element, flows

pytestmark = pytest.mark.approvals


def weighted(key: str, **weights: int) -> str:
    given = "".join(f'<troika:weight user="{login}" value="{value}"/>' for login, value in weights.items())
    return approval(key, users=",".join(weights), mode="weight", extra='threshold="60"').replace(
        '<troika:approval mode="weight" threshold="60"/>',
        f'<troika:approval mode="weight" threshold="60">{given}</troika:approval>',
    )


def test_weights_in_two_branches_are_counted_apart(office):
    branches = weighted("left", bob=50, eve=50), weighted("right", fay=50, gus=50)
    fork, join = element("parallelGateway", "fork"), element("parallelGateway", "join")
    xml = drawing(
        START + fork + "".join(branches) + join + END + flows("start fork left join", "fork right join end")
    )  # fmt: skip
    with office.engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"p.bpmn": xml})
    instance = office.start()

    office.act("bob", tasks.agree)
    office.act("fay", tasks.agree)
    assert office.asked() == {"eve", "gus"}  # 50 here and 50 there are not 100 anywhere
    office.act("eve", tasks.agree)

    assert office.asked() == {"gus"}
    office.act("gus", tasks.agree)
    assert office.status(instance) == "completed"


@pytest.mark.parametrize("rejects", ["first", "all"])
def test_the_first_rejection_ends_an_or_sign_or_not_as_the_drawing_says(office, rejects):
    instance = office.begin(approval(mode="any", extra=f'rejects="{rejects}" onReject="end"'))
    fays = office.item("fay")
    office.act("bob", tasks.reject, "no")

    if rejects == "all":
        assert office.asked() == {"eve", "fay"}
        office.clock.advance(timedelta(seconds=5))
        office.act("eve", tasks.agree)

    assert office.status(instance) == ("completed" if rejects == "all" else "rejected")
    assert office.asked() == set()
    with pytest.raises(AlreadyDecided) as late:
        office.do("fay", tasks.agree, fays)
    assert late.value.status == 409
    assert late.value.facts["by"] == ("Eve" if rejects == "all" else "Bob")


def test_a_rejection_does_not_end_a_ratio_that_can_still_be_reached(office):
    half = 'threshold="50%" onReject="end"'
    instance = office.begin(approval(users="bob,eve,fay,gus", mode="ratio", extra=half))
    office.act("bob", tasks.reject, "no")
    office.act("eve", tasks.reject, "no")
    assert office.status(instance) == "running"
    office.act("fay", tasks.agree)
    office.act("gus", tasks.agree)
    assert office.status(instance) == "completed"

    lost = office.start()
    for login in ("bob", "eve", "fay"):
        office.act(login, tasks.reject, "no")
    assert office.status(lost) == "rejected"
    assert office.asked() == set()
