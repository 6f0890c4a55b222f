"""The working calendar on a desk and on a phone, in both languages."""

import pytest

from tests.browser import chromium

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("language", "width"), [("zh-CN", "phone"), ("en-US", "desk")])
def test_the_year_and_the_days_to_confirm_fit_the_screen(site, language, width):
    page = site.enter("adam", language=language, width=width)
    site.open(page, "/workdays/cn?year=2026")
    assert page.locator(".tk-month").count() == 12
    assert not chromium.scrolls_sideways(page)
    assert chromium.violations(page, "#content") == []

    page.fill("#day", "2026-12-24")
    page.fill("#note", "x" * 60)
    page.locator("form[aria-labelledby=day-title] button").click()

    page.locator("textarea[name=days]").wait_for(state="attached")
    assert not chromium.scrolls_sideways(page)
    assert chromium.violations(page, "#content") == []
