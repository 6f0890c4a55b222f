"""The inbox: pages without gaps, capped counts, and a plan that stays fast with a million tasks."""

import itertools
import json
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import delete, select, text

from benchmarks.inbox import NOW, fill
from engine import identity, tasks
from engine.db.instance import instance
from engine.db.task import Box, inbox
from engine.errors import InvalidValue, NotFound
from engine.tasks.inbox import (
    FIRST,
    SORTS,
    _places,
    count_parameters,
    count_statement,
    keys_parameters,
    keys_statement,
)
from engine.unit_of_work import ENGINE, Actor
from tests.lending import begun_once

TASKS = 3000


@pytest.fixture
@begun_once
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


def test_waiting_longest_is_the_reverse_of_newest_and_priority_puts_the_important_first(engine, busy):
    newest, waiting = (everything(engine, busy, sort=sort) for sort in ("newest", "waiting"))
    ranked = everything(engine, busy, 7, sort="priority")

    assert waiting == newest[::-1]
    due = {item.work_item_id: place for place, item in enumerate(everything(engine, busy))}
    assert ranked == sorted(newest, key=lambda item: (-item.priority, due[item.work_item_id]))
    assert len({item.priority for item in ranked}) == 3


@pytest.mark.parametrize("sort", SORTS)
def test_behind_an_item_the_list_goes_on_with_the_next_one_also_when_it_has_left(engine, busy, sort):
    whole = [item.work_item_id for item in everything(engine, busy, sort=sort)]

    with engine.unit_of_work(busy) as uow:
        after = tasks.place_of(uow, whole[4])[sort]
        uow.execute(delete(inbox).where(inbox.c.work_item_id == whole[4]))
        found = [item.work_item_id for item in tasks.inbox(uow, cursor=after, sort=sort, limit=3).items]

    assert found == whole[5:8]


def test_due_filters_find_the_same_as_looking_at_each_line(engine, clock, busy):
    clock.advance(NOW + timedelta(days=3, hours=2) - clock.now())  # 11:00 in Shanghai
    midnight = NOW.replace(hour=16, minute=0) + timedelta(days=3)
    ends = {"overdue": clock.now(), "today": midnight, "week": midnight + timedelta(days=6)}

    def fits(item, due):
        return item.due_at is None if due == "none" else item.due_at is not None and item.due_at < ends[due]

    for due, sort in itertools.product(("overdue", "today", "week", "none"), SORTS):
        found = everything(engine, busy, due=due, sort=sort)
        assert found
        assert found == [item for item in everything(engine, busy, sort=sort) if fits(item, due)]


def test_filters_by_node_requester_and_waiting_find_the_same_as_looking_at_each_line(engine, clock, busy):
    whole = everything(engine, busy)
    with engine.unit_of_work(busy, read_only=True) as uow:
        starters = {row.id: row.starter_id for row in uow.execute(select(instance.c.id, instance.c.starter_id))}
    requester = starters[whole[3].instance_id]

    clock.advance(NOW + timedelta(days=3, minutes=1) - clock.now())
    assert everything(engine, busy, requester=requester) == [
        item for item in whole if starters[item.instance_id] == requester
    ]
    assert everything(engine, busy, node="check", waiting_days=3) == whole
    assert everything(engine, busy, waiting_days=4) == []
    assert everything(engine, busy, node="other") == []
    assert everything(engine, busy, returned=True) == []


def test_filters_find_the_same_as_looking_at_each_line(engine, busy):
    whole = everything(engine, busy)
    wanted = whole[5].title[-3:]

    found = everything(engine, busy, limit=3, text=wanted)

    assert found == [item for item in whole if wanted in item.title or wanted in (item.number or "")]
    assert everything(engine, busy, process="nothing") == []
    assert everything(engine, busy, process="p") == whole


def test_counts_are_of_one_person_and_end_somewhere(engine, busy, monkeypatch):
    with engine.unit_of_work(busy, read_only=True) as uow:
        counts = tasks.count(uow)
        claimable = tasks.inbox(uow, "claimable", limit=5).items
    with engine.unit_of_work(Actor(UUID(int=5)), read_only=True) as uow:
        nobody = tasks.count(uow), tasks.inbox(uow).items

    monkeypatch.setitem(tasks.inbox.__globals__, "COUNT_LIMIT", 5)
    with engine.unit_of_work(busy, read_only=True) as uow:
        capped = tasks.count(uow)

    assert capped == {"todo": 6, "claimable": 6, "copied": 0}
    assert counts["todo"] == len(visible(engine, busy))
    assert 0 < counts["claimable"] <= counts["todo"]
    assert all(item.claimable and not item.mine for item in claimable)
    assert nobody == ({"todo": 0, "claimable": 0, "copied": 0}, [])


@pytest.mark.parametrize(
    "options",
    [
        {"cursor": "x"},
        {"cursor": "1.zz"},
        {"sort": "random"},
        {"box": "secret"},
        {"due": "never"},
        {"waiting_days": -1},
        {"cursor": "1.00000000000000000000000000000000.ffff"},
    ],
)
def test_a_page_that_cannot_be_is_refused(engine, options):
    with engine.unit_of_work(ENGINE) as uow:
        person = identity.create_user(uow, "ann", "Ann").id

    with engine.unit_of_work(Actor(person), read_only=True) as uow, pytest.raises(InvalidValue):
        tasks.inbox(uow, **options)


@pytest.mark.parametrize("sort", SORTS)
def test_the_page_is_read_from_an_index_without_sorting_a_principals_rows(engine, sort):
    busy = Actor(fill(engine, TASKS))
    with engine.unit_of_work(busy, read_only=True) as uow:
        places = _places(uow, "todo")
        parameters = keys_parameters(engine.dialect, places, FIRST[sort], 21, sort)
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
        key = {"due": "PRIMARY KEY", "priority": "COVERING INDEX inbox_priority"}
        assert all(key.get(sort, "COVERING INDEX inbox_newest") in step for step in searches)
    else:
        plan = json.dumps(rows[0][0])
        assert "Seq Scan" not in plan
        nodes = list(walk(rows[0][0][0]["Plan"]))
        scans = [node for node in nodes if node.get("Relation Name") == "inbox"]
        assert [node["Node Type"] for node in scans] == ["Index Only Scan"]
        sorts = [node for node in nodes if node["Node Type"].endswith("Sort")]
        assert len(sorts) == 1, "the merge of the lists is the only sort"
        assert "Nested Loop" in sorts[0]["Plans"][0]["Node Type"]


def test_counting_stops_in_each_box_however_many_lists_it_has(engine, monkeypatch):
    busy = Actor(fill(engine, TASKS))
    monkeypatch.setitem(tasks.inbox.__globals__, "COUNT_LIMIT", 5)
    with engine.unit_of_work(busy, read_only=True) as uow:
        places = _places(uow, "todo")
        lists = {box: [principal for principal, of in places if of is box] for box in Box}
        statement = count_statement(engine.dialect, lists)
        parameters = count_parameters(engine.dialect, lists)
        explain = "EXPLAIN QUERY PLAN" if engine.dialect == "sqlite" else "EXPLAIN (ANALYZE, FORMAT JSON)"
        if engine.dialect == "postgresql":
            uow.execute(text("SET LOCAL enable_bitmapscan = off"))
        rows = uow.execute(text(f"{explain} {statement.text}"), parameters).all()

    if engine.dialect == "sqlite":
        searches = [row.detail for row in rows if "inbox" in row.detail]
        assert all(step.startswith("SEARCH inbox USING COVERING INDEX") for step in searches)
        assert len(searches) == len(places)
    else:
        scans = [node for node in walk(rows[0][0][0]["Plan"]) if node.get("Relation Name") == "inbox"]
        assert {node["Node Type"] for node in scans} == {"Index Only Scan"}
        assert sum(node["Actual Rows"] * node["Actual Loops"] for node in scans) <= 2 * 6, "of hundreds of rows"


def test_a_person_keeps_his_lists_under_names_of_his_own(engine):
    with engine.unit_of_work(ENGINE) as uow:
        ann, bob = (Actor(identity.create_user(uow, login, login.title()).id) for login in ("ann", "bob"))

    with engine.unit_of_work(ann) as uow:
        kept = tasks.save_view(uow, " late ", {"due": "overdue"})
        tasks.save_view(uow, "claims", {"process": "claim"})
    with engine.unit_of_work(ann) as uow:
        tasks.save_view(uow, "late", {"due": "today"})

    with engine.unit_of_work(ann, read_only=True) as uow:
        assert [(view.name, view.query) for view in tasks.views(uow)] == [
            ("late", {"due": "today"}), ("claims", {"process": "claim"}),
        ]  # fmt: skip
    with engine.unit_of_work(bob) as uow:
        assert tasks.views(uow) == []
        with pytest.raises(NotFound):
            tasks.remove_view(uow, kept.id)
    with engine.unit_of_work(ann) as uow:
        tasks.remove_view(uow, kept.id)
        assert [view.name for view in tasks.views(uow)] == ["claims"]
        with pytest.raises(InvalidValue):
            tasks.save_view(uow, "x" * 61, {})


def walk(node):
    yield node
    for child in node.get("Plans", ()):
        yield from walk(child)
