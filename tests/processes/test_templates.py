"""The templates: clean, readable in both languages, their scenarios hold, and a copy is clean as well."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from lxml import etree

from engine import forms, policy
from engine.process_engine import ProcessEngine
from engine.repository import check
from engine.scenarios import world
from engine.unit_of_work import ENGINE
from webui.cli import main
from webui.designer import gallery

LIBRARY = Path(__file__).parents[2]
DRAWINGS = sorted((LIBRARY / "templates" / "processes").rglob("*.bpmn"))
NAMES = "//*[local-name()='process']/descendant-or-self::*[@name]"
LABEL = "*[local-name()='extensionElements']/*[local-name()='label'][@lang='en']"


def named(path: Path) -> str:
    return path.stem


@pytest.mark.main_job
def test_every_scenario_of_the_templates_holds_for_what_is_made_of_them(tmp_path: Path) -> None:
    for template in gallery.listed(LIBRARY):
        made = gallery.copies(template, f"my_{template.key}", "我的", "Mine", "mine")
        for path, content in made.items() if template.folder.name == "templates" else ():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_bytes(content)

    result = CliRunner().invoke(main, ["process", "test", "--library", str(tmp_path)])

    assert (result.exit_code, result.output.splitlines()[-1]) == (0, "20 passed, 0 failed")


@pytest.mark.parametrize("path", DRAWINGS, ids=named)
def test_a_template_stands_in_both_languages_beside_its_scenarios_and_in_the_readme(path: Path) -> None:
    tree = etree.parse(path)
    form = forms.read((LIBRARY / f"templates/forms/{path.parent.name}/{path.stem}.json").read_bytes(), path.stem).form

    assert [found.get("id") for found in tree.xpath(NAMES) if not found.xpath(LABEL)] == []
    assert form is not None
    assert [field.key for field in form.fields if not field.labels.get("en")] == []
    assert path.with_suffix(".scenarios.yml").is_file()
    assert f"`{path.stem}`" in (LIBRARY / "templates" / "README.md").read_text(encoding="utf-8")


def test_ten_templates_and_more_are_offered_and_each_copy_deploys_without_a_finding_that_the_library_lacks() -> None:
    engine = ProcessEngine.in_memory(library=LIBRARY)
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, (LIBRARY / "processes" / "policies.yml").read_text(encoding="utf-8"))
        shipped = dict(world.files_of(LIBRARY))
        before = {str(finding) for finding in check(uow, shipped) if finding.level == "error"}
        offered = gallery.listed(LIBRARY)
        for template in offered:
            made = gallery.copies(template, "my_copy", "我的", "Mine", "mine")
            made = {path: content for path, content in made.items() if not path.endswith(".yml")}
            found = [finding for finding in check(uow, shipped | made) if finding.level == "error"]
            assert [str(finding) for finding in found if str(finding) not in before] == [], template.key
            assert b"my_copy" in made["processes/mine/my_copy.bpmn"]

    assert len(offered) >= 11
    assert all(b"_about_en" in template.xml for template in offered)
