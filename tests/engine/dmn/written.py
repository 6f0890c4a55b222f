"""DMN as text, as short as a test wants it."""

from engine import dmn

NAMESPACE = "https://www.omg.org/spec/DMN/20230324/MODEL/"


def xml(body, namespace="urn:t"):
    """A whole file."""
    return f'<definitions xmlns="{NAMESPACE}" id="d" name="d" namespace="{namespace}">{body}</definitions>'.encode()


def model(body, namespace="urn:t", imports=None):
    """A model without a finding."""
    reading = dmn.read(xml(body, namespace), "t.dmn", imports)
    assert [str(finding) for finding in reading.findings] == []
    return reading.model


def found(body):
    """(rule, level, element) of what is found in it."""
    return [(remark.rule, remark.level.value, remark.element_id) for remark in dmn.read(xml(body)).findings]


def text(tag, value, attributes=""):
    """An element that holds a text."""
    escaped = value.replace("&", "&amp;").replace("<", "&lt;")
    return f"<{tag} {attributes}><text>{escaped}</text></{tag}>"


def literal(value):
    """A literal expression."""
    return text("literalExpression", value)


def boxed(tag, parts, attributes=""):
    """A boxed expression whose parts are literal expressions, e.g. conditional: if, then, else."""
    return f"<{tag} {attributes}>{''.join(f'<{part}>{literal(value)}</{part}>' for part, value in parts)}</{tag}>"


def data(name, of=""):
    """Input data; its id is `in_` and its name."""
    return f'<inputData id="in_{name}" name="{name}"><variable name="{name}"{_type(of)}/></inputData>'


def decision(name, logic, of="", needs=""):
    """A decision whose id is its name; `needs`: requirements."""
    return f'<decision id="{name}" name="{name}"><variable name="{name}"{_type(of)}/>{needs}{logic}</decision>'


def needs(*wanted):
    """Requirements: `in_…` of input data, others of decisions, `f:…` of functions."""
    made = ""
    for target in wanted:
        if target.startswith("f:"):
            address = target[2:]
            made += f'<knowledgeRequirement><requiredKnowledge href="{_href(address)}"/></knowledgeRequirement>'
        else:
            kind = "requiredInput" if target.rpartition("#")[2].startswith("in_") else "requiredDecision"
            made += f'<informationRequirement><{kind} href="{_href(target)}"/></informationRequirement>'
    return made


def knowledge(name, parameters, body, of=""):
    """A business knowledge model; `parameters`: (name, type)."""
    formal = "".join(f'<formalParameter name="{each}"{_type(kind)}/>' for each, kind in parameters)
    return (
        f'<businessKnowledgeModel id="{name}" name="{name}"><variable name="{name}"{_type(of)}/>'
        f"<encapsulatedLogic>{formal}{body}</encapsulatedLogic></businessKnowledgeModel>"
    )


def item(name, of, attributes="", allowed="", constraint=""):
    """A named type."""
    tests = text("allowedValues", allowed) if allowed else ""
    tests += text("typeConstraint", constraint) if constraint else ""
    return f'<itemDefinition name="{name}" {attributes}><typeRef>{of}</typeRef>{tests}</itemDefinition>'


def table(policy, inputs, outputs, rules, attributes=""):
    """`inputs`: (expression, type, allowed values); `outputs`: (name, type, allowed values, default or None)."""
    columns = ""
    for number, (expression, of, allowed) in enumerate(inputs, 1):
        values = text("inputValues", allowed) if allowed else ""
        columns += f'<input id="i{number}">{text("inputExpression", expression, _type(of))}{values}</input>'
    for name, of, allowed, default in outputs:
        values = text("outputValues", allowed) if allowed else ""
        values += text("defaultOutputEntry", default) if default is not None else ""
        columns += f'<output id="o_{name}" name="{name}"{_type(of)}>{values}</output>'
    rows = ""
    for number, cells in enumerate(rules, 1):
        row = "".join(text("inputEntry", cell) for cell in cells[: len(inputs)])
        row += "".join(text("outputEntry", cell) for cell in cells[len(inputs) :])
        rows += f'<rule id="r{number}">{row}</rule>'
    return f'<decisionTable id="tab" hitPolicy="{policy}" {attributes}>{columns}{rows}</decisionTable>'


def _type(of):
    return f' typeRef="{of}"' if of else ""


def _href(target):
    return target if "#" in target else f"#{target}"
