"""Signing in and out, throttling, the language of the pages."""

from tests.webui.conftest import PASSWORD


def _enter(client, login, password, **more):
    client.get("/login")
    return client.post("/login", data={"login": login, "password": password} | more)


def test_a_person_signs_in_is_led_where_he_wanted_and_signs_out(client):
    assert client.get("/inbox/?box=done").location == "/login?next=/inbox/?box%3Ddone"

    response = _enter(client, "ann", PASSWORD, next="/inbox/?box=done")
    assert (response.status_code, response.location) == (303, "/inbox/?box=done")
    assert client.get("/").status_code == 200

    client.post("/logout")
    assert client.get("/").location.startswith("/login")


def test_nobody_is_led_to_another_site(client):
    for elsewhere in ("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"):
        assert _enter(client, "ann", PASSWORD, next=elsewhere).location == "/"
        client.post("/logout")


def test_a_wrong_password_does_not_say_which_part_is_wrong(client):
    wrong, unknown = _enter(client, "ann", "wrong password"), _enter(client, "nobody", "wrong password")

    assert (wrong.status_code, unknown.status_code) == (401, 401)
    assert "Name or password is not right." in wrong.text
    assert "Name or password is not right." in unknown.text


def test_too_many_wrong_passwords_lock_the_account_for_a_while(client):
    statuses = [_enter(client, "ann", "wrong password").status_code for _ in range(6)]

    assert statuses == [401] * 5 + [429]
    assert _enter(client, "ann", PASSWORD).status_code == 429


def test_a_new_password_ends_the_sessions_of_the_account(sign_in, people):
    ann, root = sign_in("ann"), sign_in("root")

    changed = root.post(f"/people/{people['ann'].id}/password", data={"new_password": "another good one"})

    assert changed.status_code == 303
    assert ann.get("/").location.startswith("/login")


def test_the_language_stays_with_the_account(app, sign_in):
    ann = sign_in("ann")
    assert "My open tasks" in ann.get("/").text

    ann.post("/language", data={"language": "zh", "next": "/"})

    page = sign_in_again(app, ann)
    assert 'lang="zh-CN"' in page
    assert "我的待办" in page


def test_light_or_dark_stays_with_the_browser(client, sign_in):
    ann = sign_in("ann")
    assert 'data-bs-theme="light">\n<head>' in ann.get("/").text

    asked = ann.post("/theme", data={"theme": "dark", "next": "/inbox/"})

    assert (asked.status_code, asked.location) == (303, "/inbox/")
    assert 'data-bs-theme="dark">\n<head>' in ann.get("/inbox/").text
    ann.post("/logout")
    assert 'data-bs-theme="dark">\n<head>' in ann.get("/login").text
    assert 'data-bs-theme="light">\n<head>' in client.get("/login").text
    ann.post("/theme", data={"theme": "url(x)"})
    assert 'data-bs-theme="dark">\n<head>' in ann.get("/login").text


def sign_in_again(app, visitor):
    """The same account in another browser that prefers English."""
    other = app.test_client()
    with visitor.session_transaction() as old, other.session_transaction() as new:
        new.update(old)
    return other.get("/", headers={"Accept-Language": "en"}).text


def test_demo_accounts_are_offered_only_where_demo_people_are(client):
    assert "data-fill" not in client.get("/login").text
