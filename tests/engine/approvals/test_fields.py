"""What a node says about the fields of its form reaches the person who is asked, and stays as it was drawn."""

import pytest

from tests.engine.approvals.office import approval

pytestmark = pytest.mark.approvals

FIELDS = (
    '<troika:fields default="read"><troika:field id="lines" perm="read" addRows="true"/>'
    '<troika:field id="lines.*" perm="write"/><troika:field id="lines.cost" perm="hidden"/>'
    '<troika:field id="parts" perm="write" removeRows="false"/><troika:field id="note" perm="write" required="true"/>'
    "</troika:fields>"
)


def test_columns_rows_and_required_are_those_of_the_drawing(office):
    office.begin(approval("check", FIELDS, users="bob"))

    mine = office.view("bob").permissions

    assert [mine.on(path) for path in ("lines", "lines.amount", "lines.cost", "parts", "other")] == [
        "read", "write", "hidden", "write", "read",
    ]  # fmt: skip
    assert [(mine.adds(path), mine.removes(path)) for path in ("lines", "parts", "other")] == [
        (True, False), (True, False), (False, False),
    ]  # fmt: skip
    assert mine.required("note") is True
