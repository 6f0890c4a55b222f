"""An approver is shown what his yes binds: a drawing whose page shows less is warned of."""

from types import SimpleNamespace

import pytest

from engine import bpmn, forms, policy
from tests.engine.policy.test_checker import HEAD, approval, good

BOUND = policy.read("""
- {id: PAY-001, title: 先审批, on: payment.execute, require: [{approval: finance_approval}], distinct: [requester],
   binds: [amount, currency, payee]}
""")
SUBJECT = SimpleNamespace(type="erp_payment_request", shows=("amount",))
CATALOG = {
    "erp.execute_payment": SimpleNamespace(guarded_by="payment.execute", outputs={}, subject=SUBJECT),
    "erp.post": SimpleNamespace(guarded_by=None, outputs={}, subject=None),
}
FORM = forms.read(
    b'{"schemaVersion": 18, "type": "default", "id": "pay", "components": ['
    b'{"type": "textfield", "key": "currency", "id": "f1", "label": "Currency"},'
    b'{"type": "textfield", "key": "payee", "id": "f2", "label": "Payee"}]}'
).form
WITH_FORM = '<zeebe:formDefinition formId="pay"/>'
HIDDEN = '<troika:fields><troika:field id="payee" perm="hidden"/></troika:fields>'


@pytest.mark.parametrize(
    ("more", "missing"), [("", "currency, payee"), (WITH_FORM, None), (WITH_FORM + HIDDEN, "payee")]
)
def test_bound_facts_that_neither_the_document_nor_the_form_shows_are_named(more, missing):
    reading = bpmn.read((HEAD + good(fin=approval(extra=more)) + "</bpmn:definitions>").encode())

    found = policy.unseen(reading.definition, CATALOG, BOUND, lambda _, key: FORM if key == "pay" else None)

    told = [(one.rule, one.level.value, one.element_id, one.facts["facts"]) for one in found]
    assert told == ([] if missing is None else [("approver-does-not-see", "warn", "fin", missing)])


def test_an_approval_for_something_else_binds_nothing_here():
    reading = bpmn.read((HEAD + good(fin=approval(provides="stock_approval")) + "</bpmn:definitions>").encode())

    assert policy.unseen(reading.definition, CATALOG, BOUND, lambda _, key: None) == []
