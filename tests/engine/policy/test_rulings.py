"""Decisions on regions: what a table gives is asked once, and for each value."""

from decimal import Decimal

from engine import dmn
from engine.policy.rulings import ruling

TABLE = b"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="urn:d">
<inputData id="i" name="said"><variable name="said"/></inputData>
<decision id="kind" name="kind"><informationRequirement><requiredInput href="#i"/></informationRequirement>
<decisionTable id="t" hitPolicy="UNIQUE"><input><inputExpression><text>said</text></inputExpression></input>
<output name="kind"/>
<rule><inputEntry><text>1</text></inputEntry><outputEntry><text>"number"</text></outputEntry></rule>
<rule><inputEntry><text>true</text></inputEntry><outputEntry><text>"truth"</text></outputEntry></rule>
<rule><inputEntry><text>"1"</text></inputEntry><outputEntry><text>"text"</text></outputEntry></rule>
</decisionTable></decision></definitions>"""


def test_what_a_table_gave_is_not_taken_for_another_value():
    asked = ruling(dmn.read(TABLE).model, "kind")

    for _ in "ab":  # asked, and remembered
        found = [asked.value([("said", value)]) for value in (Decimal(1), True, "1", "2")]
        assert found == ["number", "truth", "text", None]


def test_a_table_is_asked_once_for_each_value(monkeypatch):
    asked, times = ruling(dmn.read(TABLE).model, "kind"), []
    decide = dmn.decide
    monkeypatch.setattr(dmn, "decide", lambda *given, **named: times.append(given) or decide(*given, **named))

    for _ in range(3):
        asked.value([("said", "1")])

    assert len(times) == 1
