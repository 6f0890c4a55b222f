"""A function's signature is the contract of a service operation."""

from datetime import date
from decimal import Decimal
from typing import TypedDict
from uuid import UUID

import pytest

from engine import operations
from engine.operations import Facts, InvalidInput, OperationCall, UnknownOperation, WrongDeclaration, operation, subject


class Line(TypedDict):
    sku: str
    quantity: Decimal


@pytest.fixture
def catalogue(monkeypatch):
    catalogue = {}
    monkeypatch.setattr(operations, "_catalog", catalogue)
    return catalogue


@pytest.fixture
def order(catalogue):
    @operation("shop.order", zh="下单", en="Order", errors=("SHOP.CLOSED",))
    def order(uow, *, customer: UUID, lines: list[Line], day: date | None = None, call: OperationCall) -> dict:
        """Take an order."""

    return catalogue["shop.order"]


def test_the_catalogue_knows_types_and_what_is_optional(order):
    assert [(p.name, p.type, p.required) for p in order.parameters] == [
        ("customer", "id", True),
        ("lines", "list<context>", True),
        ("day", "date", False),
    ]
    assert (order.module, order.takes_call, order.doc) == ("shop", True, "Take an order.")


def test_inputs_become_typed_arguments(order):
    arguments = order.bind(
        {
            "customer": "019a0000-0000-7000-8000-000000000001",
            "lines": [{"sku": "A", "quantity": 2}],
            "day": "2026-11-23",
        }
    )

    assert arguments == {
        "customer": UUID("019a0000-0000-7000-8000-000000000001"),
        "lines": [{"sku": "A", "quantity": Decimal(2)}],
        "day": date(2026, 11, 23),
    }


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"customer": "bob"}, "customer"),
        ({"customer": None}, "customer"),
        ({"lines": [{"sku": "A"}]}, "lines"),
        ({"day": "tomorrow"}, "day"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_input_is_refused_by_name(order, change, name):
    good = {"customer": "019a0000-0000-7000-8000-000000000001", "lines": []}

    with pytest.raises(InvalidInput) as refusal:
        order.bind({**good, **change})

    assert refusal.value.facts["name"] == name


def test_an_unknown_operation_is_refused_with_its_neighbours(order):
    with pytest.raises(UnknownOperation, match=r"shop\.order"):
        operations.get("shop.ordr")


def test_a_guarded_operation_without_subject_is_not_offered(catalogue):
    with pytest.raises(WrongDeclaration, match="names no subject"):

        @operation("bank.pay", guarded_by="payment.execute")
        def pay(uow, *, request_id: UUID) -> dict: ...


def test_the_subject_of_a_guarded_operation_is_found_by_its_table(catalogue, monkeypatch):
    monkeypatch.setattr(operations, "_subjects", {})

    @subject("bank_request", id="request_id")
    def facts(uow, *, request_id: UUID) -> Facts:
        return Facts({"amount": "1.00"})

    @operation("bank.pay", guarded_by="payment.execute", subject=facts)
    def pay(uow, *, request_id: UUID) -> dict: ...

    assert operations.get("bank.pay").subject.argument == "request_id"
    assert operations.subject_reader("bank_request").read is facts


def test_a_type_that_no_drawing_can_supply_is_not_offered(catalogue):
    with pytest.raises(WrongDeclaration):

        @operation("shop.odd")
        def odd(uow, *, thing: object) -> dict: ...
