"""Where a request comes from, over real HTTP; the database does not matter here."""

import html
import re

import httpx
import pytest

from tests.browser.chromium import served, signed_in
from tests.webui.conftest import site_of

FORM, API = "/requests/start/claim", "/api/v1/instances/"
TYPED = {"data": '{"reason": "a train to Hefei", "amount": 12}'}


@pytest.fixture
def engine(_sqlite, clock):
    yield from _sqlite.lend(clock)


@pytest.fixture
def ann(app, engine, people):
    """A client in which ann has signed in, and the token of a page of hers."""
    with served(site_of(engine, locale="en", site_url="https://oa.example.com")) as address:
        cookie = signed_in(app, people["ann"], address)
        with httpx.Client(base_url=address, headers={"Accept-Language": "en"}, trust_env=False) as client:
            client.cookies.set(cookie["name"], cookie["value"], domain="127.0.0.1")
            token = re.search(r'name="csrf-token" content="([^"]+)"', client.get(FORM).text)[1]
            client.headers["X-CSRFToken"] = token
            yield client


def started(client):
    """Requests that ann has made."""
    return len(set(re.findall(r'href="/requests/([0-9a-f-]{36})', client.get("/requests/mine").text)))


def test_only_a_page_of_the_site_may_have_a_browser_send_something(ann):
    own = str(ann.base_url).rstrip("/")
    port = ann.base_url.port

    def answer(**headers):
        return ann.post("/language", data={"language": "en", "next": "/"}, headers=headers).status_code

    ours = [
        {}, {"Origin": own}, {"Referer": f"{own}/inbox/"}, {"Origin": own.replace("http:", "https:")},
        {"Origin": "https://oa.example.com"}, {"Origin": own, "Referer": "https://evil.example/"},
        {"Origin": "https://OA.example.com:443"}, {"Host": "oa.example.net:443", "Origin": "https://oa.example.net"},
    ]  # fmt: skip
    foreign = [
        {"Origin": "null"}, {"Origin": "https://evil.example"}, {"Referer": "https://evil.example/?" + own},
        {"Origin": f"http://127.0.0.1:{port + 1}"}, {"Origin": f"http://localhost:{port}"}, {"Origin": "http://[x"},
        {"Origin": "http://oa.example.com"}, {"Origin": "https://oa.example.com.evil.example"},
        {"Origin": "https://evil.example", "Referer": own}, {"Origin": "file://127.0.0.1"}, {"Origin": "http://a:b"},
        {"Origin": "https://evil.example", "X-Forwarded-Host": "evil.example"},
    ]  # fmt: skip
    assert [(one, answer(**one)) for one in ours] == [(one, 303) for one in ours]
    assert [(one, answer(**one)) for one in foreign] == [(one, 403) for one in foreign]
    assert ann.get("/", headers={"Origin": "https://evil.example"}).status_code == 200


def test_what_was_typed_is_on_the_page_that_refuses_and_can_be_sent_from_there(ann):
    sent = {**TYPED, "csrf_token": ann.headers["X-CSRFToken"]}

    refused = ann.post(FORM, data=sent, headers={"Origin": "null", "Referer": "https://evil.example/a"})

    said = html.unescape(refused.text)
    assert (refused.status_code, "found a page that hides its address. Nothing was done." in said, started(ann)) == (
        403,
        True,
        0,
    )
    assert "evil.example" not in said
    typed = dict(
        re.findall(r'name="(data|csrf_token|request_id)" value="([^"]*)"', said.replace(TYPED["data"], "DATA"))
    )
    assert typed["data"] == "DATA"
    typed |= TYPED
    assert ann.post(FORM, data=typed, headers={"Origin": str(ann.base_url).rstrip("/")}).status_code == 303
    assert started(ann) == 1


def test_a_proxy_that_drops_the_port_is_told_of_with_what_its_operator_has_to_do(ann):
    behind = {"Host": "oa.example.net", "Origin": "https://oa.example.net:8443", "Accept-Language": "zh"}
    sent = {"data": {"language": "zh"}, "headers": behind}

    refused = ann.post("/language", **sent)

    said = html.unescape(refused.text)
    assert refused.status_code == 403
    assert "或把 TROIKA_SITE_URL 设为 https://oa.example.net:8443" in said
    assert "proxy_set_header Host $http_host" in said
    other = ann.post("/language", data={}, headers=behind | {"Origin": "https://evil.example:8443"})
    assert "设为" not in html.unescape(other.text)
    assert ann.post(API, json={}, headers=behind).json()["code"] == "foreign_origin"


def test_a_call_of_the_interface_and_a_part_of_a_page_are_refused_in_their_own_shape(ann):
    body = {"key": "claim", "variables": {"reason": "a train to Hefei", "amount": 12}}

    refused = ann.post(API, json=body, headers={"Origin": "https://evil.example"})

    assert (refused.status_code, refused.json()["code"]) == (403, "foreign_origin")
    assert refused.json()["facts"] == {"expected": ann.base_url.netloc.decode(), "found": "evil.example"}
    part = ann.post(FORM, data=TYPED, headers={"Origin": "https://evil.example", "HX-Request": "true"})
    assert (part.status_code, "<html" in part.text, "a train to Hefei" in part.text) == (403, False, True)
    assert started(ann) == 0
    assert ann.post(API, json=body).status_code == 201  # a program: no Origin
    assert started(ann) == 1
