"""Each template as somebody meets it: chosen, played, published and started by an employee of the demo company.

Those of `templates/`; processes of the library, which are offered too, are played and deployed as they are elsewhere.
"""

import json
import re

import pytest

from engine import identity, scenarios
from engine.unit_of_work import ENGINE
from engine.values import to_plain
from tests.processes.test_templates import LIBRARY
from tests.webui.conftest import site_of
from tests.webui.publishing import publish
from webui.designer import gallery

OFFERED = [found for found in gallery.listed(LIBRARY) if found.folder.name == "templates"]
JSON = {"Accept": "application/json"}


@pytest.fixture
def engine(_company_sqlite, clock):
    yield from _company_sqlite[0].lend(clock)


@pytest.fixture
def people(engine):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return {user.login: user for user in identity.users(uow, limit=1000)}


@pytest.fixture
def app(engine):
    return site_of(engine, locale="zh", library=LIBRARY)


@pytest.mark.main_job
@pytest.mark.slow
def test_each_template_is_chosen_played_published_and_started_as_it_is(sign_in, engine):
    chen, told = sign_in("chen"), {f"our_{found.key}": first(found) for found in OFFERED}
    done = {key: [] for key in told}
    for found, key in zip(OFFERED, told, strict=True):
        answer = {"key": key, "name": "我们的", "name_en": "Ours", "category": "mine"}
        done[key].append(chen.post(f"/designer/templates/{found.key}", data=answer).status_code)
    for key, (who, given) in told.items():
        drawn = re.findall(r'id="designer-data">(.*?)</script>', chen.get(f"/designer/edit/{key}").text)
        sent = {"xml": json.loads(drawn[0])["xml"], "person": who, "given": given, "steps": []}
        done[key].append(chen.post(f"/designer/play/{key}", json=sent, headers=JSON).status_code)
    for key in told:
        done[key].append(publish(chen, key).status_code)
    for key, (who, given) in told.items():
        done[key].append(sign_in(who).post(f"/requests/start/{key}", data={"data": json.dumps(given)}).status_code)

    assert {key: codes for key, codes in done.items() if codes != [303, 200, 303, 303]} == {}


def first(found):
    """Who starts the first scenario of a template, and what he fills in."""
    story = scenarios.read(found.scenarios.read_text("utf-8"), "s", found.key)[0]
    return story.person, json.loads(json.dumps(to_plain(dict(story.given)), default=str))
