"""Every address is closed to strangers, and every page opens for whoever may see it, whole and as a fragment."""

from decimal import Decimal

import pytest
from sqlalchemy import insert

from engine import ids
from engine.db.base import metadata
from engine.unit_of_work import ENGINE

PUBLIC = {
    "login.form", "login.sign_in", "login.sign_out", "login.language", "login.theme", "health.live", "health.ready",
    "build", "verifying.verify",
}  # fmt: skip


def test_every_address_asks_strangers_to_sign_in(app, client):
    open_to_all = set()
    for rule in app.url_map.iter_rules():
        if rule.endpoint in PUBLIC or "GET" not in rule.methods:
            continue
        values = {name: _example(converter) for name, converter in rule._converters.items()}
        with app.test_request_context():
            address = rule.build(values)[1]
        status = client.get(address).status_code
        if status not in (302, 303, 401):
            open_to_all.add((rule.endpoint, status))

    assert open_to_all == set()


def _example(converter):
    name = type(converter).__name__
    if name == "UUIDConverter":
        return "0192f7a0-0000-7000-8000-000000000000"
    return min(converter.items) if name == "AnyConverter" else "x"


@pytest.mark.parametrize(
    "address",
    ["/", "/menu", "/inbox/", "/inbox/?box=claimable", "/inbox/?box=done", "/requests/", "/requests/mine",
     "/requests/start/claim", "/messages/", "/records/", "/cockpit/", "/cockpit/instances",
     "/cockpit/instances?status=RUNNING&trouble=1&text=x&process=claim", "/cockpit/incidents", "/cockpit/jobs",
     "/cockpit/jobs?state=DEAD", "/cockpit/versions/claim", "/cockpit/audit", "/people/", "/people/?search=an",
     "/people/groups", "/workdays/", "/api/v1/openapi.json", "/api/v1/definitions/", "/api/v1/tasks/"],
)  # fmt: skip
def test_every_page_opens_for_an_administrator(sign_in, address):
    root = sign_in("root")

    response = root.get(address)

    assert response.status_code == 200, response.text[:2000]
    if response.mimetype == "text/html":
        assert response.headers["Cache-Control"] == "no-store"
        assert "HX-Request" in response.headers["Vary"]
        assert "unsafe-eval" not in response.headers["Content-Security-Policy"]
        assert 'lang="en"' in response.text
        fragment = root.get(address, headers={"HX-Request": "true"})
        assert fragment.status_code == 200


def test_record_pages_name_states_in_the_language_of_the_reader(engine, sign_in):
    key = ids.uuid7()
    with engine.unit_of_work(ENGINE) as uow:
        row = {"id": key, "name": "云途", "lifecycle": "dormant", "credit_limit": Decimal(0), "created_at": uow.now}
        uow.execute(insert(metadata.tables["crm_party"]), row)
    root = sign_in("root")

    pages = [root.get(address).text for address in ("/records/crm_party", f"/records/crm_party/{key}")]
    root.post("/language", data={"language": "zh"})
    chinese = [root.get(address).text for address in ("/records/crm_party", f"/records/crm_party/{key}")]

    assert all("dormant" in text for text in pages)
    assert all("沉睡" in text and "dormant" not in text for text in chinese)


def test_whoever_designs_finds_a_new_approval_and_the_templates_on_the_home_page(sign_in):
    links = ('href="/designer/approvals/new"', 'href="/designer/templates/"')

    assert [link in sign_in("root").get("/").text for link in links] == [True, True]
    assert [link in sign_in("ann").get("/").text for link in links] == [False, False]
