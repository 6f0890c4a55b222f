"""The inbox: pages without gaps, capped counts, and a plan that stays fast with a million tasks."""

import json
from uuid import UUID

import pytest
from sqlalchemy import text

from benchmarks.inbox import fill
from engine import identity, tasks
from engine.errors import InvalidValue
from engine.tasks.inbox import _places, keys_parameters, keys_statement
from engine.unit_of_work import ENGINE, Actor

TASKS = 3000


@pytest.fixture
def busy(engine) -> Actor:
    """A person with three thousand open tasks around him, twenty groups, and some of his own."""
    return Actor(fill(engine, TASKS))


def everything(engine, actor: Actor, limit: int = 100, **filters: str) -> list[tasks.InboxItem]:
    found, cursor = [], None
    with engine.unit_of_work(actor, read_only=True) as uow:
        while True:
            page = tasks.inbox(uow, cursor=cursor, limit=limit, **filters)
            found += page.items
            cursor = page.next
            if cursor is None:
                return found


def visible(engine, actor: Actor) -> list[tuple[int, UUID]]:
    """By brute force: (due_key, item) of every row under one of his principals."""
    with engine.unit_of_work(actor, read_only=True) as uow:
        principals = set(identity.principals_of(uow, actor.user_id))
        rows = uow.execute(text("SELECT principal_id, due_key, work_item_id FROM inbox")).all()
    plain = [tuple(UUID(bytes=value) if isinstance(value, bytes) else value for value in row) for row in rows]
    return sorted((due, item) for principal, due, item in plain if principal in principals)


def test_pages_by_due_date_have_neither_gaps_nor_repetitions(engine, busy):
    expected = [item for _, item in visible(engine, busy)]

    assert len(expected) > 400
    for limit in (7, 100):
        assert [item.work_item_id for item in everything(engine, busy, limit)] == expected


def test_newest_first_is_another_order_of_the_same(engine, busy):
    found = [item.work_item_id for item in everything(engine, busy, sort="newest")]

    assert found == sorted((item for _, item in visible(engine, busy)), reverse=True)


def test_filters_find_the_same_as_looking_at_each_line(engine, busy):
    whole = everything(engine, busy)
    wanted = whole[5].title[-3:]

    found = everything(engine, busy, limit=3, text=wanted)

    assert found == [item for item in whole if wanted in item.title or wanted in (item.number or "")]
    assert everything(engine, busy, process="nothing") == []
    assert everything(engine, busy, process="p") == whole


def test_counts_are_of_one_person(engine, busy):
    with engine.unit_of_work(busy, read_only=True) as uow:
        counts = tasks.count(uow)
        claimable = tasks.inbox(uow, "claimable", limit=5).items
    with engine.unit_of_work(Actor(UUID(int=5)), read_only=True) as uow:
        nobody = tasks.count(uow), tasks.inbox(uow).items

    assert counts["todo"] == len(visible(engine, busy))
    assert 0 < counts["claimable"] <= counts["todo"]
    assert all(item.claimable and not item.mine for item in claimable)
    assert nobody == ({"todo": 0, "claimable": 0, "copied": 0}, [])


@pytest.mark.parametrize("options", [{"cursor": "x"}, {"cursor": "1.zz"}, {"sort": "random"}, {"box": "secret"}])
def test_a_page_that_cannot_be_is_refused(engine, options):
    with engine.unit_of_work(ENGINE) as uow:
        person = identity.create_user(uow, "ann", "Ann").id

    with engine.unit_of_work(Actor(person), read_only=True) as uow, pytest.raises(InvalidValue):
        tasks.inbox(uow, **options)


@pytest.mark.parametrize("sort", ["due", "newest"])
def test_the_page_is_read_from_an_index_without_sorting_a_principals_rows(engine, sort):
    busy = Actor(fill(engine, TASKS))
    with engine.unit_of_work(busy, read_only=True) as uow:
        places = _places(uow, "todo")
        first = UUID(int=0) if sort == "due" else UUID(int=2**128 - 1)
        parameters = keys_parameters(engine.dialect, places, -1, first, 21)
        statement = keys_statement(engine.dialect, len(places), sort)
        explain = "EXPLAIN QUERY PLAN" if engine.dialect == "sqlite" else "EXPLAIN (FORMAT JSON)"
        if engine.dialect == "postgresql":
            # lists as short as these are cheaper as a bitmap; with a million tasks the planner decides so by itself
            uow.execute(text("SET LOCAL enable_bitmapscan = off"))
        rows = uow.execute(text(f"{explain} {statement.text}"), parameters).all()

    if engine.dialect == "sqlite":
        steps = [row.detail for row in rows]
        assert not [step for step in steps if step.startswith("SCAN inbox")]
        searches = [step for step in steps if step.startswith("SEARCH inbox")]
        assert len(searches) == len(places)
        key = "PRIMARY KEY" if sort == "due" else "COVERING INDEX inbox_newest"
        assert all(key in step for step in searches)
    else:
        plan = json.dumps(rows[0][0])
        assert "Seq Scan" not in plan
        nodes = list(walk(rows[0][0][0]["Plan"]))
        scans = [node for node in nodes if node.get("Relation Name") == "inbox"]
        assert [node["Node Type"] for node in scans] == ["Index Only Scan"]
        sorts = [node for node in nodes if node["Node Type"].endswith("Sort")]
        assert len(sorts) == 1, "the merge of the lists is the only sort"
        assert "Nested Loop" in sorts[0]["Plans"][0]["Node Type"]


def walk(node):
    yield node
    for child in node.get("Plans", ()):
        yield from walk(child)
