"""The decision table that a new one starts with: one input, one output, two rules that leave no gap."""

from xml.sax.saxutils import quoteattr

_TABLE = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="{key}_definitions" name={name} namespace="urn:troika:decisions:{key}">
  <decision id="{key}" name={name}>
    <variable id="{key}_variable" name={name}/>
    <decisionTable id="{key}_table" hitPolicy="UNIQUE">
      <input id="{key}_in1" label="金额"><inputExpression id="{key}_in1_e" typeRef="number"><text>amount</text></inputExpression></input>
      <output id="{key}_out1" label="结果" name="result" typeRef="string"/>
      <rule id="{key}_1">
        <inputEntry id="{key}_1_i1"><text>&lt; 1000</text></inputEntry>
        <outputEntry id="{key}_1_o1"><text>"a"</text></outputEntry>
      </rule>
      <rule id="{key}_2">
        <inputEntry id="{key}_2_i1"><text>&gt;= 1000</text></inputEntry>
        <outputEntry id="{key}_2_o1"><text>"b"</text></outputEntry>
      </rule>
    </decisionTable>
  </decision>
</definitions>
"""  # noqa: E501 - an XML file


def blank_table(key: str, name: str) -> bytes:
    """A valid file with decision `key`."""
    return _TABLE.format(key=key, name=quoteattr(name)).encode("utf-8")
