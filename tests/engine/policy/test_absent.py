"""A policy that names what the organisation has not says so: its condition would never be true, or always."""

import pytest

from engine import identity, policy, repository
from engine.unit_of_work import ENGINE
from tests.engine.policy.random_payments import DECISION
from tests.lending import begun_once

GLASS = "{people: 2, roles: [finance, cfo], expires: PT24H, reason: required, notify: [audit, finance, boss]}"


@pytest.fixture
@begun_once
def company(engine):
    """One group, one permission, one decision table."""
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "finance", "财务", capabilities="audit")
        repository.deploy(uow, {"processes/oa/level_of.dmn": DECISION})


def unknown(engine, eligible: str, more: str = "") -> list[str]:
    """What is said of names in a policy by whose approver this is fulfilled."""
    text = f"""
- id: A-1
  title: a
  on: refund.execute
  require:
    - approval: fin
      eligible: '= {eligible}'
"""
    (stated,) = policy.read(text + more)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return [found.message.format(**found.facts) for found in policy.unknown_names(uow, stated)]


@pytest.mark.parametrize(
    ("eligible", "names"),
    [
        ('list contains(actor.roles, "finance") and facts.currency = "CNY"', []),
        ('list contains(actor.roles, "finanse") and facts.currency = "CNY"', ["group 'finanse'"]),
        ('not(list contains(actor.roles, "interns"))', ["group 'interns'"]),
        ('some r in actor.roles satisfies r in ("finance", "cfo")', ["group 'cfo'"]),
        ('if facts.kind = "x" then "cfo" in actor.roles else count(actor.roles[item = "ceo"]) > 0',
         ["group 'cfo'", "group 'ceo'"]),
        ('authority("level_of", actor, facts) = "high"', []),
        ('authority("gone", actor, facts) or actor.rank > 3', ["table 'gone'", "'rank' of a person"]),
        ('actor.position = "CFO" and actor.login != "root"', []),
    ],
)  # fmt: skip
def test_groups_tables_and_properties_that_nobody_has_are_named(engine, company, eligible, names):
    said = unknown(engine, eligible)

    assert len(said) == len(names)
    assert all(name in text for name, text in zip(names, said, strict=True))


def test_who_answers_and_who_is_told_in_an_emergency_must_be_there(engine, company):
    said = unknown(engine, 'list contains(actor.roles, "finance")', f"  break_glass: {GLASS}\n")

    assert said == [
        "A-1 lets the group 'cfo' answer in an emergency, but there is no such group: nobody can.",
        "A-1 tells 'boss' of an emergency, which is neither a group nor a permission: nobody is told.",
    ]
