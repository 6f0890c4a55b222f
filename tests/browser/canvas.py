"""What the canvas of the designer makes of a file: opened, saved, and compared with what it was, and how it looks."""

import io
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from lxml import etree
from PIL import Image, ImageChops
from playwright.sync_api import Page

from webui import node

MIWG = Path(__file__).parents[3] / "shared" / "conformance" / "data" / "miwg"
"""the reference files of the Model Interchange Working Group, where they lie beside the project"""
TOLERANCE = 12
"""of 255, as pages are compared"""


def references(page: Page, paths: Iterable[Path]) -> dict[str, tuple[list[Any], int]]:
    """File -> the elements that differ after the canvas has opened and saved it, and the pixels that differ between our
    own drawing of it before and after. `page`: of the designer.

    An element is (name, whether it belongs to the model, attributes, text).
    """
    found = {}
    for path in paths:
        saved, *pictures = page.evaluate(
            """async xml => {
              const { modeler } = tkDesigner;
              await modeler.importXML(xml);
              const { svg } = await modeler.saveSVG(), saved = (await modeler.saveXML()).xml;
              await modeler.importXML(saved);
              return [saved, svg, (await modeler.saveSVG()).svg];
            }""",
            path.read_bytes().decode(),
        )
        before, after = _parts(path.read_bytes()), _parts(saved.encode())
        parts = [*(before - after).elements(), *(after - before).elements()]
        found[path.name] = parts, _pixels(*(_picture(page, svg) for svg in pictures))
    return found


def _picture(page: Page, svg: str) -> Image.Image:
    shown = page.context.new_page()
    shown.set_content(svg)
    taken = Image.open(io.BytesIO(shown.screenshot(full_page=True))).convert("L")
    shown.close()
    return taken


def _pixels(before: Image.Image, after: Image.Image) -> int:
    """How many differ by more than TOLERANCE; all of them when the sizes do."""
    if before.size != after.size:
        return before.width * before.height
    return sum(ImageChops.difference(before, after).histogram()[TOLERANCE + 1 :])


def _parts(xml: bytes) -> Counter[tuple[Any, ...]]:
    """Every element with its attributes and text; numbers as numbers, without what is said by default anyway."""
    return Counter(
        (
            etree.QName(one).localname,
            DRAWN not in one.tag and "/DD/" not in one.tag,
            tuple(sorted(_said(one))),
            (one.text or "").strip(),
        )
        for one in etree.fromstring(xml).iter(etree.Element)
    )


def _said(element: Any) -> Iterator[tuple[str, str]]:
    for name, text in element.attrib.items():
        if text not in BY_DEFAULT.get(name, ()):
            yield name, _number(text)


def _by_default() -> dict[str, set[str]]:
    """Attribute -> what the standard's own schema takes it to be when it is absent."""
    found = defaultdict(set)
    schema = node.ASSETS / "node_modules/bpmn-moddle/resources/bpmn/json/bpmn.json"
    for kind in json.loads(schema.read_text(encoding="utf-8"))["types"]:
        for one in kind.get("properties", ()):
            if "default" in one:
                found[one["name"]].add(
                    str(one["default"]).lower() if isinstance(one["default"], bool) else str(one["default"])
                )
    return found


BY_DEFAULT, DRAWN = _by_default(), "/BPMN/20100524/DI"


def _number(text: str) -> str:
    try:
        return f"{float(text):g}"
    except ValueError:
        return text
