"""Reading DMN: every version, and every bad file as findings with an id or a line, never an exception."""

import pytest

from engine import dmn

NAMESPACE = "https://www.omg.org/spec/DMN/20191111/MODEL/"


def read(body, namespace=NAMESPACE):
    xml = f'<definitions xmlns="{namespace}" id="d" name="d" namespace="urn:t">{body}</definitions>'
    return dmn.read(xml.encode(), "t.dmn")


def literal(text):
    return f"<literalExpression><text>{text}</text></literalExpression>"


@pytest.mark.parametrize(
    "namespace",
    [
        "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
        "http://www.omg.org/spec/DMN/20180521/MODEL/",
        "https://www.omg.org/spec/DMN/20191111/MODEL/",
        "https://www.omg.org/spec/DMN/20211108/MODEL/",
        "https://www.omg.org/spec/DMN/20230324/MODEL/",
    ],
)
def test_every_version_is_read(namespace):
    reading = read(f'<decision id="a" name="A">{literal("1")}</decision>', namespace)

    assert reading.findings == []
    assert dmn.decide(reading.model, "A", {}).value == 1


@pytest.mark.parametrize(
    ("xml", "rule"),
    [
        (b"", "xml"),
        (b"<definitions", "xml"),
        (b"\xff\xfe\x00", "xml"),
        (b"<definitions/>", "not-dmn"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><definitions/>', "doctype"),
        ('<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x [<!ENTITY a "b">]><d>&a;</d>'.encode("utf-16"), "doctype"),
        (b"<a>" * 100_000, "xml"),
        (b" " * (6 * 1024 * 1024), "file-too-large"),
    ],
)
def test_a_file_that_is_no_model_is_refused(xml, rule):
    reading = dmn.read(xml, "t.dmn")

    assert reading.model is None
    assert [finding.rule for finding in reading.findings] == [rule]
    assert str(reading.findings[0])


@pytest.mark.parametrize(
    ("body", "rule", "element"),
    [
        (f'<decision id="a" name="A">{literal("1 +")}</decision>', "feel-syntax", "a"),
        ('<decision id="a" name="A"><decisionTable id="x" hitPolicy="BEST"/></decision>', "unsupported", "x"),
        ('<decision id="a" name="A"><decisionTable id="x"/></decision>', "no-output", "x"),
        (
            '<decision id="a" name="A"><decisionTable id="x"><input id="i"/><output id="o"/></decisionTable>'
            "</decision>",
            "no-input-expression",
            "i",
        ),
        (
            '<decision id="a" name="A"><decisionTable id="x"><output id="o"/><rule id="r"/></decisionTable></decision>',
            "rule-cells",
            "r",
        ),
        (
            '<decision id="a" name="A"><decisionTable id="x" hitPolicy="PRIORITY"><output id="o"/></decisionTable>'
            "</decision>",
            "priority-values",
            "x",
        ),
        (
            '<decision id="a" name="A"><decisionTable id="x" hitPolicy="COLLECT" aggregation="SUM">'
            '<output id="o" name="o"/><output id="p" name="p"/></decisionTable></decision>',
            "aggregation",
            "x",
        ),
        (
            '<decision id="a" name="A"><literalExpression id="l" expressionLanguage="python"><text>1</text>'
            "</literalExpression></decision>",
            "unsupported",
            "l",
        ),
        (
            '<businessKnowledgeModel id="b" name="B"><encapsulatedLogic id="e" kind="Java"/></businessKnowledgeModel>',
            "unsupported",
            "e",
        ),
        (
            '<decision id="a" name="A"><informationRequirement><requiredDecision href="#none"/>'
            "</informationRequirement></decision>",
            "missing-requirement",
            "a",
        ),
        (
            '<decision id="a" name="A"><informationRequirement><requiredDecision href="#b"/></informationRequirement>'
            '</decision><decision id="b" name="B"><informationRequirement><requiredDecision href="#a"/>'
            "</informationRequirement></decision>",
            "cycle",
            "b",
        ),
        ('<decision id="a" name="A"/><decision id="a" name="B"/>', "duplicate-id", "a"),
        ('<import namespace="urn:other" name="o"/>', "import", None),
        ('<wizard id="w"/>', "unsupported", "w"),
        ('<decision id="a" name="A"><magic id="m"/></decision>', "unsupported", "m"),
    ],
)
def test_what_cannot_be_decided_is_refused_by_id(body, rule, element):
    findings = read(body).findings

    assert (rule, element) in [(finding.rule, finding.element_id) for finding in findings]
    assert all(str(finding) for finding in findings)


def test_a_wrong_text_is_null_when_it_is_decided_all_the_same():
    reading = read(f'<decision id="a" name="A">{literal("1 +")}</decision>')

    decided = dmn.decide(reading.model, "A", {})

    assert decided.value is None
    assert [(found.code, found.facts["element"]) for found in decided.diagnostics] == [("not-feel", "a")]


def test_an_imported_model_is_read_under_its_name():
    other = (
        f'<definitions xmlns="{NAMESPACE}" id="o" name="o" namespace="urn:other"><inputData id="i" name="I"/>'
        '<decision id="a" name="A"><informationRequirement><requiredInput href="#i"/></informationRequirement>'
        f"{literal('I + 1')}</decision></definitions>"
    )
    imported = dmn.read(other.encode()).model
    xml = (
        f'<definitions xmlns="{NAMESPACE}" id="d" name="d" namespace="urn:t"><import namespace="urn:other" name="lib"/>'
        '<decision id="b" name="B"><informationRequirement><requiredDecision href="urn:other#a"/>'
        f"</informationRequirement>{literal('lib.A * 2')}</decision></definitions>"
    )

    reading = dmn.read(xml.encode(), imports={"urn:other": imported})

    assert reading.findings == []
    assert dmn.decide(reading.model, "B", {"I": 4}).value == 10


def test_labels_in_other_languages_are_kept():
    body = (
        '<decision id="a" name="审批"><extensionElements xmlns:t="urn:troika"><t:label lang="en">Approval</t:label>'
        "</extensionElements></decision>"
    )

    assert read(body).model.decisions[0].labels == {"en": "Approval"}
