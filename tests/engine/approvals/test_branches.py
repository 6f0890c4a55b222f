"""Votes of two approvals side by side do not meet; a rejection ends a ratio only when it cannot be reached any more."""

import pytest

from engine import repository, tasks
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
