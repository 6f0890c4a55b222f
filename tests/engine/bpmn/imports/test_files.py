# ruff: noqa: E501 - drawings read better in one line
"""Files of any tool: encodings, prefixes, ids, references; and what must never be lost or raised."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from engine import bpmn
from engine.bpmn import imports
from engine.bpmn.imports import Dialect, Kind
from tests.engine.bpmn.imports.reading import BPMN, BPMNDI, became, file, meaning, said, same
from tests.engine.bpmn.imports.test_dialects import CAMUNDA, FLOWABLE, KEPT, SPIFF
from tests.examples import examples

TEXT = (
    '<?xml version="1.0" encoding="{}"?>\n<definitions xmlns="'
    + BPMN
    + '" targetNamespace="x"><process id="p" name="请假"/></definitions>'
)


def texts(data: bytes) -> list[str]:
    return [str(note) for note in imports.translate(data).notes]


# ---------------------------------------------------------------- bytes


@pytest.mark.parametrize(
    "data",
    [
        TEXT.format("UTF-8").encode(),
        b"\xef\xbb\xbf" + TEXT.format("UTF-8").encode(),
        TEXT.format("UTF-16").encode("utf-16"),
        TEXT.format("UTF-8").encode("utf-16"),
        TEXT.format("UTF-16").encode("utf-16-le"),
        TEXT.format("utf-16").encode(),
        TEXT.format("GBK").encode("gbk"),
        TEXT.format("UTF-8").encode("gbk"),
        b"\n\n  " + TEXT.format("UTF-8").encode(),
        TEXT.format("UTF-8").replace("<definitions", "<!DOCTYPE definitions><definitions").encode(),
        TEXT.format("UTF-8").replace("20100524/MODEL", "20100501").encode(),
        TEXT.format("UTF-8").replace(BPMN, "http://schema.omg.org/spec/BPMN/2.0").encode(),
        TEXT.format("UTF-8").replace(f'xmlns="{BPMN}"', "").encode(),
        TEXT.format("UTF-8").replace(f'xmlns="{BPMN}"', "").replace("<definitions", "<bpmn:definitions").replace("</definitions", "</bpmn:definitions").replace("<process", "<bpmn:process").encode(),
    ],
)  # fmt: skip
def test_a_file_opens_whatever_its_encoding_and_prefixes(data):
    found = imports.translate(data, "f.bpmn")
    assert found.refusal is None
    process = bpmn.read(found.xml).definition.processes[0]
    assert (process.id, process.name) == ("p", "请假")


@pytest.mark.parametrize(
    ("data", "rule", "line"),
    [
        (b"", "xml-not-well-formed", 1),
        (b"PK\x03\x04 a zip file", "xml-not-well-formed", 1),
        (b"<definitions>\n<process>\n</definitions>", "xml-not-well-formed", 3),
        (b"\n<html/>", "not-bpmn", 2),
        (b'<!DOCTYPE d [<!ENTITY x "y">]>\n<definitions>&x;</definitions>', "xml-doctype", 1),
        (b'<definitions xmlns="http://www.omg.org/spec/DMN/20151101/dmn.xsd"/>', "not-bpmn", 1),
    ],
)
def test_a_file_that_is_no_drawing_is_refused_with_its_line(data, rule, line):
    found = imports.translate(data, "bad.bpmn")
    assert (found.xml, found.refusal.rule, found.refusal.line) == (None, rule, line)
    assert "bad.bpmn" in str(found.refusal)


def test_broken_xml_is_explained_in_our_words_with_what_stands_there():
    refusal = imports.translate(b'<definitions>\n  <process name="x"></definition>\n', "bad.bpmn").refusal
    assert refusal.message.format(**refusal.facts) == (
        "Expected well-formed XML, but at line 2, column 34, an end tag does not fit its start tag:"
        ' <process name="x"></definition>'
    )


def test_a_prefix_that_nobody_declared_means_what_it_always_means():
    data = file('<userTask id="t" camunda:assignee="ann"/>').replace(
        b' xmlns:camunda="http://camunda.org/schema/1.0/bpmn"', b""
    )
    assert b'assignee="ann"' in imports.translate(data).xml
    assert imports.translate(data).dialect is Dialect.CAMUNDA7


# ---------------------------------------------------------------- ids and references


def test_what_has_no_id_gets_one():
    data = file('<startEvent/><endEvent/><sequenceFlow sourceRef="a" targetRef="b"/><task id="a"/><task id="b"/>')
    process = bpmn.read(imports.translate(data).xml).definition.processes[0]
    assert set(process.nodes) == {"startEvent_1", "endEvent_1", "a", "b"}
    assert [flow.id for flow in process.flows] == ["sequenceFlow_1"]
    assert "translated: 3 elements without an id have got one." in texts(data)


def test_an_id_that_stands_twice_is_renamed_with_what_meant_it():
    body = (
        '<subProcess id="s1"><task id="a"/><endEvent id="e1"/><sequenceFlow id="f1" sourceRef="a" targetRef="e1"/></subProcess>'
        '<subProcess id="s2"><task id="a"/><endEvent id="e2"/><sequenceFlow id="f2" sourceRef="a" targetRef="e2"/></subProcess>'
    )
    expected = body.replace('id="s2"><task id="a"', 'id="s2"><task id="a_1"').replace(
        'id="f2" sourceRef="a"', 'id="f2" sourceRef="a_1"'
    )
    assert became(body) == same(expected)
    assert said(body) == [
        "a_1: approximated: The id 'a' stands twice; the one at line 1 is now 'a_1'. Check what refers to it."
    ]


def test_a_reference_to_a_message_does_not_follow_an_event_with_its_id():
    data = file('<receiveTask id="m" messageRef="m"/><endEvent id="e"/><sequenceFlow id="f" sourceRef="m" targetRef="e"/>',
                '<message id="m" name="paid"/>')  # fmt: skip
    process = bpmn.read(imports.translate(data).xml).definition.processes[0]

    assert process.nodes["m_1"].message.name == "paid"
    assert process.flows[0].source == "m_1"


def test_an_id_that_is_no_xml_name_is_renamed_everywhere():
    data = file('<startEvent id="1 a"/><task id="b"/><sequenceFlow id="f" sourceRef="1 a" targetRef="b"/>')
    found = imports.translate(data)
    assert found.renamed == {"1 a": "_1_a"}
    assert bpmn.read(found.xml).definition.processes[0].flows[0].source == "_1_a"


def test_references_lose_their_prefix_and_lead_somewhere():
    roots = '<message id="m" name="M"/>'
    body = (
        '<task id="t"><incoming>gone</incoming></task><receiveTask id="r" messageRef="other:m"/>'
        '<exclusiveGateway id="g" default="gone"/><boundaryEvent id="b" attachedToRef="t"><errorEventDefinition errorRef="E1"/></boundaryEvent>'
    )
    expected = body.replace("<incoming>gone</incoming>", "").replace("other:m", "m").replace(' default="gone"', "")
    assert became(body, roots) == same(expected, roots + '<error id="E1" name="E1" errorCode="E1"/>')
    assert said(body, roots) == [
        "t: dropped: The reference incoming to 'gone' leads nowhere and is left out.",
        "g: dropped: The reference default to 'gone' leads nowhere and is left out.",
        "b: approximated: The file did not declare the error 'E1'; now it does. Check its name or code.",
    ]


def test_a_process_that_does_not_say_so_is_executable_and_one_that_says_no_is_not():
    data = file("<task id='a'/>").replace(b' isExecutable="true"', b"")
    assert bpmn.read(imports.translate(data).xml).definition.processes[0].executable
    kinds = {note.kind for note in imports.translate(data).notes if note.element_id == "p"}
    assert kinds == {Kind.APPROXIMATED}

    data = file("<task id='a'/>").replace(b'"true"', b'"false"')
    assert not bpmn.read(imports.translate(data).xml).definition.processes[0].executable
    assert (
        "kept: This process is marked as not executable. Set 'executable' in its properties if it is to be deployed."
        in texts(data)
    )


def test_foreign_words_in_the_wrong_place_go_where_bpmn_allows_them():
    body = '<task id="t"><other:note>text</other:note><documentation>d</documentation></task>'
    expected = '<task id="t"><documentation>d</documentation><extensionElements><other:note>text</other:note></extensionElements></task>'
    assert became(body) == same(expected)


def test_a_file_without_any_process_opens_empty():
    data = f'<definitions xmlns="{BPMN}"><message id="m"/></definitions>'.encode()
    assert [process.id for process in bpmn.read(imports.translate(data).xml).definition.processes] == ["empty_process"]


# ---------------------------------------------------------------- nothing is lost


WORDS = (
    '<process id="q" isExecutable="true" other:a="1"><documentation textFormat="text/html"><b xmlns="urn:html">bold</b> and <i xmlns="urn:html">more</i></documentation>'
    '<extensionElements><other:x y="z">text <other:in/> tail</other:x></extensionElements>'
    '<task id="t" other:colour="red"><extensionElements><other:list><other:item>1</other:item></other:list></extensionElements></task>'
    "</process>"
)


def test_words_that_nobody_knows_stay_as_they_are():
    data = file("<task id='a'/>", roots=WORDS)
    before = etree.fromstring(data)
    after = etree.fromstring(imports.translate(data).xml)
    kept = "|".join(f"//*[namespace-uri()='{space}']" for space in ("urn:other", "urn:html"))
    assert [etree.tostring(found, method="c14n", exclusive=True) for found in after.xpath(kept)] == [
        etree.tostring(found, method="c14n", exclusive=True) for found in before.xpath(kept)
    ]
    assert after.xpath("//@*[namespace-uri()='urn:other']") == ["1", "red"]


def test_a_file_of_ours_is_not_touched():
    data = file(
        '<startEvent id="s"/><userTask id="t"><extensionElements><zeebe:userTask/><troika:opinion required="always"/></extensionElements></userTask>'
    )
    assert meaning(imports.translate(data).xml) == meaning(data)


# ---------------------------------------------------------------- never an exception


BODIES = [body for table in (CAMUNDA, FLOWABLE, SPIFF, KEPT) for body, _ in table.values()]
SOURCE = file(
    '<startEvent id="s"/><task id="u"/><boundaryEvent id="b" attachedToRef="u"><timerEventDefinition/></boundaryEvent>'
    '<exclusiveGateway id="g"/><subProcess id="sub"><task id="in"/></subProcess><endEvent id="e"/>'
    + "".join(f'<sequenceFlow id="f{n}" sourceRef="{a}" targetRef="{b}"/>' for n, (a, b) in enumerate([("s", "u"), ("u", "g"), ("g", "e"), ("g", "u"), ("b", "sub"), ("sub", "e")]))
    + "".join(BODIES)
)  # fmt: skip
PIECES = sorted({piece for piece in SOURCE.decode().replace(">", "> ").replace('"', ' " ').split() if len(piece) > 2})


@examples(20)
@given(st.integers(0, 2**32), st.integers(1, 12))
def test_a_mutated_file_never_raises_and_opens_or_names_a_line(seed, changes):
    chance = random.Random(seed)
    text = SOURCE.decode()
    for _ in range(changes):
        at = chance.randrange(len(text))
        piece = chance.choice(PIECES)
        match chance.randrange(4):
            case 0:
                text = text[:at] + text[at + chance.randrange(1, 40) :]
            case 1:
                text = text[:at] + piece + text[at:]
            case 2:
                text = text.replace(piece, chance.choice(PIECES), 1)
            case _:
                text = text.replace(
                    f'"{chance.choice("stubge")}"', f'"{chance.choice(["", "p", "s", "sub", "f1", "x y"])}"', 2
                )
    found = imports.translate(text.encode(), "mutated.bpmn")
    if found.xml is None:
        assert found.refusal.line is not None
        return
    etree.fromstring(found.xml)
    for note in found.notes:
        assert str(note)
    assert bpmn.read(found.xml).definition is not None
    shapes = {shape.get("bpmnElement") for shape in etree.fromstring(found.xml).iter(f"{{{BPMNDI}}}BPMNShape")}
    assert shapes


@examples(20)
@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_refused_in_words(data):
    found = imports.translate(data, "any.bpmn")
    assert found.xml is None
    assert str(found.refusal)
