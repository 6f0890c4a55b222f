"""Read-only lists of any module's tables."""

import re
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert

from engine import ids, records
from engine.db.base import RecordInfo, metadata
from engine.errors import InvalidValue, NotFound
from engine.unit_of_work import ENGINE

TABLE = "crm_party"


@pytest.fixture
def parties(engine) -> list[UUID]:
    """Twenty-five, oldest first; each has two contacts."""
    keys = [ids.uuid7() for _ in range(25)]
    with engine.unit_of_work(ENGINE) as uow:
        rows = [
            {"id": key, "name": f"客户 {n:02}", "credit_limit": Decimal(n), "created_at": uow.now}
            for n, key in enumerate(keys)
        ]
        uow.execute(insert(metadata.tables[TABLE]), rows)
        contacts = [{"id": ids.uuid7(), "party_id": key, "name": f"联系人 {n}"} for key in keys for n in range(2)]
        uow.execute(insert(metadata.tables["crm_contact"]), contacts)
    return keys


def test_a_list_is_read_page_by_page_newest_first_without_gaps(engine, parties):
    seen, cursor = [], None
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        while True:
            page = records.list_(uow, TABLE, cursor=cursor, limit=10)
            seen += [record.id for record in page.items]
            cursor = page.next
            if cursor is None:
                break

    assert seen == list(reversed(parties))


def test_a_search_finds_a_part_of_a_text_and_takes_nothing_as_a_pattern(engine, parties):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        found = records.list_(uow, TABLE, search=" 户 07 ").items
        assert [record.title for record in found] == ["客户 07"]
        assert found[0].values["credit_limit"] == Decimal(7)
        assert records.list_(uow, TABLE, search="%").items == []
        assert records.list_(uow, TABLE, search="'; DROP TABLE crm_party; --").items == []


def test_records_are_called_by_their_titles_and_what_is_none_is_left_out(engine, parties):
    known, nobody = (TABLE, str(parties[7])), (TABLE, str(uuid4()))
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        found = records.titles(uow, [known, nobody, (TABLE, "no key"), ("no_table", "1"), ("user_account", "1")])

    assert found == {known: "客户 07"}


def test_a_record_is_shown_with_its_lines(engine, parties):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        view = records.read(uow, TABLE, parties[3])

        table, contacts = view.lines["crm_contact"]
        assert view.record.title == "客户 03"
        assert table.name == "crm_contact"
        assert sorted(contact.title for contact in contacts) == ["联系人 0", "联系人 1"]


def test_what_is_not_there_is_named(engine):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        for table in ("user_account", "nothing", "crm_party; --"):
            with pytest.raises(NotFound):
                records.list_(uow, table)
        with pytest.raises(NotFound):
            records.read(uow, TABLE, uuid4())
        with pytest.raises(InvalidValue):
            records.list_(uow, TABLE, cursor="not a key")
        with pytest.raises(InvalidValue):
            records.read(uow, TABLE, "not a key")


def test_every_table_of_the_modules_can_be_listed_and_names_real_columns(engine):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        shown = records.tables(uow)
        for described in shown:
            info: RecordInfo = metadata.tables[described.name].info["record"]
            columns = set(metadata.tables[described.name].columns.keys())
            assert {name for name, _, _ in info.columns} | {info.title} | set(info.search) <= columns, described.name
            assert len(metadata.tables[described.name].primary_key.columns) == 1, described.name
            assert records.list_(uow, described.name, search="x").items == []

        assert {described.module for described in shown} >= {"crm", "erp", "oa"}


def test_every_state_that_a_record_page_shows_is_named_in_both_languages(engine):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        shown = records.tables(uow)

    nameless = {
        (table.name, column, word)
        for table in shown
        for rule in metadata.tables[table.name].constraints
        if "states" in rule.info
        for column, labels in [rule.info["states"]]
        for word in re.findall(r"'([^']*)'", str(rule.sqltext))
        if column in {name for name, _, _ in table.columns} and len(word) > 1 and word not in labels
    }
    assert nameless == set()
    ledger = next(table for table in shown if table.name == "erp_account")
    assert ledger.states["side"] == {"D": ("借", "debit"), "C": ("贷", "credit")}


def test_an_instance_knows_the_records_it_made(engine):
    instance_id = uuid4()
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert records.made_by(uow, instance_id) == []
