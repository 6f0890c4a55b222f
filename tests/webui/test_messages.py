"""What a person was told, what he wants to be told, and the robots of chat groups."""

from sqlalchemy import insert, select

from engine import notices
from engine.db.base import metadata
from engine.db.notice import notice_robot
from engine.ids import uuid7
from engine.unit_of_work import ENGINE


def told(engine, user_id, link=""):
    notice = metadata.tables["notification_notice"]
    with engine.unit_of_work(ENGINE) as uow:
        row = {"id": uuid7(), "user_id": user_id, "title": "Your request: completed", "text": "BX001", "link": link}
        uow.execute(insert(notice), {**row, "created_at": uow.now})
        return row["id"]


def test_unread_messages_are_counted_and_opening_one_reads_it(sign_in, engine, people):
    key = told(engine, people["ann"].id, "/requests/mine")
    told(engine, people["ann"].id)
    ann = sign_in("ann")
    assert "2 unread messages" in ann.get("/messages/").text

    answer = ann.post(f"/messages/{key}/open")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/requests/mine")
    assert "1 unread messages" in ann.get("/messages/badge").text
    ann.post("/messages/read")
    assert "unread messages" not in ann.get("/messages/").text


def test_nobody_opens_the_messages_of_others(sign_in, engine, people):
    key = told(engine, people["ann"].id)

    assert sign_in("bob").post(f"/messages/{key}/open").status_code == 404
    assert "1 unread messages" in sign_in("ann").get("/messages/").text


def test_settings_keep_what_is_ticked_and_results_stay(sign_in, engine, people):
    ann = sign_in("ann")
    assert "Results of my requests" in ann.get("/messages/settings").text

    form = {"wanted": ["urge app", "todo app"], "quiet_from": "22:00", "quiet_to": "08:00", "every": "hour"}
    assert ann.post("/messages/settings", data=form).status_code == 303
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        chosen = notices.chosen(uow, people["ann"].id)
        quiet = notices.quiet_hours(uow, people["ann"].id)
        assert notices.digest(uow, people["ann"].id) == ("hour", "09:00")
    assert sorted(key for key, wanted in chosen.items() if wanted) == [
        ("policy", "app"), ("result", "app"), ("todo", "app"), ("urge", "app"),
    ]  # fmt: skip
    assert quiet == ("22:00", "08:00")


def test_what_only_administrators_are_told_stands_in_their_settings_alone(sign_in):
    for login, stands in (("ann", False), ("root", True)):
        assert ("receiver_off app" in sign_in(login).get("/messages/settings").text) is stands


def test_wrong_quiet_hours_are_explained_and_nothing_is_stored(sign_in, engine, people):
    ann = sign_in("ann")
    ann.get("/messages/settings")

    answer = ann.post("/messages/settings", data={"wanted": "todo app", "quiet_from": "22:00"})

    assert answer.status_code == 422
    assert "two different times" in answer.text
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert notices.chosen(uow, people["ann"].id)["todo", "app"] is False


def test_the_interface_lists_reads_and_keeps_preferences_but_never_without_results(sign_in, engine, people):
    keys = [str(told(engine, people["ann"].id)) for _ in range(3)]
    ann = sign_in("ann")

    page = ann.get("/api/v1/notices/?limit=2").json
    rest = ann.get(f"/api/v1/notices/?limit=2&after={page['notices'][-1]['id']}").json
    assert [one["id"] for one in (*page["notices"], *rest["notices"])] == keys[::-1]
    assert ann.post(f"/api/v1/notices/{keys[0]}/read").status_code == 204
    assert ann.get("/api/v1/notices/?unread=true").json["unread"] == 2
    assert sign_in("bob").post(f"/api/v1/notices/{keys[1]}/read").status_code == 404
    assert ann.post("/api/v1/notices/read").status_code == 204
    assert ann.get("/api/v1/notices/?unread=true").json == {"unread": 0, "notices": []}

    wanted = {"events": [{"event": "cc", "channel": "mail", "wanted": True}], "digest": "day", "digest_at": "18:00"}
    kept = ann.put("/api/v1/notices/preferences", json=wanted).json
    assert {"event": "cc", "channel": "mail", "wanted": True} in kept["events"]
    assert ann.get("/api/v1/notices/preferences").json == kept
    assert (kept["digest"], kept["digest_at"]) == ("day", "18:00")
    silent = {"events": [{"event": "result", "channel": "app", "wanted": False}]}
    assert ann.put("/api/v1/notices/preferences", json=silent).status_code == 422
    assert ann.put("/api/v1/notices/preferences", json=wanted | {"digest": "week"}).status_code == 422


def test_robots_are_for_administrators_and_show_no_secret(sign_in, engine):
    ann = sign_in("ann")
    ann.get("/messages/")
    form = {"kind": "dingtalk", "name": "Finance", "url": "https://oapi.dingtalk.com/robot/send?access_token=T0K3N",
            "secret": "SEC123", "events": ["todo"]}  # fmt: skip
    assert ann.get("/messages/robots").status_code == 403
    assert ann.post("/messages/robots", data=form).status_code == 403

    root = sign_in("root")
    root.get("/messages/robots")
    assert root.post("/messages/robots", data=form).status_code == 303
    shown = root.get("/messages/robots").text
    assert "Finance" in shown
    assert "T0K3N" not in shown
    assert "SEC123" not in shown
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        key = uow.execute(select(notice_robot.c.id)).scalar_one()
    root.post(f"/messages/robots/{key}/remove")
    assert "No robots" in root.get("/messages/robots").text


def test_a_robot_that_could_not_post_is_explained(sign_in):
    root = sign_in("root")
    root.get("/messages/robots")

    answer = root.post("/messages/robots", data={"kind": "wecom", "name": "x", "url": "ftp://x", "events": "todo"})

    assert answer.status_code == 422
    assert "https://" in answer.text
