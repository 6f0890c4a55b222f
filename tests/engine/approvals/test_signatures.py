"""Signatures by hand: required by the drawing, sealed to one decision and its form, never used twice."""

import pytest
from sqlalchemy import text, update

from engine import tasks
from engine.approvals import rounds
from engine.db.document import blob
from engine.db.task import work_item
from engine.errors import BatchNotAllowed, SignatureRequired, WrongSignature
from engine.tasks import Sent, signatures
from engine.unit_of_work import ENGINE
from tests.engine.approvals.office import approval

SIGNED = '<troika:signature required="true"/>'
LINES = [[[10, 20], [60, 80], [120, 30], [180, 90]], [[200, 100], [300, 60]]]
OTHER = [[[15, 20], [60, 80], [120, 30], [180, 90]], [[200, 100], [300, 60]]]
DRAWN = Sent("drawn", strokes=LINES)


def signed_at(office, instance):
    with office.engine.unit_of_work(ENGINE, read_only=True) as uow:
        return signatures.of_instance(uow, instance)


def test_a_decision_without_the_signature_that_the_drawing_asks_for_is_refused(office):
    instance = office.begin(approval("check", SIGNED, users="bob"), form=True)

    with pytest.raises(SignatureRequired):
        office.act("bob", tasks.agree)
    with pytest.raises(SignatureRequired):
        office.act("bob", tasks.reject, "no")
    with pytest.raises(SignatureRequired):
        office.act("bob", tasks.add_after, ["eve"])
    office.act("bob", tasks.agree, signature=DRAWN)

    (item,) = office.rows(instance)
    (found,) = signed_at(office, instance).values()
    assert (found.kind, found.name, found.intact, item.signature_id is not None) == ("drawn", "Bob", True, True)
    assert found.strokes == [[tuple(point) for point in line] for line in LINES]
    fact = office.facts(instance, "task.decided")[0].data
    assert fact["signature"] == str(item.signature_id)
    assert fact["signature_digest"] == signatures.sha256(found.picture).hex()


def test_no_signature_is_used_twice_and_no_copy_of_a_stored_one_is_taken(office):
    office.begin(approval("check", SIGNED, users="bob,eve,fay"))
    office.act("bob", tasks.agree, signature=DRAWN)
    office.do("fay", signatures.store, OTHER)

    for copied in (DRAWN, Sent("drawn", strokes=OTHER)):
        with pytest.raises(WrongSignature):
            office.act("eve", tasks.agree, signature=copied)
    with pytest.raises(WrongSignature):
        office.act("eve", tasks.agree, signature=Sent("stored"))
    office.act("fay", tasks.agree, signature=Sent("stored"))


def test_a_stored_signature_signs_again_each_time_for_that_decision_only(office):
    instance = office.begin(approval("a", SIGNED, users="bob"), approval("b", SIGNED, users="bob"))
    office.act("bob", tasks.agree, signature=Sent("drawn", strokes=LINES, keep=True))
    office.act("bob", tasks.agree, signature=Sent("stored"))

    first, second = sorted(signed_at(office, instance).values(), key=lambda one: one.kind)
    assert (first.kind, second.kind, first.picture) == ("drawn", "stored", second.picture)
    assert first.intact
    assert second.intact


def test_a_typed_name_is_the_name_of_whoever_signs(office):
    instance = office.begin(approval("check", SIGNED, users="bob"))

    for wrong in ("Eve", "", "  "):
        with pytest.raises(WrongSignature):
            office.act("bob", tasks.agree, signature=Sent("typed", name=wrong))
    office.act("bob", tasks.agree, signature=Sent("typed", name=" ｂob "))

    (found,) = signed_at(office, instance).values()
    assert (found.kind, found.strokes, b">Bob<" in found.picture or b"<text" in found.picture) == ("typed", [], True)


@pytest.mark.parametrize(
    "strokes",
    [
        [], [[]], [[[1, 1]]], [[[1, 1], [2, 2], [3, 3], [4, 4], [5, 5]]], [["ab"]], 7, [[[1, 2, 3]]],
        [[[0, 0], [601, 0], [1, 1], [9, 9], [80, 80]]], [[[0.5, 1], [100, 100]]], [[[True, 1], [100, 100]]],
        [[[n % 600, 7] for n in range(6000)]],
    ],
)  # fmt: skip
def test_what_is_no_drawn_signature_is_refused(strokes):
    with pytest.raises(WrongSignature):
        signatures.drawn(strokes)


def test_a_changed_decision_or_picture_is_seen(office):
    instance = office.begin(approval("check", SIGNED, users="bob,eve,fay"))
    for login, lines in (("bob", LINES), ("eve", OTHER)):
        office.act(login, tasks.agree, signature=Sent("drawn", strokes=lines))
    of = {row.assignee_id: row for row in office.rows(instance)}
    bob, eve = of[office.who["bob"].user_id], of[office.who["eve"].user_id]

    with office.engine.unit_of_work(ENGINE) as uow:
        if office.engine.dialect == "postgresql":
            uow.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            uow.execute(text("DROP TRIGGER work_item_frozen"))
        uow.execute(update(work_item).where(work_item.c.id == bob.id).values(form_digest=bytes(32)))
        digest = signatures.sha256(signatures.drawn(OTHER))
        uow.execute(update(blob).where(blob.c.digest == digest).values(content=signatures.drawn(LINES)))

    found = signed_at(office, instance)
    assert (found[bob.id].intact, found[eve.id].intact) == (False, False)
    with office.engine.unit_of_work(ENGINE) as uow:  # the record tells of both too: put them back
        if office.engine.dialect == "postgresql":
            uow.execute(text("SET LOCAL session_replication_role = replica"))
        uow.execute(update(work_item).where(work_item.c.id == bob.id).values(form_digest=bob.form_digest))
        uow.execute(update(blob).where(blob.c.digest == digest).values(content=signatures.drawn(OTHER)))


def test_signatures_are_offered_or_not_as_drawn_and_never_given_in_a_batch(office):
    offered = approval("check", '<troika:signature required="false"/>', users="bob")
    batch = approval("both", SIGNED, '<troika:buttons batch="true"/>', users="bob")
    office.begin(offered, approval("plain", users="bob"), batch)

    assert office.view("bob").signature == "offered"
    office.act("bob", tasks.agree)
    with pytest.raises(WrongSignature):
        office.act("bob", tasks.agree, signature=DRAWN)
    office.act("bob", tasks.agree)
    assert office.view("bob").signature == "required"
    (result,) = tasks.agree_many(office.engine, office.who["bob"], [tasks.Chosen(office.item("bob"), "x")])
    assert isinstance(result.error, BatchNotAllowed)


def test_what_opened_a_round_before_signatures_asks_for_none(office):
    office.begin(approval("check", users="bob"))
    with office.engine.unit_of_work(ENGINE, read_only=True) as uow:
        row = uow.execute(rounds.user_task.select()).one()
    row.spec.pop("signature", None)

    assert rounds.load(row).signature == "never"
