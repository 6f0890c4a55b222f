"""Paying what was approved, and nothing else: the operations, and the gate that the database keeps by itself."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from threading import Thread
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from engine import identity, jobs, policy, repository, runtime
from engine.db.policy import clearance, policy_grant
from engine.errors import BusinessError, DeploymentRefused, restored, stored
from engine.ids import uuid7
from engine.modules.erp.models.invoice import expense_claim
from engine.modules.erp.models.item import supplier
from engine.modules.erp.models.payee import payee_account, payee_account_version
from engine.modules.erp.models.treasury import payment, payment_request
from engine.modules.erp.operations import expenses, payees, payments
from engine.modules.erp.rows import rows
from engine.operations import Facts, OperationCall, get
from engine.policy import naming
from engine.unit_of_work import ENGINE
from tests.engine.bpmn.drawing import drawing, element, flows, service
from tests.engine.modules.company import Company, a_call, clear
from tests.postgres import until_one_waits


class Request:
    """An expense claim of ann over 1,680.32 and the request to pay it."""

    def __init__(self, firm: Company, *, submitted: bool = True) -> None:
        self.firm, self.instance = firm, uuid7()
        ann = firm.people["ann"]
        with firm.acting("ann") as uow:
            self.claim = expenses.book_expense_claim(
                uow, claimant_id=ann, amount=Decimal("1680.32"), title="travel", reference="EC-1", call=a_call()
            )
            self.made = payments.request_payment(
                uow, requested_by=ann, claim_id=self.claim["claim_id"], call=a_call(self.instance)
            )
            if submitted:
                payments.submit_payment_request(uow, request_id=self.id)

    @property
    def id(self) -> UUID:
        """Of the request."""
        key: UUID = self.made["request_id"]
        return key

    def facts(self) -> Facts:
        """As the gate reads them."""
        with self.firm.acting() as uow:
            return payments.payment_facts(uow, request_id=self.id)

    def pay(self, people: tuple[str, ...] = ("bob",), actor: str = "cid", **changes: Any) -> dict[str, Any]:
        """Clear it as `people` agreed, with what `changes` says, and execute it in the same transaction."""
        facts = self.facts()
        with self.firm.acting(actor) as uow:
            clearance_id = clear(
                uow, self.id, facts, instance_id=self.instance, requester=self.firm.people["ann"],
                people=tuple(self.firm.people[login] for login in people), **changes,
            )  # fmt: skip
            return payments.execute_payment(uow, request_id=self.id, call=a_call(self.instance, clearance_id))


@pytest.fixture
def request_(firm: Company) -> Request:
    """Submitted, not approved."""
    return Request(firm)


def test_an_approved_claim_is_paid_once_and_the_books_balance(firm: Company, request_: Request) -> None:
    paid = request_.pay()
    with pytest.raises(BusinessError) as again:
        request_.pay()

    assert again.value.code == "ERP.ALREADY_PAID"
    assert (paid["amount"], paid["currency"]) == (Decimal("1680.32"), "CNY")
    assert [row["payment_no"] for row in firm.rows(payment)] == [paid["payment_no"]]
    assert [row["open_amount"] for row in firm.rows(expense_claim)] == [Decimal("0.00")]
    assert [row["state"] for row in firm.rows(policy_grant)] == ["consumed"]
    assert [row["state"] for row in firm.rows(clearance)] == ["used"]
    assert firm.ledger_sum() == {"1002": Decimal("-1680.32"), "5602": Decimal("1680.32")}


def test_an_approval_binds_amount_payee_account_and_documents(firm: Company, request_: Request) -> None:
    facts = request_.facts()

    assert facts.values == {
        "amount": "1680.32", "amount_base": "1680.32", "currency": "CNY", "entity": "91330100MADEM0011P",
        "payee": str(firm.people["employee account"]), "payee_bank_version": 1,
        "invoices": [str(request_.claim["claim_id"])], "kind": "expense",
    }  # fmt: skip
    assert facts.people == {
        "requester": [firm.people["ann"]], "payee_bank_editor": [firm.people["eli"]],
        "payee_bank_confirmer": [firm.people["cid"]], "beneficiary": [firm.people["ann"]],
    }  # fmt: skip
    assert facts.state == {
        "payee_bank_confirmed": True, "payee_bank_hours": 0, "match": None, "period_open": True,
    }  # fmt: skip
    operation = get("erp.execute_payment")
    assert (operation.guarded_by, operation.subject and operation.subject.type) == (
        "payment.execute", "erp_payment_request",
    )  # fmt: skip


def test_a_foreign_amount_is_not_taken_for_one_in_the_currency_of_the_books(firm: Company) -> None:
    asked = Request(firm, submitted=False)
    with firm.acting("ann") as uow:
        uow.execute(update(payment_request).values(currency="USD"))

    values = asked.facts().values

    assert (values["amount"], values["currency"]) == ("1680.32", "USD")
    assert "amount_base" not in values  # a limit in CNY is then not known to be kept, and the policy applies in full


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"state": "used"}, "POLICY.NO_CLEARANCE"),
        ({"state": "void"}, "POLICY.NO_CLEARANCE"),
        ({"amount": Decimal("1680.31")}, "POLICY.MISMATCH"),
        ({"payee": "somebody else"}, "POLICY.MISMATCH"),
        ({"bank_version": 2}, "POLICY.MISMATCH"),
        ({"subject_id": str(uuid7())}, "POLICY.MISMATCH"),
        ({"people": ()}, "POLICY.NOT_APPROVED"),
        ({"granted_digest": "sha256:other"}, "POLICY.NOT_APPROVED"),
        ({"expires_at": datetime(2026, 11, 1, tzinfo=UTC)}, "POLICY.NOT_APPROVED"),
        ({"min_people": 2}, "POLICY.NOT_APPROVED"),
        ({"people": ("ann",)}, "POLICY.NOT_APPROVED"),
        ({"people": ("eli",)}, "POLICY.NOT_APPROVED"),
        ({"people": ("bob", "ann")}, "POLICY.NOT_APPROVED"),
        ({"people": ("bob", "bob"), "min_people": 2}, "POLICY.NOT_APPROVED"),
    ],
)
def test_the_database_refuses_a_payment_that_was_not_cleared_like_this(
    firm: Company, request_: Request, changes: dict[str, Any], word: str
) -> None:
    with pytest.raises(IntegrityError, match=word):
        request_.pay(**changes)

    assert firm.rows(payment) == []


def test_what_has_changed_since_an_approval_is_told_by_names_and_numbers(firm: Company, request_: Request) -> None:
    """Not by keys, unless two rows bear the same name; a state in both languages, and what is gone as its key."""
    now, gone = request_.facts().values, str(uuid7())
    with firm.acting() as uow:
        payee = payees.change_payee_account(
            uow, owner_kind="employee", owner_id=firm.people["dora"], account_name="D.", bank_name="农业银行",
            account_no="6228480001",
        )  # fmt: skip
        approved = now | {"payee": str(payee["account_id"]), "kind": "supplier", "invoices": [gone]}
        told = naming.difference(uow, "erp_payment_request", approved, now)
        namesake = payee_account.c.id == firm.people["supplier account"]
        uow.execute(update(payee_account).where(namesake).values(owner_name="Ann"))
        alike = naming.difference(
            uow, "erp_payment_request", now | {"payee": str(firm.people["supplier account"])}, now
        )
        newer = naming.difference(uow, "erp_payment_request", now, now | {"payee_bank_version": 2})

    assert (newer["approved"], newer["now"]) == ("payee_bank_version v1", "payee_bank_version v2")
    assert told["approved"] == f"invoices {gone}, kind supplier, payee Dora"
    assert told["now"] == f"invoices {request_.claim['claim_no']}, kind expense, payee Ann"
    kind = restored(stored(told["now"])).parts[1].facts["value"]
    assert kind.labels == {"zh": "报销", "en": "expense"}
    assert alike["approved"] == f"payee Ann ({firm.people['supplier account']})"
    assert alike["now"] == f"payee Ann ({firm.people['employee account']})"


def test_two_people_suffice_where_two_are_asked(firm: Company, request_: Request) -> None:
    request_.pay(people=("bob", "dora"), min_people=2)

    assert [row["state"] for row in firm.rows(policy_grant)] == ["consumed", "consumed"]


def test_neither_on_behalf_of_the_requester_nor_by_the_executor(firm: Company, request_: Request) -> None:
    for changes in ({"on_behalf_of": firm.people["ann"]}, {"executor": firm.people["bob"]}):
        with pytest.raises(IntegrityError, match=r"POLICY\.NOT_APPROVED"):
            request_.pay(**changes)


def test_the_requester_does_not_execute(request_: Request) -> None:
    with pytest.raises(BusinessError) as refusal:
        request_.pay(actor="ann")

    assert refusal.value.code == "ERP.REQUEST_DIFFERS"


def test_a_payment_written_by_hand_is_refused(firm: Company, request_: Request) -> None:
    facts = request_.facts().values
    [request] = firm.rows(payment_request)

    with pytest.raises(IntegrityError, match=r"POLICY\.NO_CLEARANCE"), firm.acting() as uow:
        uow.execute(
            insert(payment),
            {
                "id": uuid7(), "payment_no": "X", "request_id": request_.id, "clearance_id": uuid7(),
                "instance_id": request_.instance, "amount": Decimal(facts["amount"]), "currency": "CNY",
                "payee_id": facts["payee"], "payee_account_version_id": request["payee_account_version_id"],
                "payee_bank_version": 1, "executed_at": uow.now,
            },
        )  # fmt: skip


def test_a_payment_without_a_clearance_is_refused(request_: Request) -> None:
    with pytest.raises(IntegrityError), request_.firm.acting("cid") as uow:
        payments.execute_payment(uow, request_id=request_.id, call=a_call(request_.instance))


def test_a_draft_is_not_paid(firm: Company) -> None:
    with pytest.raises(BusinessError) as refusal:
        Request(firm, submitted=False).pay()

    assert refusal.value.code == "ERP.REQUEST_DIFFERS"


def test_whoever_confirms_bank_details_is_known_to_the_gate_all_of_them_and_for_whom(
    firm: Company, request_: Request
) -> None:
    details = {"account_name": "Ann", "bank_name": "N", "account_no": "62284800"}
    with firm.acting("eli") as uow:
        made = payees.change_payee_account(uow, owner_kind="employee", owner_id=firm.people["ann"], **details)
        version_id, bob, dora = made["version_id"], firm.people["bob"], firm.people["dora"]
    with firm.acting() as uow:
        facts = payees.payee_facts(uow, version_id=version_id)
        facts = replace(facts, values={**facts.values, "amount": "0", "currency": "CNY"})
        key = clear(uow, version_id, facts, instance_id=uuid7(), people=(bob, dora), requester=firm.people["eli"],
                    on_behalf_of=firm.people["cid"], of="erp_payee_account_version")  # fmt: skip
        uow.execute(update(clearance).where(clearance.c.id == key).values(state="used"))
    assert confirmers(firm, request_) == {firm.people["cid"]}, "of the version that is paid to"

    with firm.acting() as uow:
        call = OperationCall(uuid7(), None, None, key, (bob, dora))
        payees.confirm_payee_account(uow, version_id=version_id, call=call)

    assert confirmers(firm, request_) == {dora, bob, firm.people["cid"]}


def confirmers(firm: Company, request_: Request) -> frozenset[UUID]:
    """Who has confirmed the account of a request, as the gate sees it."""
    with firm.acting() as uow:
        found = policy.document(uow, "erp_payment_request", request_.id)
        return policy.grants.roles_of(uow, found, None)["payee_bank_confirmer"]


KEPT_APART = """
- {{id: P-1, title: T, on: payment.execute, require: [{{approval: finance_approval}}], distinct: [{}]}}
"""


def test_the_database_pays_nothing_that_whoever_confirmed_the_account_has_approved_where_a_policy_keeps_him_apart(
    firm: Company, request_: Request
) -> None:
    with firm.acting() as uow:
        policy.ship(uow, KEPT_APART.format("requester, payee_bank_confirmer"))
    with pytest.raises(IntegrityError, match=r"POLICY\.NOT_APPROVED"):
        request_.pay(people=("cid",))

    with firm.acting() as uow:
        policy.ship(uow, KEPT_APART.format("requester"))
    request_.pay(people=("cid",))

    assert len(firm.rows(payment)) == 1


def test_an_open_request_names_new_bank_details_from_their_confirmation_on(firm: Company, request_: Request) -> None:
    with firm.acting("eli") as uow:
        entered = payees.change_payee_account(
            uow, owner_kind="employee", owner_id=firm.people["ann"], account_name="Ann", bank_name="农业银行",
            account_no="6228 4800 0001",
        )  # fmt: skip
    before = request_.facts()
    with firm.acting("cid") as uow:
        payees.confirm_payee_account(uow, version_id=entered["version_id"], call=a_call())

    changed = request_.facts()
    request_.pay()

    assert [facts.values["payee_bank_version"] for facts in (before, changed)] == [1, 2]
    assert "农业银行" in changed.display["Bank account"]
    assert [row["payee_bank_version"] for row in firm.rows(payment)] == [2]


@pytest.mark.postgres
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_a_request_that_is_made_while_bank_details_are_confirmed_names_them(firm: Company) -> None:
    ann = firm.people["ann"]
    with firm.acting() as uow:
        claim = expenses.book_expense_claim(uow, claimant_id=ann, amount=Decimal(5), call=a_call())
    with firm.acting("bob") as uow:
        entered = payees.change_payee_account(
            uow, owner_kind="employee", owner_id=ann, account_name="Ann", bank_name="N", account_no="62284800"
        )

    def confirm() -> None:
        with firm.acting("cid") as uow:
            payees.confirm_payee_account(uow, version_id=entered["version_id"], call=a_call())

    second = Thread(target=confirm)
    with firm.acting() as uow:
        made = payments.request_payment(uow, requested_by=ann, claim_id=claim["claim_id"], call=a_call())
        uow.flush()
        second.start()
        until_one_waits(firm.engine)
    second.join()

    with firm.acting() as uow:
        assert payments.payment_facts(uow, request_id=made["request_id"]).values["payee_bank_version"] == 2


def confirmed(firm: Company, **patched: Any) -> None:
    """New bank details of ann in force, with functions of `payments` replaced meanwhile."""
    with firm.acting("bob") as uow:
        entered = payees.change_payee_account(
            uow, owner_kind="employee", owner_id=firm.people["ann"], account_name="An impostor", bank_name="N",
            account_no="62284800",
        )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch, firm.acting("cid") as uow:
        for name, replaced in patched.items():
            patch.setattr(payments, name, replaced)
        payees.confirm_payee_account(uow, version_id=entered["version_id"], call=a_call())


def test_a_request_that_still_names_old_bank_details_is_not_paid(firm: Company, request_: Request) -> None:
    confirmed(firm, name_new_details=lambda uow, payee: None)  # as before requests followed

    with pytest.raises(BusinessError) as refusal:
        request_.pay()

    assert refusal.value.code == "ERP.REQUEST_DIFFERS"
    assert firm.rows(payment) == []


def test_a_request_that_is_paid_while_bank_details_wait_for_it_keeps_its_own(firm: Company, request_: Request) -> None:
    request_.pay()

    confirmed(firm, open_requests=lambda uow, account_id: [request_.id])

    assert request_.facts().values["payee_bank_version"] == 1


def test_a_supplier_is_no_employee(firm: Company) -> None:
    typed = {"account_name": "A", "bank_name": "B", "account_no": "999999"}
    for whose in ({"owner_kind": "employee", "supplier_code": "S001"}, {"owner_kind": "supplier"}):
        with pytest.raises(BusinessError) as refusal, firm.acting("cid") as uow:
            payees.change_payee_account(uow, **whose, **typed)
        assert refusal.value.code == "DATA.INVALID"
    with firm.acting("cid") as uow:
        assert payees.change_payee_account(uow, owner_kind="supplier", supplier_code="S001", **typed)["version"] == 2


def test_whoever_confirms_sees_whose_account_it_is_and_not_only_what_was_typed(firm: Company) -> None:
    typed = {"account_name": "别的公司", "bank_name": "B", "account_no": "999999"}
    with firm.acting("cid") as uow:
        name = rows.get(uow, supplier, firm.supplier).name
        made = payees.change_payee_account(uow, owner_kind="supplier", owner_id=firm.supplier, **typed)
        shown = payees.payee_facts(uow, version_id=made["version_id"]).display
    assert name in shown["Payee"]
    assert shown["Account name"] == "别的公司"
    with pytest.raises(BusinessError) as refusal, firm.acting("cid") as uow:
        payees.change_payee_account(uow, owner_kind="employee", owner_id=uuid7(), **typed)
    assert refusal.value.code == "DATA.NOT_FOUND"


def test_a_submitted_request_does_not_change_under_the_approvers(firm: Company, request_: Request) -> None:
    for values in ({"amount": Decimal(1)}, {"requested_by": firm.people["bob"]}, {"kind": "supplier"}):
        with pytest.raises(IntegrityError, match="erp_payment_request_frozen"), firm.acting() as uow:
            uow.execute(update(payment_request).values(**values))
    for status, word in (("paid", "erp_payment_request_unpaid"), ("nonsense", "erp_payment_request")):
        with pytest.raises(IntegrityError, match=word), firm.acting() as uow:
            uow.execute(update(payment_request).values(status=status))
    with pytest.raises(IntegrityError, match="erp_payment_request_frozen"), firm.acting() as uow:
        uow.execute(delete(payment_request).where(payment_request.c.id == request_.id))


def test_a_payment_does_not_change_but_for_its_state(firm: Company, request_: Request) -> None:
    paid = request_.pay()

    for statement in (
        update(payment).values(amount=Decimal(1)), update(payment).values(executed_by=None), delete(payment),
    ):  # fmt: skip
        with pytest.raises(IntegrityError, match="erp_payment_frozen"), firm.acting() as uow:
            uow.execute(statement)
    with firm.acting() as uow:
        assert payments.confirm_payment(uow, payment_no=paid["payment_no"], call=a_call()) == {"status": "confirmed"}
        assert payments.void_payment(uow, payment_id=paid["payment_id"], call=a_call()) == {"voided": False}


def test_money_that_came_back_opens_the_claim_again(firm: Company, request_: Request) -> None:
    paid = request_.pay()

    with firm.acting() as uow:
        for _ in range(2):
            payments.void_payment(uow, payment_id=paid["payment_id"], reason="account closed", call=a_call())
        again = payments.request_payment(
            uow, requested_by=firm.people["ann"], claim_id=request_.claim["claim_id"], call=a_call(uuid7())
        )

    assert again["amount"] == Decimal("1680.32")
    assert firm.ledger_sum() == {"224101": Decimal("-1680.32"), "5602": Decimal("1680.32")}


def test_no_more_is_requested_than_is_owed(firm: Company, request_: Request) -> None:
    def ask(amount: str | None, instance: UUID | None = None) -> dict[str, Any]:
        with firm.acting() as uow:
            return payments.request_payment(
                uow, requested_by=firm.people["ann"], claim_id=request_.claim["claim_id"], call=a_call(instance),
                amount=None if amount is None else Decimal(amount),
            )  # fmt: skip

    same = ask(None, request_.instance)
    refusals = []
    for amount, instance in ((None, uuid7()), ("0.01", uuid7()), ("-1", uuid7())):
        with pytest.raises(BusinessError) as refusal:
            ask(amount, instance)
        refusals.append(refusal.value.code)

    assert (same["request_id"], same["existing"]) == (request_.id, True)
    assert refusals == ["ERP.OVERPAY"] * 3


def test_a_claim_is_booked_once_and_undone_while_nobody_pays_it(firm: Company, request_: Request) -> None:
    def book(amount: str) -> dict[str, Any]:
        with firm.acting() as uow:
            return expenses.book_expense_claim(
                uow, claimant_id=firm.people["ann"], amount=Decimal(amount), reference="EC-1", call=a_call()
            )

    def undo() -> dict[str, Any]:
        with firm.acting() as uow:
            return expenses.cancel_expense_claim(uow, claim_id=request_.claim["claim_id"], call=a_call())

    again = book("1680.32")
    with pytest.raises(BusinessError) as differs:
        book("1")
    with pytest.raises(BusinessError) as requested:
        undo()
    with firm.acting() as uow:
        payments.cancel_payment_request(uow, request_id=request_.id)

    assert (again["claim_id"], again["existing"]) == (request_.claim["claim_id"], True)
    assert [differs.value.code, requested.value.code] == ["ERP.CLAIM_DIFFERS", "ERP.ALREADY_REQUESTED"]
    assert [undo(), undo()] == [{"cancelled": True}] * 2
    assert firm.ledger_sum() == {}


def test_nobody_is_paid_to_an_account_that_no_second_person_has_confirmed(firm: Company) -> None:
    dora = firm.people["dora"]
    with firm.acting() as uow:
        claim = expenses.book_expense_claim(uow, claimant_id=dora, amount=Decimal(5), call=a_call())
        version = payees.change_payee_account(
            uow, owner_kind="employee", owner_id=dora, account_name="Dora", bank_name="B", account_no="123456"
        )

    with pytest.raises(BusinessError) as same_person, firm.acting() as uow:
        payees.confirm_payee_account(uow, version_id=version["version_id"], call=a_call())
    with pytest.raises(BusinessError) as unconfirmed, firm.acting() as uow:
        payments.request_payment(uow, requested_by=dora, claim_id=claim["claim_id"], call=a_call())
    with pytest.raises(BusinessError) as malformed, firm.acting() as uow:
        payees.change_payee_account(
            uow, owner_kind="employee", owner_id=dora, account_name="Dora", bank_name="B", account_no="12-34"
        )

    assert [refusal.value.code for refusal in (same_person, unconfirmed, malformed)] == [
        "ERP.PAYEE_SAME_PERSON", "ERP.PAYEE_UNCONFIRMED", "ERP.ACCOUNT_FORMAT",
    ]  # fmt: skip


def test_one_person_with_two_accounts_does_not_confirm_the_own_entry(firm: Company) -> None:
    with firm.acting() as uow:
        second = identity.create_user(uow, "bob2", "Bob", person_id=firm.people["bob"]).id
        robot = identity.create_user(uow, "robot", "Robot", service=True).id
    firm.people |= {"bob2": second, "robot": robot}
    with firm.acting("bob") as uow:
        version = payees.change_payee_account(
            uow, owner_kind="employee", owner_id=firm.people["dora"], account_name="Dora", bank_name="B",
            account_no="654321",
        )  # fmt: skip

    codes = []
    for login in ("bob2", "robot"):
        with pytest.raises(BusinessError) as refusal, firm.acting(login) as uow:
            payees.confirm_payee_account(uow, version_id=version["version_id"], call=a_call())
        codes.append(refusal.value.code)
        confirmed = {"confirmed_by": firm.people[login], "confirmed_at": datetime(2026, 11, 1, tzinfo=UTC)}
        of = payee_account_version.c.account_id == version["account_id"]
        with pytest.raises(IntegrityError, match="two_people"), firm.acting(login) as uow:
            uow.execute(update(payee_account_version).where(of).values(**confirmed))
    with firm.acting("cid") as uow:
        payees.confirm_payee_account(uow, version_id=version["version_id"], call=a_call())

    assert codes == ["ERP.PAYEE_SAME_PERSON"] * 2


@pytest.mark.parametrize(
    "line",
    [
        {"amount": Decimal(0)}, {"amount": Decimal(-5)}, {"amount": Decimal("0.001")},
        {"amount": Decimal(5), "tax": Decimal(5)}, {"amount": Decimal(5), "tax": Decimal(-1)},
    ],
)  # fmt: skip
def test_an_expense_that_is_no_amount_is_refused(firm: Company, line: Any) -> None:
    with pytest.raises(BusinessError) as refusal, firm.acting() as uow:
        expenses.book_expense_claim(uow, claimant_id=firm.people["ann"], lines=[line], call=a_call())

    assert refusal.value.code == "DATA.INVALID"


def test_bank_details_are_entered_by_nobody_who_is_not_there(firm: Company) -> None:
    with pytest.raises(BusinessError) as refusal, firm.acting("cid") as uow:
        payees.change_payee_account(
            uow, owner_kind="employee", owner_id=firm.people["ann"], account_name="Ann", bank_name="N",
            account_no="62284800", entered_by=uuid7(),
        )  # fmt: skip

    assert refusal.value.code == "DATA.INVALID"


def test_an_account_of_before_that_is_nobodys_says_so_and_is_confirmed_or_not_by_who_sees_it(firm: Company) -> None:
    """Accepted until whose it is was looked up."""
    with firm.acting("cid") as uow:
        account = rows.add(uow, payee_account, owner_kind="supplier", owner_id=uuid7(), owner_name="Old & Co")
        version = rows.add(
            uow, payee_account_version, account_id=account, version=1, bank_name="B", bank_code="", account_name="X",
            account_no="123456", created_by=firm.people["bob"], created_at=uow.now,
        )  # fmt: skip
        shown = payees.payee_facts(uow, version_id=version).display["Payee"]
        payees.confirm_payee_account(uow, version_id=version, call=a_call())

    assert shown == "Old & Co: not in the master data"


def test_an_approver_sees_the_payee_of_the_master_data_beside_the_name_that_was_typed(firm: Company) -> None:
    confirmed(firm)
    asked = Request(firm, submitted=False)

    display = asked.facts().display

    assert (display["Payee"], display["Account name"]) == ("Ann ann", "An impostor")
    assert [row["payee_name"] for row in firm.rows(payment_request)] == ["Ann"]
    assert asked.made["payee_name"] == "Ann"


def test_bank_details_are_entered_by_a_person_also_where_a_job_calls(firm: Company) -> None:
    details = {"account_name": "Dora", "bank_name": "B", "account_no": "654321", "owner_id": firm.people["dora"]}
    with pytest.raises(BusinessError) as refusal, firm.engine.unit_of_work(ENGINE) as uow:
        payees.change_payee_account(uow, owner_kind="employee", **details)
    with firm.engine.unit_of_work(ENGINE) as uow:
        made = payees.change_payee_account(uow, owner_kind="employee", entered_by=firm.people["bob"], **details)
        facts = payees.payee_facts(uow, version_id=made["version_id"])
    with firm.acting("cid") as uow:  # whose click moved the process of bob on
        made = payees.change_payee_account(uow, owner_kind="employee", entered_by=firm.people["bob"], **details)
        moved = payees.payee_facts(uow, version_id=made["version_id"])
    codes = [refusal.value.code]
    for login in ("bob", "cid"):
        with pytest.raises(BusinessError) as own, firm.acting(login) as uow:
            payees.confirm_payee_account(uow, version_id=made["version_id"], call=a_call())
        codes.append(own.value.code)
        of = update(payee_account_version).where(payee_account_version.c.id == made["version_id"])
        with pytest.raises(IntegrityError, match="two_people"), firm.acting(login) as uow:
            uow.execute(of.values(confirmed_by=firm.people[login], confirmed_at=datetime(2026, 11, 1, tzinfo=UTC)))

    assert codes == ["DATA.INVALID", "ERP.PAYEE_SAME_PERSON", "ERP.PAYEE_SAME_PERSON"]
    assert facts.people["payee_bank_editor"] == [firm.people["bob"]]
    assert moved.people["payee_bank_editor"] == [firm.people["bob"], firm.people["cid"]]


ENTERS = drawing(
    element("startEvent", "start")
    + service("enter", "erp.change_payee_account", in_owner_kind='= "employee"', in_account_name='= "Ann"',
              in_bank_name='= "N"', in_account_no='= "62284800"', in_owner_id="= ann", in_entered_by="= boss",
              out_version_id="= version_id").replace("<serviceTask ", '<serviceTask troika:async="true" ')
    + element("endEvent", "end") + flows("start enter end")
)  # fmt: skip


def test_whose_act_had_bank_details_entered_is_kept_whomever_data_of_the_request_name(
    firm: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a drawing from before it was refused; the job runs as nobody."""
    people = firm.people
    with pytest.raises(DeploymentRefused, match="acting-person-known"), firm.acting("bob") as uow:
        repository.deploy(uow, {"processes/p.bpmn": ENTERS})
    monkeypatch.setattr(repository.deploying, "errors_of", lambda findings: [])
    with firm.acting("bob") as uow:
        repository.deploy(uow, {"processes/p.bpmn": ENTERS})
    for login in ("bob", "cid"):
        with firm.acting(login) as uow:
            runtime.start(uow, "p", {"ann": str(people["ann"]), "boss": str(people["bob"])})
        jobs.run_due(firm.engine)

    with firm.acting() as uow:
        of_ann = payee_account_version.c.account_id == people["employee account"], payee_account_version.c.version > 1
        made = uow.execute(select(payee_account_version.c.id).where(*of_ann).order_by(payee_account_version.c.version))
        facts = [payees.payee_facts(uow, version_id=key) for key in made.scalars()]
    assert [one.people["payee_bank_editor"] for one in facts] == [[people["bob"]], [people["bob"], people["cid"]]]
