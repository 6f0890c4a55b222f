"""Those who look after policies are told when fewer people than before can approve what one of them asks for."""

from collections.abc import Sequence
from uuid import UUID

from engine import ids, policy
from engine.notices import telling
from engine.notices.events import Notice
from engine.policy import Staffing
from engine.unit_of_work import UnitOfWork

PAGE = "/policies/duties"
_WORDS = ("人员变动后，{policies}的审批人员出现{n}处新问题", "{n} new findings about the people of {policies}")


def of_staffing(uow: UnitOfWork, found: Sequence[Staffing]) -> int:
    """One notice for each of them about everything that one look has found; returns how many there are."""
    titles = [one.title for one in policy.in_force(uow) if one.id in {said.policy for said in found}]
    told = {
        "about" + ending: words.format(
            policies=between.join(title.labels.get(language, title) for title in titles), n=len(found)
        )
        for words, (language, ending, between) in zip(_WORDS, (("zh", "", "、"), ("en", "_en", ", ")), strict=True)
    }
    facts = {**told, "link": PAGE}
    people = [UUID(key) for key in policy.watchers(uow)] if found else []
    number = int(uow.now.timestamp())
    look = ids.uuid7()
    return telling.plan(
        uow, None, [Notice("policy", person, None, number, None, facts, about_id=look) for person in people]
    )
