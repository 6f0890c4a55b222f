"""What the product is made of: every package with its licence, and whose mark has to stay visible."""

import json

from lxml import html

from webui import about, node


def test_every_package_that_is_sent_or_asked_for_stands_there_with_its_licence(sign_in):
    ann = sign_in("ann")
    page = html.fromstring(ann.get("/about/").text)
    rows = [[cell.text_content() for cell in row] for row in page.xpath("//main//tbody/tr")]
    lock = json.loads((node.ASSETS / "package-lock.json").read_text(encoding="utf-8"))["packages"]

    assert len(rows) > 100
    sent = {name.rpartition("node_modules/")[2] for name, one in lock.items() if name and not one.get("dev")}
    assert sent <= {name for name, _, _ in rows}
    assert {"Flask", "SQLAlchemy", "psycopg"} <= {name for name, _, _ in rows}
    assert "pytest" not in {name for name, _, _ in rows}, "what only builds and tests it is not in it"
    assert {name for name, _, licence in rows if licence == "not stated"} <= {"component-props"}, "MIT, by its readme"
    marked = {name for name, _, licence in rows if licence.startswith("bpmn.io")}
    assert {"bpmn-js", "dmn-js", "@bpmn-io/form-js-viewer"} <= marked
    assert about.of_server()[0].version
    assert 'href="/about/"' in ann.get("/").text
