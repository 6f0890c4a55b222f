"""Decision tables in the designer: pages, drafts, checks, rows that are tried, files of data, deployment."""

import io
import json
import re
from datetime import date, datetime

import pytest
from openpyxl import Workbook, load_workbook

from engine import dmn, drafts, identity, repository
from engine.unit_of_work import ENGINE, Actor
from tests.engine.dmn import written as w
from tests.webui.publishing import publish
from tests.webui.test_publishing import text_of


def sheet(cells):
    book = Workbook()
    for place, value in cells.items():
        book.active[place] = value
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


RULES = [["< 100", '"small"'], ["> 100", '"large"']]
FEE = w.xml(w.decision("fee", w.table("UNIQUE", [("amount", "number", "")], [("fee", "string", "", None)], RULES)))
ASKS = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"
  targetNamespace="urn:t">
  <process id="asks" name="asks" isExecutable="true">
    <startEvent id="begin"/><sequenceFlow id="f1" sourceRef="begin" targetRef="ask"/>
    <businessRuleTask id="ask" name="Ask"><extensionElements>
      <zeebe:calledDecision decisionId="fee" resultVariable="fee" bindingType="deployment"/></extensionElements>
    </businessRuleTask>
    <sequenceFlow id="f2" sourceRef="ask" targetRef="done"/><endEvent id="done"/>
  </process>
</definitions>"""
HERE = "/designer/decisions"
FAR = sheet({"XFD1048576": 1})
"""a sheet of a few kilobytes whose only cell is the last one of seventeen billion"""


@pytest.fixture
def ana(engine, sign_in, people):
    """An analyst; a table `fee` is deployed. It has a gap at 100."""
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "analysts", "Analysts", capabilities="process.design")
        identity.add_member(uow, "analysts", people["dora"].id)
        repository.deploy(uow, {"processes/oa/fee.dmn": FEE})
    return sign_in("dora")


def text(xml):
    return xml.decode("utf-8")


def test_a_cell_that_is_half_typed_keeps_no_drawing_from_opening(ana, engine):
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/oa/asks.bpmn": ASKS})
        drafts.save(uow, "processes/oa/fee.dmn", FEE.replace(b'"large"', b'"large'))

    shown = {page: ana.get(f"/designer/{page}") for page in ("catalogue.json", "simple/asks", "document/asks.pdf")}

    assert {page: answer.status_code for page, answer in shown.items()} == dict.fromkeys(shown, 200)
    (fee,) = (one["results"] for one in shown["catalogue.json"].json["decisions"] if one["id"] == "fee")
    assert [one["options"] for one in fee] == [[["small", "small"]]]


def test_a_table_is_found_opened_saved_and_deployed(ana):
    assert "/designer/decisions/edit/fee" in ana.get(f"{HERE}/").text
    assert '"etag": "0"' in ana.get(f"{HERE}/edit/fee").text

    saved = ana.put(f"{HERE}/drafts/fee", json={"xml": text(FEE) + " "}, headers={"If-Match": "0"})
    late = ana.put(f"{HERE}/drafts/fee", json={"xml": "mine"}, headers={"If-Match": "0"})

    assert (saved.status_code, saved.json["etag"], late.status_code) == (200, "1", 409)
    assert publish(ana, "decision/fee", "0").status_code == 409
    assert publish(ana, "decision/fee", "1", note="second").location == "/designer/versions/decision/fee"
    assert re.search("Version 2 .* second .* Version 1", text_of(ana.get("/designer/versions/decision/fee")))


def test_a_check_names_the_rules_and_the_inputs(ana):
    overlapping = text(FEE).replace("&lt; 100", "&lt;= 200")

    answer = ana.post(f"{HERE}/check/fee", json={"xml": overlapping}).json

    assert [(line["rule"], line["level"], line["rules"], line["numbers"]) for line in answer["findings"]] == [
        ("decision-overlap", "error", ["r1", "r2"], [1, 2])
    ]
    assert answer["decisions"] == [
        {"id": "fee", "name": "fee",
         "inputs": [{"name": "amount", "type": "number", "allowed": "", "label": "amount"}]}
    ]  # fmt: skip


def test_a_table_with_errors_is_not_published(ana):
    broken = text(FEE).replace("&lt; 100", "&lt;&lt; 100")
    ana.put(f"{HERE}/drafts/fee", json={"xml": broken}, headers={"If-Match": "*"})

    answer = publish(ana, "decision/fee", "1")

    assert answer.status_code == 422
    assert "It cannot be published while it has errors." in answer.text


def test_a_table_is_compared_rule_by_rule_and_publishing_says_who_asks_it(ana, engine):
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/oa/asks.bpmn": ASKS})
    changed = text(FEE).replace("&lt; 100", "&lt; 50")
    ana.put(f"{HERE}/drafts/fee", json={"xml": changed}, headers={"If-Match": "0"})

    compared = text_of(ana.get("/designer/difference/decision/fee"))
    shown = text_of(ana.get("/designer/publish/decision/fee"))

    assert "Rule 1 Rule · r1 changed amount Before < 100 After < 50" in compared
    assert "asks keeps the version that it was published with, until it is published again." in shown


def test_a_file_that_moved_is_the_same_on_every_page(ana, engine):
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/srm/fee.dmn": FEE.replace(b"&lt; 100", b"&lt; 70")})
    changed = text(FEE).replace("&lt; 100", "&lt; 50")
    ana.put(f"{HERE}/drafts/fee", json={"xml": changed}, headers={"If-Match": "0"})

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert [draft.path for draft in drafts.list_(uow)] == ["processes/srm/fee.dmn"]
    assert "Before < 70 After < 50" in text_of(ana.get("/designer/difference/decision/fee"))
    assert "Version 2" in text_of(ana.get("/designer/versions/decision/fee"))
    assert publish(ana, "decision/fee", "1").status_code == 303
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        newest = repository.versions(uow, "fee", "decision")[0]
        assert (newest.version, repository.file(uow, newest.id)[0]) == (3, "processes/srm/fee.dmn")


def test_rows_are_tried_on_the_table_as_it_stands(ana):
    rows = [{"amount": "5", "expected": "small"}, {"amount": "=100 + 1"}, {"amount": "x"}, {}]

    answer = ana.post(f"{HERE}/try/fee", json={"xml": text(FEE), "decision": "fee", "rows": json.dumps(rows)}).json

    assert [(row["value"], row["passed"], [rule["number"] for rule in row["rules"]]) for row in answer["rows"]] == [
        ('"small"', True, [1]), ('"large"', None, [2]), ("", None, []), ("", None, []),
    ]  # fmt: skip
    assert answer["rows"][2]["problems"] == ["amount: expected number, found x."]
    assert answer["rows"][3]["problems"] == []
    assert [(of["rule"], of["hits"]) for of in answer["coverage"]] == [("r1", 1), ("r2", 1)]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"xml": "<a/>", "decision": "fee", "rows": "[]"}, 422),
        ({"xml": text(FEE), "decision": "nobody", "rows": "[]"}, 422),
        ({"xml": text(FEE), "decision": "fee", "rows": "{"}, 422),
        ({"xml": text(FEE), "decision": "fee", "rows": "[5]"}, 422),
        ({"xml": text(FEE), "decision": "fee", "rows": json.dumps([{}] * 201)}, 422),
        ({"xml": text(FEE), "rows": "[]"}, 422),
    ],
)
def test_what_cannot_be_tried_is_refused_in_words(ana, sent, status):
    answer = ana.post(f"{HERE}/try/fee", json=sent, headers={"Accept": "application/json"})

    assert answer.status_code == status
    assert len(answer.json["detail"]) > 20


def upload(ana, content, name="data.csv", **more):
    data = {"xml": text(FEE), "decision": "fee", "file": (io.BytesIO(content), name)} | more
    return ana.post(f"{HERE}/simulate/fee", data=data, headers={"Accept": "application/json"})


def test_an_uploaded_file_is_decided_row_by_row(ana):
    answer = upload(ana, b"amount\n5\n100\nmuch\n").json

    assert [(row["number"], row["value"]) for row in answer["rows"]] == [(2, '"small"'), (3, ""), (4, "")]
    assert (answer["count"], answer["failed"], answer["heading"]) == (3, 1, ["amount"])
    assert [of["hits"] for of in answer["coverage"]] == [1, 0]
    sheet = upload(ana, b"amount\n5\n", **{"as": "xlsx"})
    assert sheet.headers["Content-Disposition"] == "attachment; filename=fee.xlsx"
    assert sheet.data[:2] == b"PK"


def test_results_can_be_downloaded_whatever_letters_the_data_holds(ana):
    assert upload(ana, b"amount\n5\n\x01\n", **{"as": "xlsx"}).status_code == 200


def test_a_large_table_goes_with_a_file(ana):
    padded = text(FEE).replace("</definitions>", f"<!-- {'x' * 500_500} --></definitions>")

    assert upload(ana, b"amount\n5\n", xml=padded).status_code == 200


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("data.exe", b"MZ", "Expected an .xlsx or .csv file"),
        ("data.xlsx", b"no zip", "Expected an .xlsx or .csv file"),
        ("data.csv", b"sum\n5\n", "Expected columns named amount, found sum."),
        ("data.csv", b"amount\n" + b"1\n" * 10_001, "Expected at most 10000 rows"),
        ("data.csv", b"\n" * 400_000, "Expected at most 10000 rows"),
        ("data.xlsx", FAR, "Expected at most 10000 rows"),
        ("data.xlsx", FAR[:300] + b"\x00" * 40 + FAR[340:], "Expected an .xlsx or .csv file"),
    ],
)
def test_a_file_that_cannot_be_decided_is_refused_in_words(ana, name, content, said):
    answer = upload(ana, content, name)

    assert 400 <= answer.status_code < 500
    assert said in answer.json["detail"]


def test_a_new_table_starts_without_a_finding(ana, engine):
    made = ana.post(f"{HERE}/", data={"key": "discount", "name": "折扣", "category": "oa"})
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        xml = drafts.open_(uow, "processes/oa/discount.dmn").content

    assert made.location.endswith("/edit/discount")
    assert ana.post(f"{HERE}/check/discount", json={"xml": text(xml)}).json["findings"] == []
    assert ana.post(f"{HERE}/", data={"key": "fee", "name": "x", "category": "oa"}).status_code == 409
    assert ana.post(f"{HERE}/", data={"key": "No!", "name": "x", "category": "oa"}).status_code == 422


def test_other_versions_of_dmn_open_in_the_editor(ana, engine):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert b"20230324" in repository.source(uow, repository.latest(uow, "fee", "decision").id)

    assert "DMN/20191111/MODEL" in ana.get(f"{HERE}/edit/fee").text


def test_nobody_else_sees_or_changes_a_table(ana, sign_in):
    ann = sign_in("ann")

    assert ann.get(f"{HERE}/").status_code == 403
    assert ann.put(f"{HERE}/drafts/fee", json={"xml": "x"}, headers={"If-Match": "*"}).status_code == 403
    assert ann.post(f"{HERE}/try/fee", json={}).status_code == 403


def test_rules_go_out_as_a_sheet_and_come_back_from_one(ana):
    def asked(file=None, decision="fee"):
        sent = {"xml": text(FEE), "decision": decision, "csrf_token": ana.token}
        return ana.post(f"{HERE}/sheet/fee", data=sent | ({"file": file} if file else {}))

    ana.get(f"{HERE}/")
    lines = list(load_workbook(io.BytesIO(asked().data)).active.iter_rows(values_only=True))
    assert lines == [("amount", "fee"), *map(tuple, RULES)]
    changed = sheet(
        {"A1": "amount", "B1": "fee", "A2": "> 100", "B2": '"large"', "A4": 100, "B4": "'-1", "A5": "-", "B5": True}
    )
    back = dmn.read(asked((io.BytesIO(changed), "rules.xlsx")).json["xml"].encode()).model.find("fee").logic
    assert [(rule.id, *rule.tests, *rule.outputs) for rule in back.rules] == [
        ("r2", "> 100", '"large"'), ("fee_rule1", "100", "-1"), ("fee_rule2", "-", "true"),
    ]  # fmt: skip
    other = asked((io.BytesIO(b"x,y\n1,2"), "rules.csv"))
    assert (other.status_code, "Expected the first row to name the columns amount, fee" in other.text) == (422, True)
    assert asked(decision="nothing").status_code == 422


def test_days_and_numbers_of_a_spreadsheet_become_days_and_numbers_of_the_table(ana):
    days = w.xml(
        w.decision(
            "fee",
            w.table(
                "FIRST",
                [
                    ("day", "date", ""),
                    ("moment", "date and time", ""),
                    ("text", "string", ""),
                    ("amount", "number", ""),
                ],
                [("since", "date", "", None)],
                [["-", "-", "-", "-", 'date("2026-01-01")']],
            ),
        )
    )
    noon = datetime.fromisoformat("2026-01-05T12:30")
    made = sheet(
        {"A1": "day", "B1": "moment", "C1": "text", "D1": "amount", "E1": "since"}
        | {"A2": date(2026, 1, 5), "B2": date(2026, 1, 5), "C2": date(2026, 1, 5), "D2": 1e-7, "E2": date(2026, 2, 1)}
        | {"A3": ">= 2026/1/5", "B3": noon, "C3": '"x"', "D3": 1000.0, "E3": "2026-02-30"}
        | {"C4": "-", "D4": "[1,000..1,250,000.50)", "C5": '"1,000"', "D5": ">= 5,000"}
    )
    ana.get(f"{HERE}/")
    sent = {"xml": text(days), "decision": "fee", "csrf_token": ana.token, "file": (io.BytesIO(made), "rules.xlsx")}
    back = dmn.read(ana.post(f"{HERE}/sheet/fee", data=sent).json["xml"].encode()).model.find("fee").logic
    assert [(*rule.tests, *rule.outputs) for rule in back.rules] == [
        ('date("2026-01-05")', 'date and time("2026-01-05T00:00:00")', '"2026-01-05"', "0.0000001",
         'date("2026-02-01")'),
        ('>= date("2026-01-05")', 'date and time("2026-01-05T12:30:00")', '"x"', "1000", "2026-02-30"),
        ("", "", "-", "[1000..1250000.50)", ""), ("", "", '"1,000"', ">= 5000", ""),
    ]  # fmt: skip


def test_a_step_leads_to_its_decision_which_knows_the_data_of_the_process(ana, engine):
    form = {
        "id": "oa/fees", "type": "default", "components": [
            {"id": "a", "type": "number", "key": "amount", "label": "金额",
             "properties": {"troika:label.en": "Amount"}},
            {"id": "k", "type": "select", "key": "kind", "label": "种类",
             "values": [{"label": "急件", "value": "fast"}]},
        ],
    }  # fmt: skip
    shows = b'<extensionElements><zeebe:formDefinition formId="oa/fees"/></extensionElements>'
    drawing = ASKS.replace(b'<startEvent id="begin"/>', b'<startEvent id="begin">' + shows + b"</startEvent>")
    english = b'<extensionElements><t:label xmlns:t="urn:troika:bpmn:1.0" lang="en">Asks</t:label></extensionElements>'
    drawing = drawing.replace(b'isExecutable="true">', b'isExecutable="true">' + english)
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, "forms/oa/fees.json", json.dumps(form).encode())
        drafts.save(uow, "processes/sales/asks.bpmn", drawing, name="问")
    there = ana.get(f"{HERE}/of/fee?process=asks&element=ask").headers["Location"]
    assert there == f"{HERE}/edit/fee?process=asks&element=ask#fee"
    assert '<a class="btn btn-sm" id="back" data-saves href="/designer/edit/asks#ask">' in ana.get(there).text
    assert 'id="back"' not in ana.get(f"{HERE}/edit/fee?process=nothing&element=ask").text

    found = ana.get(f"{HERE}/known/fee").json

    assert [(one["process"], one["name"], one["address"]) for one in found["used"]] == [
        ("Asks", "Ask", "/designer/edit/asks#ask")
    ]
    known = [(one["name"], one["type"], one["label"], one["choices"]) for one in found["variables"]][:2]
    assert known == [("amount", "number", "Amount", []), ("kind", "string", "种类", [['"fast"', "急件"]])]
    asked = {one["name"]: one["choices"] for one in found["variables"] if one["name"].startswith("process.")}
    assert ['"ann"', "Ann"] in asked["process.initiator.login"]
    assert set(asked) == {f"process.initiator.{part}" for part in ("login", "department", "position")}
    assert "sum" in [one["name"] for one in found["functions"]]

    new = ana.get(f"{HERE}/of/toll?process=asks&element=ask").headers["Location"]
    assert ana.get(new).text.count('value="sales"') > 0
    sent = {
        "key": "toll",
        "name": "",
        "category": "sales",
        "process": "asks",
        "element": "ask",
        "csrf_token": ana.token,
    }
    assert ana.post(f"{HERE}/", data=sent).headers["Location"] == f"{HERE}/edit/toll?process=asks&element=ask"
    assert ("toll", "toll") in {
        (one["id"], one["name"]) for one in ana.get("/designer/catalogue.json").json["decisions"]
    }


def test_a_step_of_a_drawing_that_somebody_else_edits_is_not_named_behind_his_back(ana, engine, people):
    unnamed = ASKS.replace(b'<zeebe:calledDecision decisionId="fee"', b'<zeebe:other decisionId="fee"')
    assert unnamed != ASKS
    with engine.unit_of_work(Actor(people["root"].id)) as uow:
        drafts.save(uow, "processes/sales/asks.bpmn", unnamed, name="asks")
        drafts.locking.hold(uow, "processes/sales/asks.bpmn")
    ana.get(f"{HERE}/")
    sent = {
        "key": "toll",
        "name": "",
        "category": "sales",
        "process": "asks",
        "element": "ask",
        "csrf_token": ana.token,
    }

    there = ana.post(f"{HERE}/", data=sent).headers["Location"]

    assert "is editing “asks”" in text_of(ana.get(there))
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert drafts.open_(uow, "processes/sales/asks.bpmn").version == 1


def test_a_row_that_leaves_an_input_empty_is_decided_with_null(ana):
    columns = [("amount", "number", ""), ("starts", "date", "")]
    two = w.xml(w.decision("fee", w.table("FIRST", columns, [("fee", "string", "", None)], [["> 1", "-", '"x"']])))
    ana.get(f"{HERE}/")
    sent = {"xml": text(two), "decision": "fee", "rows": json.dumps([{"amount": "5"}])}
    answer = ana.post(f"{HERE}/try/fee", json=sent, headers={"X-CSRFToken": ana.token}).json
    assert [field.name for field in dmn.inputs(dmn.read(two).model, "fee")] == [
        "amount",
        "starts",
    ]  # a function is called so too
    assert (answer["rows"][0]["value"], answer["rows"][0]["problems"]) == ('"x"', [])


def test_scenarios_of_the_askers_say_which_rules_they_go_through(ana, engine):
    stories = b"""scenarios:
  - name: small
    given: {amount: 5}
    steps: []
    ends in: done
"""
    ana.get(f"{HERE}/")
    sent = {"headers": {"X-CSRFToken": ana.token}}
    assert ana.post(f"{HERE}/scenarios/fee", **sent).json == {"rules": {}, "processes": []}
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, "processes/sales/asks.bpmn", ASKS, name="asks")
        drafts.save(uow, "processes/sales/asks.scenarios.yml", stories)

    found = ana.post(f"{HERE}/scenarios/fee", **sent).json

    assert found["rules"] == {"r1": True, "r2": False}
    assert found["processes"] == [
        {"name": "asks", "address": "/designer/scenarios/asks", "problem": "", "number": 1, "failed": 0}
    ]
    with engine.unit_of_work(ENGINE) as uow:
        wrong = ASKS.replace(b'<endEvent id="done"/>', b'<serviceTask id="done"/>')
        drafts.save(uow, "processes/sales/asks.bpmn", wrong, name="asks", version=1)
    answer = ana.post(f"{HERE}/scenarios/fee", **sent).json
    assert (answer["rules"], answer["processes"][0]["problem"] != "") == ({}, True)
