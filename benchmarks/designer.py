"""How the flowchart behaves in a real Chromium: `python -m benchmarks.designer [--rounds N] [--miwg FOLDER]`.

A site with demo data in this process, its pages in a headless browser on the same cores. A page measures itself: from
its navigation, from the question to what is shown, the longest task of its main thread. On a busy machine those are
mostly waiting: beside them stands the CPU time of the main thread (`threadTicks` of the browser's own metrics), or of
the thread that answers.
"""

import argparse
import io
import json
import logging
import os
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import thread_time
from typing import Any

from flask import Flask
from lxml import etree
from PIL import Image, ImageChops
from playwright.sync_api import Page, sync_playwright

from benchmarks.drawings import in_a_row
from engine import drafts, identity
from engine.process_engine import ProcessEngine
from engine.settings import Settings
from engine.unit_of_work import ENGINE
from tests.browser import chromium
from webui import create_app, demo, node

LIBRARY = Path(__file__).parents[1]
MIWG = LIBRARY.parent / "shared" / "conformance" / "data" / "miwg"
MANY, SOME = 300, 50
TOLERANCE = 12
"""of 255, as pages are compared"""
MOVES, TYPED = 40, "approve this request"
Took = Mapping[str, list[float]]
"""what was measured -> milliseconds, one of each round"""
CLAIM = {"category": "meal", "amount": 2000, "reason": "x"}
AIMS = {
    "open: canvas can be used": 1000, "open: main thread, CPU": None, "open: all is there, problems too": None,
    "300 tasks: import": 1000, "300 tasks: import, CPU": None, "300 tasks: save": 100,
    "300 tasks: drag, longest task": 50, "300 tasks: drag, CPU of one of 40 moves": 16,
    "300 tasks: type, slowest frame": 50, "300 tasks: type, CPU of one of 20 letters": 16,
    "300 tasks: undo": 100, "50 nodes: from the question to the problems": 300,
    "50 nodes: the question, CPU": 100, "a step of a trial, slowest": 150, "a step of a trial, slowest, CPU": 150,
    "20 scenarios, CPU": 2000,
}  # fmt: skip
"""milliseconds; none: not aimed at"""

WATCH = """() => {
  const seen = globalThis.tkSeen = { shapes: 0, ready: 0, tasks: [] };
  new PerformanceObserver(list => {
    seen.tasks.push(...list.getEntries().map(({ startTime, duration }) => [startTime, duration]));
  }).observe({ entryTypes: ['longtask'] });
  const look = () => {
    if (!seen.shapes && document.querySelector('#canvas .djs-shape')) seen.shapes = performance.now();
    if (!seen.ready && document.body?.dataset.ready !== undefined) seen.ready = performance.now();
    if (!seen.ready) requestAnimationFrame(look);
  };
  look();
}"""
FRAMES = """() => {
  const seen = globalThis.tkFrames = { from: performance.now(), gaps: [], going: true };
  let last = performance.now();
  const frame = () => {
    const now = performance.now();
    seen.gaps.push(now - last);
    last = now;
    if (seen.going) requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}"""
SEEN = """() => {
  const { from, gaps } = tkFrames;
  tkFrames.going = false;
  const tasks = tkSeen.tasks.filter(([at]) => at >= from).map(([, took]) => took);
  return { gap: Math.max(...gaps), task: Math.max(0, ...tasks) };
}"""


@contextmanager
def site(folder: Path) -> Iterator[tuple[Flask, str, dict[str, str]]]:
    """A site with demo data, its address, and the cookie of its analyst."""
    node.build(lambda _: None)
    settings = Settings(database_url=f"sqlite:///{folder / 'site.db'}", testing=True)
    demo.load(settings, "tiny", say=lambda _: None, progress=lambda *_: None)
    engine = ProcessEngine(settings)
    with engine.unit_of_work(ENGINE) as uow:
        for key, tasks in (("many", MANY), ("some", SOME)):
            drafts.save(uow, f"processes/oa/{key}.bpmn", in_a_row(key, tasks), name=key)
        chen = identity.user(uow, "chen")
    app = create_app(settings, engine)
    with chromium.served(app) as address:
        yield app, address, chromium.signed_in(app, chen, address)
    engine.dispose()


def opened(page: Page, key: str) -> Page:
    """The editor, ready."""
    page.goto(f"/designer/edit/{key}")
    page.wait_for_selector("body[data-ready]")
    return page


def cpu(page: Page) -> Callable[[], float]:
    """What the main thread of this page has used, in milliseconds of CPU, since it began."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})

    def used() -> float:
        told = devtools.send("Performance.getMetrics")["metrics"]
        return next(float(one["value"]) for one in told if one["name"] == "TaskDuration") * 1000

    return used


def ready(page: Page, rounds: int) -> Took:
    """Opening the editor, its files known to the browser."""
    opened(page, "expense_claim")
    said = defaultdict(list)
    for _ in range(rounds):
        new = page.context.new_page()
        used = cpu(new)
        shapes, whole = opened(new, "expense_claim").evaluate("[tkSeen.shapes, tkSeen.ready]")
        said["open: canvas can be used"].append(shapes)
        said["open: all is there, problems too"].append(whole)
        said["open: main thread, CPU"].append(used())
        new.close()
    return said


def large(page: Page, rounds: int) -> Took:
    """A drawing of 300 tasks: import, drag, type, undo, save."""
    opened(page, "many")
    used, said = cpu(page), defaultdict(list)
    for _ in range(rounds):
        for name, took in _once(page, used).items():
            said[f"300 tasks: {name}"].append(took)
    return said


def _once(page: Page, used: Callable[[], float]) -> dict[str, float]:
    before = used()
    took: dict[str, float] = page.evaluate(
        """async () => {
          const { modeler } = tkDesigner, { xml } = await modeler.saveXML(), began = performance.now();
          await modeler.importXML(xml);
          const imported = performance.now();
          await modeler.saveXML({ format: true });
          return { import: imported - began, save: performance.now() - imported };
        }"""
    )
    took["import, CPU"] = used() - before
    x, y = page.evaluate(
        """() => {
          const canvas = tkDesigner.modeler.get('canvas'), box = canvas.getContainer();
          const { left, top } = box.getBoundingClientRect();
          canvas.viewbox({ x: 800, y: 800, width: 1080, height: 800 });
          const { x, y } = tkDesigner.modeler.get('elementRegistry').get('task106');
          const { scale } = canvas.viewbox();
          return [left + (x + 50 - 800) * scale, top + (y + 40 - 800) * scale];
        }"""
    )
    page.wait_for_timeout(1500)  # what the import began has ended
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 10, y + 10)
    page.evaluate(FRAMES)
    before = used()
    for step in range(MOVES):
        page.mouse.move(x + 10 + 3 * step, y + 10 + 2 * step)
    took["drag, CPU of one of 40 moves"] = (used() - before) / MOVES
    page.mouse.up()
    took["drag, longest task"] = page.evaluate(SEEN)["task"]
    field = page.locator('[data-entry-id="name"] textarea, [data-entry-id="name"] [contenteditable]').first
    if not field.is_visible():
        page.click('[data-group-id="group-general"] .bio-properties-panel-group-header')
    field.click()
    page.wait_for_timeout(1500)
    page.evaluate(FRAMES)
    before = used()
    page.keyboard.type(TYPED, delay=60)
    page.wait_for_timeout(500)
    took["type, CPU of one of 20 letters"] = (used() - before) / len(TYPED)
    took["type, slowest frame"] = page.evaluate(SEEN)["gap"]
    took["undo"] = page.evaluate(
        """() => new Promise(done => {
          const began = performance.now();
          tkDesigner.modeler.get('commandStack').undo();
          requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)));
        })"""
    )
    page.wait_for_timeout(2500)
    return took


def problems(page: Page, rounds: int) -> Took:
    """From the question, which waits until nothing has changed for a moment, to the list below the drawing."""
    opened(page, "some")
    return {
        "50 nodes: from the question to the problems": [page.evaluate(LISTED, f"turn {turn}") for turn in range(rounds)]
    }


LISTED = """name => new Promise(done => {
  const m = tkDesigner.modeler, began = performance.now();
  const observer = new MutationObserver(() => {
    const asked = performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('/lint'))
      .filter(({ startTime }) => startTime > began);
    if (!asked.length) return;
    observer.disconnect();
    requestAnimationFrame(() => done(performance.now() - asked[0].startTime));
  });
  observer.observe(document.getElementById('problems'), { childList: true, subtree: true });
  m.get('modeling').updateProperties(m.get('elementRegistry').get('task7'), { name });
})"""


def trial(page: Page, rounds: int) -> Took:
    """The slowest question of a trial of a shipped claim that three people approve."""
    opened(page, "expense_claim")
    return {"a step of a trial, slowest": [max(page.evaluate(ASK, sent) for sent in _steps()) for _ in range(rounds)]}


def _steps() -> Iterator[dict[str, Any]]:
    steps: list[dict[str, Any]] = []
    for task, login in ((None, None), ("manager", "bob"), ("director", "sun"), ("finance", "jiangyi")):
        steps = [*steps, {"task": task, "as": login, "agree": {}}] if task else []
        yield {"person": "ann", "given": CLAIM, "steps": steps, "sample": False, "at": ["", ""]}


ASK = """async sent => {
  const { modeler } = tkDesigner, token = document.querySelector('meta[name=csrf-token]').content;
  const { xml } = await modeler.saveXML(), began = performance.now();
  const answer = await fetch('/designer/play/expense_claim', {
    method: 'POST', headers: { 'Content-Type': 'application/json', 'X-CSRFToken': token },
    body: JSON.stringify({ xml, ...sent }) });
  const told = await answer.json();
  if (!answer.ok) throw new Error(JSON.stringify(told));
  return performance.now() - began;
}"""


def answers(app: Flask, cookie: dict[str, str], rounds: int) -> Took:
    """What the server alone uses for an answer, in CPU time of the thread that gives it."""
    app.config["WTF_CSRF_ENABLED"] = False
    client, said = app.test_client(), defaultdict(list)
    client.set_cookie(cookie["name"], cookie["value"])
    claim = (LIBRARY / "processes/oa/expense_claim.bpmn").read_text(encoding="utf-8")

    def took(address: str, **sent: Any) -> tuple[float, str]:
        began = thread_time()
        answer = client.post(address, **sent)
        assert answer.status_code == 200, answer.text
        return (thread_time() - began) * 1000, answer.text

    for _ in range(rounds):
        drawing = {"key": "some", "xml": in_a_row("some", SOME).decode()}
        said["50 nodes: the question, CPU"].append(took("/designer/lint", json=drawing)[0])
        asked = [took("/designer/play/expense_claim", json={"xml": claim, **sent})[0] for sent in _steps()]
        said["a step of a trial, slowest, CPU"].append(max(asked))
        ran, told = took("/designer/scenarios/expense_claim")
        said["20 scenarios, CPU"].append(ran / etree.HTML(told).xpath("count(//tbody/tr)") * 20)
    return said


def references(page: Page, folder: Path) -> dict[str, tuple[list[Any], int]]:
    """File -> the elements that differ after the canvas has opened and saved it, and the pixels that differ between our
    own drawing of it before and after.
    """
    found = {}
    for path in sorted(folder.rglob("*.bpmn")):
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


def main() -> None:
    """Print what was measured beside what is aimed at."""
    reader = argparse.ArgumentParser(prog="python -m benchmarks.designer")
    reader.add_argument("--rounds", type=int, default=7)
    reader.add_argument("--miwg", type=Path, default=MIWG)
    asked = reader.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with (
        tempfile.TemporaryDirectory() as folder,
        site(Path(folder)) as (app, address, cookie),
        sync_playwright() as running,
    ):
        browser = chromium.launch(running)
        profile = browser.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN", base_url=address)
        profile.add_cookies([cookie])
        profile.add_init_script(f"({WATCH})()")
        page = profile.new_page()
        measured: dict[str, list[float]] = {}
        for part in (ready, large, problems, trial):
            measured |= part(page, asked.rounds)
        differences = references(opened(page, "some"), asked.miwg)
        browser.close()
        measured |= answers(app, cookie, asked.rounds)
    print(f"milliseconds, median and least of {asked.rounds}, load {os.getloadavg()[0]:.0f}")
    for name, aim in AIMS.items():
        told = f"| {name} | {median(measured[name]):.0f} | {min(measured[name]):.0f} |"
        print(f"{told} {aim or '–'} |")
    for name, (parts, pixels) in differences.items():
        said, drawn = ([part for part in parts if part[1] is model] for model in (True, False))
        print(f"| {name} | {len(said)} of the model: {said[:2]} | {len(drawn)} of the places, {pixels} pixels |")


if __name__ == "__main__":
    main()
