"""Words on pages that are not the reader's: of the other language, and names that only machines use."""

import json
import re
from mimetypes import guess_type
from typing import Any

from playwright.sync_api import Page

from engine import identity
from engine.unit_of_work import ENGINE
from tests.browser.conftest import Site
from webui import catalogues, node

_PARTS = ("designer_zh", "zh", "decisions_zh", "form_zh", "form_builder_zh")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_ENGLISH = re.compile(r"\b[A-Za-z][a-z’']+(?:,? [a-z’']{2,})+\b")
DATA = frozenset(("service", "approved", "安然", "Powered by bpmn.io"))
"""a rate of VAT, a step that has no name, who holds an account at a bank, the mark"""
_KEY = re.compile(r"[a-z][a-z0-9]*(?:[_.][a-z0-9]+)+")


class Words:
    """What pages say in both languages, and what people, groups and departments are called in both."""

    def __init__(self, site: Site) -> None:
        self.chinese = dict(catalogues.translated("zh"))
        for name in _PARTS:
            self.chinese |= _flat(json.loads((node.ASSETS / "i18n" / f"{name}.json").read_text(encoding="utf-8")))
        said = {text for of, text in self.chinese.items() if text != of}
        with site.engine.unit_of_work(ENGINE, read_only=True) as uow:
            named = [*identity.users(uow, limit=1000), *identity.groups(uow), *identity.org_units(uow)]
            self.of_chinese = said | {one.name for one in named if one.name_en and one.name_en != one.name}

    def strange(self, page: Page) -> list[str]:
        """Texts of the page that its reader should not meet."""
        judge = self._in_chinese if page.locator("html").get_attribute("lang") != "en" else self._in_english
        shown, told = ({text.strip() for text in texts} - DATA for texts in page.evaluate(TEXTS))
        keys = [f"machine name: {text}" for text in shown if _KEY.fullmatch(text) and guess_type(text) == (None, None)]
        told = {text for text in told if text != text.lower() or " " in text}  # a key, for experts
        return sorted(keys + [f"of the other language: {text}" for text in shown | told if judge(text)])

    def _in_chinese(self, text: str) -> bool:
        other = self.chinese.get(text, text) != text or _ENGLISH.search(text)
        return bool(other and not _CHINESE.search(text))

    def _in_english(self, text: str) -> bool:
        return bool(_CHINESE.search(text)) and text in self.of_chinese


def _flat(words: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in words.items():
        found |= _flat(value) if isinstance(value, dict) else {key: value}
    return found


TEXTS = """() => {
  const own = `code, pre, script, style, template, textarea, datalist, noscript, [lang]:not(html), .djs-container,
    .cm-editor, tk-form, .tk-sample`;
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), shown = [], told = [];
  while (walk.nextNode()) if (!walk.currentNode.parentElement.closest(own)) shown.push(walk.currentNode.data);
  for (const name of ['placeholder', 'aria-label', 'title'])
    for (const one of document.querySelectorAll(`[${name}]`)) if (!one.closest(own)) told.push(one.getAttribute(name));
  return [shown, told];
}"""
"""but those for experts, those that say of themselves that they are of a language, drawings, expressions and forms"""
