"""Decision models that import each other: deployed together, kept together, found again when one of them changes."""

from decimal import Decimal

import pytest

from engine import dmn, repository
from engine.errors import DeploymentRefused
from engine.unit_of_work import ENGINE
from tests.engine.dmn import written as w


def rates(rate):
    return w.xml(w.knowledge("rate", [("n", "number")], w.literal(f"n * {rate}")), "urn:rates")


FEE = w.xml(
    '<import namespace="urn:rates" name="rates"/>'
    + w.decision("fee", w.literal("rates.rate(amount)"), needs=w.needs("f:urn:rates#rate"))
    + '<decisionService id="fees" name="fees"><outputDecision href="#fee"/></decisionService>',
    "urn:fee",
)
LOOP = {
    f"processes/a/{mine}.dmn": w.xml(
        f'<import namespace="urn:{other}" name="{other}"/>' + w.decision(mine, w.literal("1")), f"urn:{mine}"
    )
    for mine, other in (("one", "two"), ("two", "one"))
}


def deploy(engine, **files):
    with engine.unit_of_work(ENGINE) as uow:
        return [
            f"{info.key} v{info.version}"
            for info in repository.deploy(uow, {f"processes/a/{name}.dmn": xml for name, xml in files.items()}).new
        ]


def fee(engine):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return dmn.decide(repository.decision(uow, "fee"), "fee", {"amount": 100}).value


def test_a_decision_uses_the_model_that_was_deployed_with_it(engine):
    assert deploy(engine, fee=FEE, rates=rates("0.05")) == ["fee v1", "fees v1"]

    assert fee(engine) == 5


def test_a_change_of_the_imported_model_is_a_new_version_of_the_importing_one(engine):
    deploy(engine, fee=FEE, rates=rates("0.05"))

    assert deploy(engine, fee=FEE, rates=rates("0.05")) == []
    assert deploy(engine, fee=FEE, rates=rates("0.06")) == ["fee v2", "fees v2"]
    assert fee(engine) == Decimal("6.00")


def test_an_import_that_is_deployed_already_joins_the_deployment(engine):
    with_decision = w.xml(
        w.knowledge("rate", [("n", "number")], w.literal("n / 2")) + w.decision("half", w.literal("1")), "urn:rates"
    )
    deploy(engine, rates=with_decision)

    assert deploy(engine, fee=FEE) == ["fee v1", "fees v1"]
    assert fee(engine) == 50


def test_an_import_that_is_nowhere_is_refused(engine):
    with pytest.raises(DeploymentRefused) as refused:
        deploy(engine, fee=FEE)

    assert {finding.rule for finding in refused.value.findings} == {"import"}


def test_imports_in_a_circle_are_refused():
    readings = dmn.read_all(LOOP)

    assert [finding.rule for reading in readings.values() for finding in reading.findings] == ["import"]
