"""A payment of what another process has approved: drawn so, it is assumed, and the gate asks at each document."""

import pytest

from engine import bpmn, policy
from tests.engine.bpmn.drawing import END, START, drawing, flows, service, user
from tests.engine.policy.against_machine import CATALOG
from tests.engine.policy.random_payments import MARK, PAY

TEXT = """
- id: PAY-001
  title: 先审批
  on: payment.execute
  require: [{{approval: finance_approval}}{more}]
  distinct: [requester]
  elsewhere: {elsewhere}
"""
ASSUMES = '<troika:policy assumes="finance_approval" subject="= item.request_id"/>'


def judged(
    *marks: str, elsewhere: str = "allowed", more: str = "", argument: str = "= item.request_id"
) -> tuple[str, str]:
    """(the word of the process, what is known of the policy)"""
    (stated,) = policy.read(TEXT.format(elsewhere=elsewhere, more=more))
    pays = service("pay", PAY, *marks, in_request_id=argument)
    definition = bpmn.read(drawing(START + pays + END + flows("start pay end"))).definition
    assert definition is not None
    assert definition.findings == []
    (verdict,) = policy.verdicts(definition, CATALOG, policies=[stated])
    return verdict.word, verdict.about(stated)


def test_what_the_drawing_says_to_be_approved_elsewhere_is_assumed():
    assert judged() == ("violated", "violated")
    assert judged(ASSUMES) == ("assumed", "assumed")


@pytest.mark.parametrize(
    "marks",
    [
        {"elsewhere": "forbidden"},
        {"argument": "= request_id"},  # another document than the one that is handled
        {"more": ", {approval: cfo_approval}"},  # nobody says so of the other approval
    ],
    ids=["forbidden", "another document", "another approval"],
)
def test_it_is_assumed_only_where_the_policy_lets_it_and_of_this_document_and_approval(marks):
    assert judged(ASSUMES, **marks) == ("violated", "violated")


def test_what_pays_what_was_approved_elsewhere_uses_up_the_approval_of_this_process():
    again = service("again", PAY, ASSUMES.replace("item.request_id", "request_id"), in_request_id="= request_id")
    pays = service("pay", PAY, in_request_id="= request_id")
    fin = user("fin", '<troika:approval mode="any" onReject="end"/>', MARK)
    (stated,) = policy.read(TEXT.format(elsewhere="allowed", more=""))

    def word(*order: str) -> str:
        body = START + fin + again + pays + END + flows(" ".join(["start", *order, "end"]))
        definition = bpmn.read(drawing(body)).definition
        assert definition is not None
        return policy.verdicts(definition, CATALOG, policies=[stated])[0].word

    assert word("again", "fin", "pay") == "assumed"
    assert word("fin", "again", "pay") == "violated"


def test_a_mark_that_says_nothing_or_stands_elsewhere_is_refused():
    def rules(node: str) -> list[str]:
        return [finding.rule for finding in bpmn.read(drawing(START + node + END + flows("start x end"))).findings]

    assert rules(service("x", PAY, '<troika:policy subject="= a"/>')) == ["extension-incomplete"]
    assert "extension-unknown" in rules(service("x", PAY, MARK))
    assert "extension-unknown" in rules(user("x", MARK.replace("provides", 'assumes="a" provides')))
