"""Step templates: saved from a drawing, listed, told of when they change, and exchanged with their area."""

import io
import json
from html import unescape

import pytest
from click.testing import CliRunner

from engine import repository
from engine.bpmn import element_templates
from engine.repository import areas
from engine.unit_of_work import ENGINE
from tests.webui.test_designer import drawn, people  # noqa: F401 - a fixture
from tests.webui.test_exchange import archive, unpacked
from webui import errors
from webui.cli import main

NOTIFY = """<zeebe:taskDefinition type="notification.notify" retries="2" /><zeebe:ioMapping>
<zeebe:input source="= process.initiator.id" target="to" /><zeebe:input source="= &quot;报告&quot;" target="subject" />
<zeebe:input source="= &quot;已收到&quot;" target="body" /></zeebe:ioMapping>"""
NAMED = {"zh": "通知发起人", "en": "Tell the requester", "about_zh": "收到后告知", "about_en": "", "icon": "bell"}
PATH = "processes/crm/tell_the_requester.element-template.json"


@pytest.fixture
def ana(people, sign_in):  # noqa: F811 - the fixture
    return sign_in("ana")


@pytest.fixture
def service(ana):
    """A drawing whose step sends a notice."""
    xml = drawn(ana)["xml"].replace("userTask", "serviceTask")
    return xml.replace("<zeebe:serviceTask/>", NOTIFY)


def saved(client, xml, seen=1, **changes):
    sent = {"key": "visit_report", "xml": xml, "element": "handle", "id": "", "fixed": ["input to"], **NAMED, **changes}
    return client.post("/designer/step-templates/", json=sent, headers={"If-Match": str(seen)})


def used(xml, version=1, who="process.initiator.id"):
    """The drawing with its step made of the template."""
    mark = f'id="handle" zeebe:modelerTemplate="tell_the_requester" zeebe:modelerTemplateVersion="{version}"'
    return xml.replace('id="handle"', mark, 1).replace("process.initiator.id", who)


def told(client, xml):
    findings = client.post("/designer/lint", json={"key": "visit_report", "xml": xml}).json["findings"]
    return [one["message"] for one in findings if one["rule"] == "step-template-kept"]


def test_a_step_is_saved_as_a_template_that_keeps_what_is_fixed(ana, service, engine):
    answer = saved(ana, service)

    assert (answer.status_code, answer.json["id"]) == (200, "tell_the_requester")
    (offered,) = ana.get("/designer/catalogue.json", headers={"Accept-Language": "en"}).json["templates"]
    assert (offered["name"], offered["about"], offered["version"]) == ("Tell the requester", "收到后告知", 1)
    assert [(one["kind"], one["name"], one["fixed"]) for one in offered["settings"]] == [
        ("type", "", True), ("retries", "", False), ("input", "to", True), ("input", "subject", False),
        ("input", "body", False),
    ]  # fmt: skip
    with engine.unit_of_work(ENGINE) as uow:
        file = json.loads(unpacked(areas.pack(uow, "crm"))[PATH])
    assert file["elementType"] == {"value": "bpmn:ServiceTask"}
    assert file["properties"][2] == {
        "type": "Hidden", "value": "= process.initiator.id", "binding": {"type": "zeebe:input", "name": "to"},
    }  # fmt: skip


def test_the_check_names_what_no_longer_fits_and_a_newer_version(ana, service):
    saved(ana, service)
    assert told(ana, used(service)) == []
    assert "process.instance_id" in told(ana, used(service, who="process.instance_id"))[0]

    assert saved(ana, service, id="tell_the_requester").json["templates"][0]["version"] == 2

    (newer,) = told(ana, used(service))
    assert "2" in newer
    assert told(ana, used(service, version=2)) == []


def test_of_two_who_save_the_same_next_version_the_second_is_told_and_writes_over_nothing(ana, service, engine):
    saved(ana, service)
    first = saved(ana, service.replace("已收到", "已办结"), id="tell_the_requester", icon="")

    second = saved(ana, service.replace("报告", "申请"), id="tell_the_requester")

    assert (first.status_code, second.status_code) == (200, 409)
    assert [text for text in ("安娜", "version 2") if text not in second.text] == []
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        kept = repository.templates.known(uow)["tell_the_requester"]
    assert (kept.version, kept.settings[-1].value, "svg" in kept.icon) == (2, '= "已办结"', True)
    again = saved(ana, service.replace("报告", "申请"), seen=2, id="tell_the_requester")
    assert (again.status_code, again.json["templates"][0]["version"]) == (200, 3)


def test_what_is_sent_twice_is_one_template_and_one_version(ana, service):
    first, twice = (saved(ana, service, request_id="r1") for _ in range(2))
    other = saved(ana, service, request_id="r1", zh="另一个")
    later, again = (
        saved(ana, service.replace("已收到", "已办结"), id=first.json["id"], request_id="r2") for _ in range(2)
    )

    assert (twice.status_code, twice.json["id"], len(twice.json["templates"])) == (200, first.json["id"], 1)
    assert other.json["id"] == "tell_the_requester_2"
    assert (later.status_code, again.status_code) == (200, 200)
    assert [one["version"] for one in again.json["templates"] if one["id"] == first.json["id"]] == [2]


def test_the_settings_of_a_user_task_are_kept_without_what_only_its_own_drawing_holds(ana, engine):
    xml = drawn(ana)["xml"].replace("<zeebe:userTask/>", '<zeebe:userTask/><troika:approval mode="all"/>')

    assert saved(ana, xml, zh="会签", en="All agree").status_code == 200

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        (info,) = repository.templates.list_(uow)
    assert 'mode="all"' in info.template.preset
    assert "incoming" not in info.template.preset
    assert element_templates.read(element_templates.write(info.template), info.path).template == info.template


def test_the_list_says_who_when_and_where_and_a_withdrawn_template_is_offered_no_longer(ana, service):
    saved(ana, service)
    ana.put("/designer/drafts/visit_report", json={"xml": used(service)}, headers={"If-Match": "1"})

    listed = ana.get("/designer/step-templates/").text

    assert [text for text in ("Tell the requester", "安娜", "拜访报告", "办理", PATH) if text not in listed] == []
    assert json.loads(ana.get("/designer/step-templates/tell_the_requester.json").text)["version"] == 1
    assert ana.post("/designer/step-templates/tell_the_requester/withdraw").status_code == 303
    assert ana.get("/designer/step-templates/tell_the_requester.json").status_code == 404
    assert saved(ana, service).json["id"] == "tell_the_requester_2"


def test_what_is_withdrawn_is_left_out_of_archives_told_by_the_check_and_can_be_offered_again(ana, service, engine):
    def turned(act):
        return ana.post(f"/designer/step-templates/tell_the_requester/{act}").status_code

    def outcomes(*contents):
        with engine.unit_of_work(ENGINE) as uow:
            return [areas.unpack(uow, archive({PATH: content}))[0].outcome for content in contents]

    def catalogue():
        return [one["id"] for one in ana.get("/designer/catalogue.json").json["templates"]]

    saved(ana, service)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        file = unpacked(areas.pack(uow, "crm"))[PATH]
    assert [turned("offer"), turned("withdraw"), turned("withdraw")] == [409, 303, 409]

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert PATH not in areas.current(uow)
    assert outcomes(file, file.replace(b'"version": 1', b'"version": 2')) == [areas.WITHDRAWN, areas.WITHDRAWN]
    (gone,), (apart,) = told(ana, used(service)), told(ana, used(service, who="process.instance_id"))
    assert "withdrawn" in gone
    assert "the input to" in apart
    page = ana.get("/designer/step-templates/").text
    assert 'action="/designer/step-templates/tell_the_requester/offer"' in page
    assert catalogue() == []

    assert turned("offer") == 303
    assert catalogue() == ["tell_the_requester"]
    assert outcomes(file) == [areas.SAME]
    assert told(ana, used(service)) == []


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"en": " "}, 422),
        ({"element": "done"}, 422),
        ({"id": "nothing"}, 404),
        ({"fixed": "all"}, 422),
        ({"key": ""}, 404),
        ({"key": "nothing"}, 404),
        ({"key": "../../etc"}, 404),
    ],
)
def test_what_cannot_be_saved_is_refused_and_nothing_is_kept(ana, service, changes, status):
    assert saved(ana, service, **changes).status_code == status
    assert ana.get("/designer/catalogue.json").json["templates"] == []


def test_a_template_travels_with_its_area_and_must_have_the_next_number_when_it_says_something_else(
    ana, service, engine
):
    saved(ana, service)
    with engine.unit_of_work(ENGINE) as uow:
        file = unpacked(areas.pack(uow, "crm"))[PATH]
        changed = file.replace("已收到".encode(), "已办结".encode())
        next_one = changed.replace(b'"version": 1', b'"version": 2')
        outcomes = [
            areas.unpack(uow, archive({PATH: content}))[0].outcome
            for content in (file, changed, next_one, file.replace(b'"id": "tell', b'"id": "../tell'))
        ]
        kept = repository.templates.known(uow)["tell_the_requester"]
    assert outcomes == [areas.SAME, areas.UNFIT, areas.IN_FORCE, areas.UNFIT]
    assert (kept.version, kept.settings[-1].value) == (2, '= "已办结"')


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ('{"id": "tt"', "JSON"), ("\xff", "UTF-8"), ("[" * 90_000, "nested"), ('{"id": "tt"}', "name"),
        ('{"id": "other", "name": "n", "version": 1, "appliesTo": [], "properties": []}', "other"),
        ('{"id": "tt", "name": "n", "version": 1, "appliesTo": [], "properties": [{"binding": {"type": "camunda:x"}}]}',
         "properties.0.binding.type"),
        ('{"id": "tt", "name": "n", "version": 1, "appliesTo": [], "properties": [], "icon": {"contents": '
         '"https://x.example/a.svg"}}', "icon.contents"),
        ('{"id": "tt", "name": "n", "version": 1, "appliesTo": [], "properties": [], "script": "alert(1)"}', "script"),
        ('{"id": "tt", "name": "n", "version": 1, "appliesTo": [], "properties": [], "metadata": {"troika": '
         '{"preset": ["<!DOCTYPE x [<!ENTITY e SYSTEM \'file:///etc/passwd\'>]>", "<x>&e;</x>"]}}}', "preset"),
    ],
)  # fmt: skip
def test_a_file_that_fits_no_schema_is_named_with_its_place(wrong, named):
    reading = element_templates.read(wrong.encode("latin-1"), "processes/oa/tt.element-template.json")

    assert reading.template is None
    assert named in str(reading.findings[0])


def bound(**binding):
    return {"type": "String", "value": "1", "binding": binding}


WANTING = [
    ({"name": "\ud800"}, "实际为 '\\ud800'"), ({"name": "a\0"}, "实际为 'a\\x00'"), ({"x\ud800": 1}, "'x\\ud800'"),
    ({"name": "  "}, "name：为空"), ({"name": None}, "name：为空"), ({"name": "n" * 201}, "name：超过 200 个字符"),
    ({"metadata": {"troika": {"labels": {"": ""}}}}, "metadata.troika.labels..key：类型或写法不符"),
    ({"metadata": {"troika": {"labels": {"en": " "}}}}, "metadata.troika.labels.en.value：为空"),
    ({"metadata": {"troika": {"labels": {"en": "n" * 100_000}}}}, "labels.en.value：超过 200 个字符"),
    ({"metadata": {"troika": {"descriptions": {"en": "n" * 2001}}}}, "descriptions.en.value：超过 2000 个字符"),
    ({"properties": [bound(type="zeebe:input")]}, "properties.0.binding.name：缺失"),
    ({"properties": [bound(type="zeebe:output", source="= ")]}, "properties.0.binding.source：缺失"),
    ({"properties": [bound(type="camunda:x")]}, "binding.type：不在可选值之内：zeebe:taskDefinition, "),
    ({"properties": 7}, "properties：类型或写法不符"), ({"script": "x"}, "script：没有这个字段"),
    ({"version": 0}, "version：类型或写法不符"),
    ({"icon": {"contents": "data:image/png;x\n"}}, "icon.contents：类型或写法不符"),
]  # fmt: skip


def test_foreign_files_that_cannot_be_kept_are_named_in_the_readers_language_and_the_others_are_taken_in(ana):
    template = {
        "name": "n", "version": 1, "appliesTo": [],
        "properties": [bound(type="zeebe:taskDefinition", property="type")],
    }  # fmt: skip
    files = {
        f"processes/oa/{key}.element-template.json": json.dumps(template | {"id": key} | changes)
        for key, changes in [("good", {}), *((f"tt_{n}", changes) for n, (changes, _) in enumerate(WANTING))]
    }

    sent = {"file": (io.BytesIO(archive(files)), "a.zip")}
    answer = ana.post("/designer/exchange", data=sent, headers={"Accept-Language": "zh-CN"})

    assert answer.status_code == 200
    assert [said for _, said in WANTING if said not in unescape(answer.text)] == []
    assert [text for text in ("即时生效", "步骤模板不会运行任何内容") if text not in answer.text] == []
    assert [one["id"] for one in ana.get("/designer/catalogue.json").json["templates"]] == ["good"]


def test_what_is_no_json_is_said_without_the_words_of_a_library(app):
    told = element_templates.read(b'{"id": tt}', "processes/oa/tt.element-template.json").findings[0]

    with app.test_request_context(headers={"Accept-Language": "zh-CN"}):
        assert "第 1 行第 8 列有错" in errors.words(told.message, told.facts)


def test_a_template_in_a_folder_of_a_library_is_deployed_or_imported_with_it(engine, tmp_path, monkeypatch):
    template = element_templates.ElementTemplate(
        "tell", 3, {"": "通知", "en": "Tell"}, {"": ""}, "", element_templates.SERVICE,
        (element_templates.Setting("type", "", "notification.notify", fixed=True),),
    )  # fmt: skip
    file = tmp_path / "processes" / "oa" / "tell.element-template.json"
    file.parent.mkdir(parents=True)
    file.write_bytes(element_templates.write(template))
    monkeypatch.setattr("webui.cli.opening.engine", lambda: engine)

    for command in (
        ["deploy", "--library", str(tmp_path)],
        ["import", str(tmp_path)],
        ["export", str(tmp_path / "out")],
    ):
        assert CliRunner().invoke(main, ["process", *command]).exit_code == 0

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert repository.templates.known(uow) == {"tell": template}
    assert (tmp_path / "out" / "processes" / "oa" / file.name).read_bytes() == file.read_bytes()
