"""离职交接 over its pages: who has left work behind, what would go to whom, and what became of each line."""

import re

import pytest

from engine import identity, repository, runtime
from engine.unit_of_work import ENGINE, Actor
from tests.webui.drawings import APPROVAL_FORM, CLAIM_FORM
from tests.webui.test_acts import drawn


@pytest.fixture
def held(engine, app, people):
    """Two requests of ann at bob's; carl is asked on the second one too."""
    made = []
    for users in ("bob", "bob,carl"):
        xml = drawn(('assignee="bob"', f'candidateUsers="{users}"'))
        files = {"ask.bpmn": xml, "forms/claim.json": CLAIM_FORM, "forms/approval.json": APPROVAL_FORM}
        with engine.unit_of_work(ENGINE) as uow:
            repository.deploy(uow, files)
        with engine.unit_of_work(Actor(people["ann"].id)) as uow:
            made.append(runtime.start(uow, "ask", {"reason": "taxi", "amount": len(made) + 1}).id)
    return made


def items(page):
    return re.findall(r'name="item" value="([^"]+)"( disabled)?', page)


def test_what_a_leaver_holds_is_looked_at_and_handed_over(sign_in, held, people):
    root, carl = sign_in("root"), sign_in("carl")
    page = root.get("/people/leaving/?leaver=bob&to=carl").text
    assert [bool(disabled) for _, disabled in items(page)] == [False, True]
    assert "this person is on the task already" in page
    chosen = {"leaver": str(people["bob"].id), "to": str(people["carl"].id), "item": items(page)[0][0]}

    assert root.post("/people/leaving/", data={**chosen, "reason": ""}).status_code == 422
    assert root.post("/people/leaving/", data={**chosen, "item": [], "reason": "left"}).status_code == 422
    done = root.post("/people/leaving/", data={**chosen, "reason": "left"})

    assert "1 of 1 handed over." in done.text
    assert "Claim of 1" in carl.get("/inbox/").text
    again = root.post("/people/leaving/", data={**chosen, "reason": "left"}).text
    assert "No open work was chosen." in again  # it is his no longer


def test_disabled_accounts_with_open_work_are_listed_until_it_has_gone(sign_in, engine, held, people):
    root = sign_in("root")
    assert "Bob" not in root.get("/people/leaving/").text
    with engine.unit_of_work(ENGINE) as uow:
        identity.disable(uow, people["bob"].id)

    page = root.get("/people/leaving/").text
    assert "2 open" in page
    assert f'href="/people/leaving/?leaver={people["bob"].id}"' in page
    assert "There is no open work." in root.get("/people/leaving/?leaver=bob&to=carl&process=claim").text
    assert root.get("/people/leaving/?leaver=bob&to=bob").status_code == 422
    assert root.get("/people/leaving/?leaver=nobody&to=bob").status_code == 404
