"""Why a decision table decided as it did: read on the page of a request, on a desk and on a phone."""

import json

import pytest
from sqlalchemy import select

from engine.db.history import history_text
from engine.history import VALUES
from engine.unit_of_work import ENGINE
from tests.browser import chromium

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def judged(demo_site):
    """A request of the demo that a table judged, read by a rule that has two inputs."""
    with demo_site.engine.unit_of_work(ENGINE, read_only=True) as uow:
        texts = select(history_text.c.instance_id, history_text.c.text).where(history_text.c.name == VALUES)
        told = [(row.instance_id, json.loads(row.text)) for row in uow.execute(texts)]
        return next(of for of, read in told if len(read.get("why", [{"inputs": []}])[0]["inputs"]) > 1)


@pytest.mark.parametrize(("language", "why", "width"), [("zh-CN", "依据", "phone"), ("en-US", "Why", "desk")])
def test_a_person_reads_why(site, judged, language, why, width):
    page = site.enter("adam", language=language, width=width)
    site.open(page, f"/requests/{judged}")

    page.locator(".tk-why summary", has_text=why).first.click()

    reasons = page.locator(".tk-why[open]").first
    reasons.scroll_into_view_if_needed()
    assert reasons.locator("tbody tr").count() > 1
    assert not chromium.scrolls_sideways(page)
    assert chromium.violations(page, ".tk-timeline") == []
    site.picture(page, f"reasons_{'phone_' if width == 'phone' else ''}{language[:2]}")
