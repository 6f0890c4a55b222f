"""The language of a page is chosen once, may be another one for a while, and its words escape what stands in them."""

import pytest

from webui import languages


def test_a_report_may_speak_another_language_than_its_reader_and_the_reader_keeps_his(app):
    words = app.jinja_env.from_string("{{ _('Inbox') }} {{ language() }}")
    with app.test_request_context(headers={"Accept-Language": "zh"}):
        before = words.render()
        with languages.speaking("en"):
            inside = words.render()
        with pytest.raises(LookupError), languages.speaking("en"):
            raise LookupError
        after = words.render()

    assert (before, inside, after) == ("待办 zh", "Inbox en", "待办 zh")


def test_words_of_a_template_escape_what_stands_in_them(app):
    text = "{{ _('Saved: %(name)s.', name=name) }} {{ _('a & b, 5 %%') }}"
    with app.test_request_context(headers={"Accept-Language": "zh"}):
        assert app.jinja_env.from_string(text).render(name="<b>") == "已保存：&lt;b&gt;。 a & b, 5 %"
