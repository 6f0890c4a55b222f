"""The language of a page is chosen once, may be another one for a while, and its words escape what stands in them."""

import ast
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import webui
from engine.errors import NotFound
from webui import catalogues, errors, languages


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


def test_what_there_is_not_is_named_in_chinese(app):
    kinds = catalogues.kinds()
    assert {"calendar", "revision", "user"} <= kinds
    with app.test_request_context(headers={"Accept-Language": "zh"}):
        said = {kind: errors.explain(NotFound(kind=kind, key="7")) for kind in kinds}

    assert {kind: text for kind, text in said.items() if re.search("[a-z]{3}", text.replace("Webhook", ""))} == {}


NO_WORDS = {"Troika", "Ctrl", "Enter", "Timestamp", "Signature"}
PROSE = re.compile(r"\b[A-Z][a-z]+\b|(?<![\w-])[a-z]{2,} [a-z]{2,}(?![\w-])")


class Shown(HTMLParser):
    """What a template shows without asking for its translation."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.said, self.inside = [], []

    def handle_starttag(self, tag, attrs):
        self.inside.append(tag)
        self.said += [text or "" for name, text in attrs if name in ("title", "aria-label", "placeholder", "alt")]

    def handle_endtag(self, tag):
        while self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data):
        if not self.inside or self.inside[-1] not in ("script", "style", "code", "kbd"):
            self.said.append(data)


def untranslated(template):
    shown = Shown()
    shown.feed(re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}", "", template, flags=re.DOTALL))
    return [word for text in shown.said for word in PROSE.findall(text) if word not in NO_WORDS]


def test_no_template_shows_a_word_that_nobody_translates():
    files = (Path(languages.__file__).parent / "templates").rglob("*.html")

    assert {(file.name, word) for file in files for word in untranslated(file.read_text())} == set()
    assert untranslated('<p>Planted {{ one }}</p><a title="also here"></a>') == ["Planted", "also here"]


def unmarked(source):
    """What a rule or an error says without asking for its translation."""
    for node in ast.walk(ast.parse(source)):
        said = []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Remark":
            said = node.args[1:3]
        elif isinstance(node, ast.ClassDef):
            lines = [one for one in node.body if isinstance(one, ast.Assign | ast.AnnAssign)]
            said = [one.value for one in lines if re.match("(message|hint)[ :]", ast.unparse(one))]
        yield from (one.value for one in said if isinstance(one, ast.Constant) and one.value)


def test_what_rules_and_errors_say_is_marked_for_translation():
    root = Path(languages.__file__).parent.parent
    files = [file for places in ("engine/**/*.py", "webui/*.py", "webui/*/*.py") for file in root.glob(places)]
    texts = [file.read_text() for file in files]

    assert [one for text in texts if "Remark(" in text or "Error)" in text for one in unmarked(text)] == []
    planted = 'Remark(node, "Planted.")\nclass One(EngineError):\n    message = N_("Marked.")\n    hint = "Not."'
    assert list(unmarked(planted)) == ["Not.", "Planted."]


def test_a_label_is_parted_from_its_value_by_the_colon_of_its_language():
    """`{{ label }}{{ _(': ') }}{{ value }}`: Chinese has a colon of full width, and no space after it."""
    pages = (Path(webui.__file__).parent / "templates").rglob("*.html")
    written = [page.name for page in pages if re.search(r"[%}]\}: ", page.read_text())]
    assert written == []
