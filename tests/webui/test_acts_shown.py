"""Acts outside requests on the page of operators: with what people have written, or that it is erased."""

from engine import history, tasks
from engine.unit_of_work import ENGINE
from webui.cockpit import queries


def test_words_of_acts_are_shown_and_where_they_are_gone_that_they_are(engine):
    with engine.unit_of_work(ENGINE) as uow:
        for scope, reason in (("batch", "cheaper"), ("draft", "clearer")):
            history.act(uow, scope, "batch.created", {"process": "p"}, texts={"reason": reason})
    with engine.unit_of_work(ENGINE) as uow:
        tasks.erase_act(uow, "draft", 1, "the law")

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        shown = {(one.scope, one.seq): one.data for one in queries.acts(uow)}
    assert shown["batch", 1] == {"source": ENGINE.source, "process": "p", "reason": "cheaper"}
    assert shown["draft", 1] == {"source": ENGINE.source, "process": "p", "erased": ["reason"]}
    assert shown["draft", 2]["reason"] == "the law"
