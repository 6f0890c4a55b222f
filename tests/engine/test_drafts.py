"""Drafts: rows with a version, so that two analysts notice each other."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from engine import drafts, identity, operations, tasks
from engine.db.draft import draft_lock
from engine.drafts.revisions import ASIDE, Revision, superfluous
from engine.errors import AlreadyExists, InvalidValue, NotFound, SecondPersonNeeded, StaleDraft
from engine.ids import uuid7
from engine.repository import deploy
from engine.unit_of_work import ENGINE, Actor, UnitOfWork
from tests.engine.bpmn.drawing import END, START, drawing, flows, user

PATH = "processes/oa/claim.bpmn"
FORM = "forms/oa/claim.json"


def test_a_draft_is_saved_opened_listed_and_discarded(engine):
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, PATH, b"one", name="报销")
        saved = drafts.save(uow, PATH, b"two", version=1)
        drafts.save(uow, "forms/oa/claim.json", b"{}")

        assert (saved.version, saved.kind, saved.key, saved.name) == (2, "process", "claim", "报销")
        assert drafts.open_(uow, PATH).content == b"two"
        assert [(one.path, one.key) for one in drafts.list_(uow)] == [
            ("forms/oa/claim.json", "oa/claim"),
            (PATH, "claim"),
        ]
        drafts.discard(uow, PATH)
        for missing in (drafts.open_, drafts.discard):
            with pytest.raises(NotFound):
                missing(uow, PATH)


def test_a_second_tab_is_told_that_the_draft_has_changed(engine):
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, PATH, b"one")
        drafts.save(uow, PATH, b"two", version=1)
        with pytest.raises(StaleDraft) as stale:
            drafts.save(uow, PATH, b"mine", version=1)
        with pytest.raises(AlreadyExists):
            drafts.save(uow, PATH, b"mine")

        assert stale.value.facts == {"path": PATH, "found": 2, "seen": 1}
        assert drafts.open_(uow, PATH).content == b"two"


def test_a_draft_of_a_form_is_overtaken_by_the_version_after_it_whatever_the_clock_says(engine, clock):
    form = b'{"id": "oa/claim", "components": [{"id": "a", "type": "number", "key": "a", "label": "A"}]}'
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, FORM, form)
        deploy(uow, {FORM: form})
        assert [one.overtaken for one in drafts.list_(uow)] == [True], "in the instant of the save"
    clock.advance(timedelta(seconds=-1))  # a request that began before, waited for the deployment, and has seen it
    with engine.unit_of_work(ENGINE) as uow:
        assert drafts.save(uow, FORM, form.replace(b'"A"', b'"B"'), version=1).overtaken is False
        assert drafts.save(uow, PATH, b"one").overtaken is False


@pytest.mark.parametrize("engine", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_whoever_saves_a_form_keeps_others_from_deploying_it_until_he_is_done(engine):
    lock = select(func.pg_try_advisory_xact_lock(func.hashtextextended(f"draft {FORM}", 0)))
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, FORM, b"{}")
        with uow.connection.engine.connect() as other:
            assert other.execute(lock).scalar() is False


@pytest.mark.parametrize(
    "path",
    [
        "claim.bpmn", "processes/claim.bpmn", "forms/oa/claim.bpmn", "processes/oa/claim.exe", "processes/../x/a.bpmn",
        "/processes/oa/a.bpmn", "processes/.git/a.bpmn", "processes\\oa\\a.bpmn", "processes/oa/" + "a" * 300 + ".bpmn",
    ],
)  # fmt: skip
def test_a_path_outside_the_library_is_refused(engine, path):
    with engine.unit_of_work(ENGINE) as uow, pytest.raises(InvalidValue):
        drafts.save(uow, path, b"")


FOREIGN = (
    b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"'
    b' xmlns:camunda="http://camunda.org/schema/1.0/bpmn">'
    b'<process id="leave" name="Leave" isExecutable="true">'
    b'<userTask id="t" camunda:assignee="${boss}" camunda:asyncAfter="true"/></process></definitions>'
)


def test_a_foreign_drawing_becomes_a_draft_with_a_report_until_it_is_put_away(engine):
    with engine.unit_of_work(ENGINE) as uow:
        imported = drafts.import_drawing(uow, "leave.bpmn", FOREIGN, "oa")
        draft = drafts.open_(uow, "processes/oa/leave.bpmn")

        assert (imported.draft.key, draft.name, draft.report.dialect) == ("leave", "Leave", "Camunda 7")
        assert draft.report.notes == imported.translation.notes
        assert b'assignee="= boss"' in draft.content

        drafts.save(uow, draft.path, b"<changed/>", version=1)
        assert drafts.open_(uow, draft.path).report == draft.report
        drafts.put_report_away(uow, draft.path)
        assert drafts.open_(uow, draft.path).report is None


CLOUD = b"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="urn:t"
 xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"><process id="cloud" isExecutable="true"><startEvent id="s"/>
 <serviceTask id="charge" name="Charge"><extensionElements><zeebe:taskDefinition type="charge-card"/>
 </extensionElements></serviceTask><serviceTask id="tell"><extensionElements><zeebe:taskDefinition type="notify.tell"/>
 </extensionElements></serviceTask><endEvent id="e"/><sequenceFlow id="f" sourceRef="s" targetRef="charge"/>
 <sequenceFlow id="g" sourceRef="charge" targetRef="tell"/><sequenceFlow id="h" sourceRef="tell" targetRef="e"/>
 </process></definitions>"""


def test_the_report_of_an_import_from_camunda_8_names_job_types_that_nobody_does_here(engine):
    with engine.unit_of_work(ENGINE) as uow:
        drafts.import_drawing(uow, "cloud.bpmn", CLOUD, "oa")

        report = drafts.open_(uow, "processes/oa/cloud.bpmn").report
    named = {note.element_id: note.facts["type"] for note in report.notes if "type" in note.facts}
    assert (report.dialect, named["charge"]) == ("Camunda 8", "charge-card")
    assert ("tell" in named) == ("notify.tell" not in operations.catalog())


def test_an_import_writes_over_a_draft_only_when_told_and_can_take_another_id(engine):
    with engine.unit_of_work(ENGINE) as uow:
        drafts.import_drawing(uow, "leave.bpmn", FOREIGN, "oa")
        with pytest.raises(AlreadyExists):
            drafts.import_drawing(uow, "leave.bpmn", FOREIGN, "oa")
        again = drafts.import_drawing(uow, "leave.bpmn", FOREIGN, "oa", replace=True)
        other = drafts.import_drawing(uow, "leave.bpmn", FOREIGN, "oa", key="holiday")

        assert (again.draft.version, other.draft.key) == (2, "holiday")
        assert b'<process id="holiday"' in drafts.open_(uow, other.draft.path).content


def test_a_file_that_cannot_be_read_leaves_no_draft(engine):
    with engine.unit_of_work(ENGINE) as uow:
        imported = drafts.import_drawing(uow, "broken.bpmn", b"<definitions>\n<process", "oa")

        assert imported.draft is None
        assert (imported.translation.refusal.rule, imported.translation.refusal.line) == ("xml-not-well-formed", 2)
        assert drafts.list_(uow) == []


TABLE = b"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="who" namespace="urn:t">
 <decision id="who" name="who"><variable name="who"/><literalExpression id="l"><text>"ann"</text></literalExpression>
 </decision></definitions>"""


def test_decisions_that_a_drawing_asks_are_found_also_where_they_say_who_is_asked(engine):
    asks = '<troika:assignment strategy="decision" decisionId="who"/>'
    asking = drawing(START + user("a", asks) + END + flows("start a end"), process_id="p")
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, "processes/oa/who.dmn", TABLE, version=0)
        drafts.save(uow, "processes/oa/other.dmn", TABLE.replace(b'"who"', b'"other"'), version=0)

        found = drafts.decisions_of(uow, asking)

    assert {path: sorted(ids) for path, (_, ids) in found.items()} == {"processes/oa/who.dmn": ["who"]}


WITH_FORM = FOREIGN.replace(
    b' camunda:asyncAfter="true"/>',
    b'><extensionElements><camunda:formData><camunda:formField id="days" label="Days" type="long"/></camunda:formData>'
    b"</extensionElements></userTask>",
)


def test_a_form_that_stands_in_a_foreign_drawing_becomes_a_draft_beside_it(engine):
    with engine.unit_of_work(ENGINE) as uow:
        imported = drafts.import_drawing(uow, "leave.bpmn", WITH_FORM, "oa")
        drawing = drafts.open_(uow, "processes/oa/leave.bpmn").content

        assert [(form.path, form.kind, form.key) for form in imported.forms] == [
            ("forms/oa/leave_t.json", "form", "oa/leave_t")
        ]
        assert list(drafts.forms_of(uow, drawing)) == ["forms/oa/leave_t.json"]
        assert drafts.forms_of(uow, b"<definitions") == {}
        assert drafts.import_drawing(uow, "leave.bpmn", WITH_FORM, "oa", replace=True).forms[0].version == 2
        drafts.discard(uow, "processes/oa/leave.bpmn")
        with pytest.raises(AlreadyExists, match="leave_t"):
            drafts.import_drawing(uow, "leave.bpmn", WITH_FORM, "oa")


# ---------------------------------------------------------------- who edits


def test_one_person_edits_until_his_lease_is_over_or_somebody_takes_over(engine, clock):
    ann, bob = (Actor(uuid7()) for _ in range(2))

    def hold(who, **options):
        with engine.unit_of_work(who) as uow:
            return drafts.locking.hold(uow, PATH, **options).holder

    assert (hold(ann), hold(bob), hold(ann)) == (ann.user_id, ann.user_id, ann.user_id)
    clock.advance(timedelta(seconds=40))
    hold(ann)
    clock.advance(timedelta(seconds=40))
    assert hold(bob) == ann.user_id
    assert hold(bob, take=True) == hold(ann) == bob.user_id
    clock.advance(timedelta(seconds=60))
    assert hold(ann) == ann.user_id
    with engine.unit_of_work(bob) as uow:
        drafts.locking.let_go(uow, PATH)
        assert drafts.locking.holder(uow, PATH).holder == ann.user_id
    with engine.unit_of_work(ann) as uow:
        drafts.locking.let_go(uow, PATH)
        assert drafts.locking.holder(uow, PATH) is None


def test_whoever_comes_in_the_moment_in_which_another_person_lets_go_edits(engine, monkeypatch):
    ann, bob = (Actor(uuid7()) for _ in range(2))
    with engine.unit_of_work(ann) as uow:
        drafts.locking.hold(uow, PATH)
    with engine.unit_of_work(bob) as uow:
        ask = UnitOfWork.execute

        def let_go_first(self, statement, *parameters):
            if statement.is_select:
                monkeypatch.undo()
                ask(self, draft_lock.delete())
            return ask(self, statement, *parameters)

        monkeypatch.setattr(UnitOfWork, "execute", let_go_first)

        assert drafts.locking.hold(uow, PATH).holder == bob.user_id


def test_a_second_account_of_whoever_drew_it_is_no_second_person(engine):
    with engine.unit_of_work(ENGINE) as uow:
        ann = identity.create_user(uow, "ann", "Ann")
        boss = identity.create_user(uow, "ann2", "Ann", person_id=ann.person_id)
        bob = identity.create_user(uow, "bob", "Bob")
    files = {PATH: b"drawn"}
    with engine.unit_of_work(Actor(ann.id)) as uow:
        drafts.save(uow, PATH, b"drawn")
        drafts.reviewing.ask(uow, PATH, files, "look")

    def approve(who):
        with engine.unit_of_work(Actor(who.id)) as uow:
            drafts.reviewing.decide(uow, PATH, files, approved=True, opinion="")
            return drafts.reviewing.standing(uow, PATH).decided_by

    for who in (ann, boss):
        with pytest.raises(SecondPersonNeeded):
            approve(who)
    assert approve(bob) == bob.id


def test_the_opinion_of_one_review_is_erased_and_the_same_words_about_another_draft_stay(engine):
    other = PATH.replace("claim", "trip")
    with engine.unit_of_work(ENGINE) as uow:
        ann, bob = (identity.create_user(uow, login, login) for login in ("ann", "bob"))
    for path in (PATH, other):
        with engine.unit_of_work(Actor(ann.id)) as uow:
            drafts.save(uow, path, b"drawn")
            drafts.reviewing.ask(uow, path, {path: b"drawn"}, "look")
        with engine.unit_of_work(Actor(bob.id)) as uow:
            drafts.reviewing.decide(uow, path, {path: b"drawn"}, approved=True, opinion="同意")

    with engine.unit_of_work(ENGINE) as uow:
        first = tasks.written_with_acts(uow, "draft")[0][0]
        tasks.erase_act(uow, "draft", first, "the law")

        told = [drafts.reviewing.standing(uow, path).opinion for path in (PATH, other)]
        assert (told, [words for _, name, words in tasks.written_with_acts(uow, "draft") if name == "opinion"]) == (
            ["", "同意"], ["同意"],
        )  # fmt: skip


def test_whoever_drew_it_is_an_author_although_somebody_else_saved_last_until_it_is_deployed(engine, clock):
    drawn, form = drawing(START + user("a") + END + flows("start a end")), "forms/oa/claim.json"
    with engine.unit_of_work(ENGINE) as uow:
        ann, bob, carl = (identity.create_user(uow, login, login) for login in ("ann", "bob", "carl"))

    def save(who, path, content, version):
        with engine.unit_of_work(Actor(who.id)) as uow:
            drafts.save(uow, path, content, version=version)
        clock.advance(timedelta(seconds=1))

    def authors():
        with engine.unit_of_work(ENGINE) as uow:
            return drafts.revisions.authors(uow, [PATH, form])

    save(ann, PATH, drawn, 0)
    save(bob, PATH, drawn + b"\n", 1)
    save(carl, form, b"{}", 0)
    assert authors() == {ann.id, bob.id, carl.id}

    with engine.unit_of_work(ENGINE) as uow:
        deploy(uow, {PATH: drawn + b"\n"})
    clock.advance(timedelta(seconds=1))
    assert authors() == {bob.id, carl.id}  # who saved last is one either way
    save(carl, PATH, drawn, 2)
    assert authors() == {carl.id}


# ---------------------------------------------------------------- what a draft was


def test_what_was_saved_can_be_looked_up_after_the_draft_is_gone(engine, clock):
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, PATH, b"one")
    clock.advance(timedelta(minutes=6))
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, PATH, b"two", version=1)
        drafts.save(uow, PATH, b"three", version=2)
        drafts.discard(uow, PATH)
        drafts.revisions.put_aside(uow, PATH, b"mine")

        told = [(one.aside, drafts.revisions.open_(uow, one.id)[1]) for one in drafts.revisions.list_(uow, PATH)]
        assert told == [(True, b"mine"), (False, b"three"), (False, b"one")]
        with pytest.raises(NotFound):
            drafts.revisions.open_(uow, uuid7())


def test_the_older_a_state_is_the_fewer_are_kept_beside_it():
    now, ann, bob = datetime(2026, 3, 30, 12, tzinfo=UTC), uuid7(), uuid7()

    def saved(who, aside=False, **ago):
        return Revision(uuid7(), PATH, aside, who, now - timedelta(**ago))

    found = [
        saved(ann, minutes=1), saved(ann, minutes=2), saved(bob, minutes=3), saved(ann, minutes=4, aside=True),
        saved(ann, minutes=30), saved(ann, days=2, minutes=5), saved(ann, days=2, minutes=35),
        saved(ann, days=2, hours=3), saved(ann, days=20, hours=1), saved(ann, days=20, hours=2), saved(ann, days=22),
    ]  # fmt: skip

    assert superfluous(found, now) == [found[place].id for place in (1, 6, 9)]


def test_of_what_could_not_be_saved_the_last_of_each_person_are_kept():
    now, me, other = datetime(2026, 11, 23, tzinfo=UTC), uuid7(), uuid7()
    mine = [Revision(uuid7(), PATH, True, me, now - timedelta(days=day)) for day in range(ASIDE + 2)]
    theirs = Revision(uuid7(), PATH, True, other, now - timedelta(days=400))

    assert superfluous([*mine, theirs], now) == [one.id for one in mine[ASIDE:]]
