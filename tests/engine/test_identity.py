"""Accounts, passwords, groups, the management line, substitution, permissions."""

from datetime import timedelta

import pytest
from argon2 import Type, extract_parameters

from engine import history, identity
from engine.errors import (
    AlreadyExists,
    Forbidden,
    InvalidSubstitution,
    LoginLocked,
    NotFound,
    WeakPassword,
)
from engine.unit_of_work import ENGINE, Actor


def company(uow) -> None:
    """Boss leads everything; cyd leads sales, bob and ann work there; ann's named manager is bob."""
    identity.create_user(uow, "boss", "老板")
    identity.create_org_unit(uow, "all", "公司", leader="boss")
    identity.create_user(uow, "cyd", "Cyd")
    identity.create_org_unit(uow, "sales", "销售部", name_en="Sales", parent="all", leader="cyd")
    identity.create_org_unit(uow, "shop", "门店", parent="sales")
    identity.change_user(uow, identity.user(uow, "cyd").id, org_unit="sales")
    identity.create_user(uow, "bob", "Bob", org_unit="shop", position="店长")
    identity.create_user(uow, "ann", "Ann", org_unit="shop", manager="bob")


def test_a_right_password_opens_and_a_wrong_one_does_not(engine):
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_user(uow, "ann", "Ann", password="correct horse")
        identity.create_user(uow, "svc", "Service", service=True)
    with engine.unit_of_work(ENGINE) as uow:
        found = identity.authenticate(uow, "ann", "correct horse")
        assert found is not None
        assert found.login == "ann"
        assert identity.authenticate(uow, "ann", "wrong") is None
        assert identity.authenticate(uow, "nobody", "wrong") is None
        assert identity.authenticate(uow, "svc", "") is None


def test_passwords_are_hashed_as_slowly_as_the_guide_asks_for(slow_hasher):
    """OWASP Password Storage Cheat Sheet; other tests hash more quickly."""
    asked = extract_parameters(slow_hasher.hash("correct horse"))

    assert (asked.type, asked.memory_cost, asked.time_cost, asked.parallelism) == (Type.ID, 19_456, 2, 1)


def test_a_password_is_compared_outside_and_believed_only_as_long_as_nothing_changed(engine):
    with engine.unit_of_work(ENGINE) as uow:
        ann = identity.create_user(uow, "ann", "Ann", password="correct horse").id
        identity.create_user(uow, "svc", "Service", service=True)
    right = identity.check_password(engine, "ann", "correct horse")
    wrong = identity.check_password(engine, "ann", "guess")
    nobody = [identity.check_password(engine, login, "nobody has this password") for login in ("nobody", "svc")]
    assert [checked.right for checked in (right, wrong, *nobody)] == [True, False, False, False]
    with engine.unit_of_work(ENGINE) as uow:
        assert identity.authenticate(uow, "ann", "correct horse", right) is not None
        assert identity.authenticate(uow, "ann", "guess", wrong) is None
        assert identity.authenticate(uow, "svc", "nobody has this password", nobody[1]) is None

    with engine.unit_of_work(ENGINE) as uow:
        identity.set_password(uow, ann, "battery staple")

    with engine.unit_of_work(ENGINE) as uow:
        assert identity.authenticate(uow, "ann", "correct horse", right) is None
        identity.disable(uow, ann)
        assert identity.authenticate(uow, "ann", "correct horse", right) is None


def test_guesses_made_at_the_same_time_are_counted_one_after_the_other(engine):
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_user(uow, "ann", "Ann", password="correct horse")
    wrong = [identity.check_password(engine, "ann", "guess") for _ in range(identity.FREE_ATTEMPTS)]
    right = identity.check_password(engine, "ann", "correct horse")
    with engine.unit_of_work(ENGINE) as uow:
        assert [identity.authenticate(uow, "ann", "guess", each) for each in wrong] == [None] * len(wrong)

    with pytest.raises(LoginLocked), engine.unit_of_work(ENGINE) as uow:
        identity.authenticate(uow, "ann", "correct horse", right)
    with pytest.raises(LoginLocked):
        identity.check_password(engine, "ann", "correct horse")


def test_guessing_is_slowed_down_and_ends_with_the_lock(engine, clock):
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_user(uow, "ann", "Ann", password="correct horse")
    for _ in range(identity.FREE_ATTEMPTS):
        with engine.unit_of_work(ENGINE) as uow:
            assert identity.authenticate(uow, "ann", "guess") is None

    with pytest.raises(LoginLocked) as locked, engine.unit_of_work(ENGINE) as uow:
        identity.authenticate(uow, "ann", "correct horse")
    assert locked.value.status == 429
    clock.advance(timedelta(seconds=31))
    with engine.unit_of_work(ENGINE) as uow:
        assert identity.authenticate(uow, "ann", "guess") is None
    clock.advance(timedelta(seconds=31))
    with pytest.raises(LoginLocked), engine.unit_of_work(ENGINE) as uow:
        identity.authenticate(uow, "ann", "correct horse")
    clock.advance(timedelta(seconds=30))
    with engine.unit_of_work(ENGINE) as uow:
        assert identity.authenticate(uow, "ann", "correct horse") is not None


@pytest.mark.parametrize("password", ["short", "annannann"])
def test_a_weak_password_is_refused(engine, password):
    with engine.unit_of_work(ENGINE) as uow, pytest.raises(WeakPassword):
        identity.create_user(uow, "annannann", "Ann", password=password)


def test_a_new_password_ends_sessions_and_a_disabled_account_stays_out(engine):
    with engine.unit_of_work(ENGINE) as uow:
        ann = identity.create_user(uow, "ann", "Ann", password="correct horse")
        identity.set_password(uow, ann.id, "battery staple")
        assert identity.user(uow, "ann").session_epoch == ann.session_epoch + 1
        assert identity.authenticate(uow, "ann", "correct horse") is None
        identity.disable(uow, ann.id)
        assert identity.authenticate(uow, "ann", "battery staple") is None
        identity.enable(uow, ann.id)
        assert identity.authenticate(uow, "ann", "battery staple") is not None


def test_what_exists_is_not_made_twice_and_what_does_not_is_named(engine):
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_user(uow, "ann", "Ann")
        identity.create_group(uow, "g", "G")
        identity.create_org_unit(uow, "u", "U")
        for again in (
            lambda: identity.create_user(uow, "ann", "Ann"),
            lambda: identity.create_group(uow, "g", "G"),
            lambda: identity.create_org_unit(uow, "u", "U"),
        ):
            with pytest.raises(AlreadyExists):
                again()
        for missing in (
            lambda: identity.user(uow, "zoe"),
            lambda: identity.group(uow, "zoo"),
            lambda: identity.find_org_unit(uow, "moon"),
        ):
            with pytest.raises(NotFound):
                missing()


def test_people_are_found_by_every_way_of_naming_them(engine):
    with engine.unit_of_work(ENGINE) as uow:
        ann = identity.create_user(uow, "ann", "Ann")
        bob = identity.create_user(uow, "bob", "Bob")
        references = [{"id": str(bob.id)}, "ann", str(ann.id), ann.id, {"login": "ann"}, "nobody", None, 7, {}]

        assert identity.find(uow, references) == [bob, ann]


def test_groups_give_capabilities_and_admin_gives_all(engine):
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "analysts", "分析师", capabilities="designer cockpit")
        identity.create_group(uow, "admins", "管理员", capabilities="admin")
        ann, bob, eve = (identity.create_user(uow, login, login).id for login in ("ann", "bob", "eve"))
        identity.add_member(uow, "analysts", ann)
        identity.add_member(uow, "analysts", ann)
        identity.add_member(uow, "admins", bob)
        assert identity.may(uow, "anything")

    def may(actor: Actor, capability: str) -> bool:
        with engine.unit_of_work(actor, read_only=True) as uow:
            return identity.may(uow, capability)

    assert [may(Actor(ann), word) for word in ("designer", "cockpit", "people")] == [True, True, False]
    assert may(Actor(bob), "people")
    assert not may(Actor(eve), "designer")
    assert not may(Actor(None, source="web"), "designer")
    with engine.unit_of_work(ENGINE) as uow:
        identity.remove_member(uow, "analysts", "ann")
    assert not may(Actor(ann), "designer")
    with pytest.raises(Forbidden), engine.unit_of_work(Actor(eve)) as uow:
        identity.require(uow, "people")


def test_the_management_line_climbs_named_managers_and_department_leaders(engine):
    with engine.unit_of_work(ENGINE) as uow:
        company(uow)
        line = identity.management_line(uow, identity.user(uow, "ann").id)
        leaders = identity.leaders_of(uow, identity.find_org_unit(uow, "shop").id)

        assert [person.login for person in line] == ["bob", "cyd", "boss"]
        assert [person.login for person in leaders] == ["cyd", "boss"]
        assert identity.manager_of(uow, identity.user(uow, "boss").id) is None


def test_a_circle_of_managers_ends(engine):
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_user(uow, "ann", "Ann")
        bob = identity.create_user(uow, "bob", "Bob", manager="ann")
        identity.change_user(uow, identity.user(uow, "ann").id, manager="bob")

        assert [person.login for person in identity.management_line(uow, bob.id)] == ["ann"]


def test_a_person_as_expressions_see_him(engine):
    with engine.unit_of_work(ENGINE) as uow:
        company(uow)
        ann = identity.user(uow, "ann")

        assert identity.context_of(uow, ann.id) == {
            "id": str(ann.id), "login": "ann", "name": "Ann", "department": "shop", "department_name": "门店",
            "position": "", "manager": "bob",
        }  # fmt: skip


def test_a_substitute_acts_for_a_time_and_never_in_a_chain(engine, clock):
    week = (clock.now(), clock.now() + timedelta(days=7))
    with engine.unit_of_work(ENGINE) as uow:
        ids = {login: identity.create_user(uow, login, login).id for login in ("ann", "bob", "eve")}
        identity.create_group(uow, "g", "G")
        identity.add_member(uow, "g", "eve")
        identity.substitute(uow, "ann", "bob", *week)
        identity.substitute(uow, "bob", "eve", *week)

        assert identity.principals_of(uow, ids["eve"]) == [ids["eve"], identity.group(uow, "g").id, ids["bob"]]
        assert identity.principals_of(uow, ids["bob"]) == [ids["bob"], ids["ann"]]
        assert len(identity.substitutions(uow, ids["bob"])) == 2
    clock.advance(timedelta(days=8))
    with engine.unit_of_work(ENGINE) as uow:
        assert identity.principals_of(uow, ids["bob"]) == [ids["bob"]]


def test_a_substitution_that_cannot_be_is_refused(engine, clock):
    now, later = clock.now(), clock.now() + timedelta(days=1)
    with engine.unit_of_work(ENGINE) as uow:
        ann = identity.create_user(uow, "ann", "Ann")
        identity.create_user(uow, "ann2", "Ann", person_id=ann.id)
        identity.create_user(uow, "bob", "Bob")
        gone = identity.create_user(uow, "gone", "Gone")
        identity.disable(uow, gone.id)
        for arguments in (
            ("ann", "ann", now, later), ("ann", "ann2", now, later), ("ann", "bob", later, now),
            ("ann", "gone", now, later),
        ):  # fmt: skip
            with pytest.raises(InvalidSubstitution):
                identity.substitute(uow, *arguments)
        made = identity.substitute(uow, "ann", "bob", now, later)
        with pytest.raises(InvalidSubstitution):
            identity.substitute(uow, "ann", "bob", now, later)
    with pytest.raises(Forbidden), engine.unit_of_work(Actor(gone.id)) as uow:
        identity.end_substitution(uow, made.id)
    with engine.unit_of_work(Actor(ann.id)) as uow:
        identity.end_substitution(uow, made.id)
        assert identity.substitutions(uow, ann.id) == []


def test_users_are_listed_page_by_page_and_searched(engine):
    with engine.unit_of_work(ENGINE) as uow:
        for login in ("ann", "bob", "eve"):
            identity.create_user(uow, login, f"100% {login}", name_en=login.title())
        identity.disable(uow, identity.user(uow, "eve").id)

        assert [person.login for person in identity.users(uow, limit=1)] == ["ann"]
        assert [person.login for person in identity.users(uow, after="ann")] == ["bob"]
        assert [person.login for person in identity.users(uow, disabled=True)] == ["ann", "bob", "eve"]
        assert [person.login for person in identity.users(uow, search="0% B")] == ["bob"]
        assert identity.users(uow, search="_") == []


def test_acts_on_people_are_on_record(engine):
    with engine.unit_of_work(ENGINE) as uow:
        ann = identity.create_user(uow, "ann", "Ann")
        identity.disable(uow, ann.id)

        assert [row.kind for row in history.acts(uow, identity.SCOPE)] == ["user.disabled", "user.created"]


def test_a_person_is_asked_for_once_per_transaction_and_anew_after_a_change(engine):
    with engine.unit_of_work(ENGINE) as uow:
        company(uow)
    with engine.unit_of_work(ENGINE) as uow:
        ann = identity.user(uow, "ann")
        before = uow.statements
        assert identity.find(uow, [ann.id, {"login": "ann"}, str(ann.id)]) == [ann]
        assert uow.statements == before

        assert identity.change_user(uow, ann.id, name="Anna").name == "Anna"
        assert identity.user(uow, "ann").name == "Anna"
        assert identity.find(uow, ["dan"]) == []
        with pytest.raises(AlreadyExists), uow.savepoint():
            _create_twice(uow, "dan")
        assert identity.find(uow, ["dan"]) == []


def _create_twice(uow, login: str) -> None:
    identity.create_user(uow, login, "Once")
    assert identity.user(uow, login).name == "Once"
    identity.create_user(uow, login, "Twice")
