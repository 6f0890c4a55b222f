"""A process as a document: what its chapters say, of a version and of what is drawn; the database does not matter."""

from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas

from engine import drafts, policy, repository
from engine.unit_of_work import ENGINE
from tests.engine.policy.test_gate import POLICY
from tests.webui.drawings import CLAIM
from webui.designer import cell_words, signs
from webui.designer.thumbnail import thumbnail
from webui.printing import booklet
from webui.printing.booklet import Booklet, Facts, Grid, Heading, Words
from webui.printing.paper import Look
from webui.printing.picture import Picture

PATH = "processes/oa/claim.bpmn"
LIBRARY = Path(__file__).parents[2]
TOLD = b"""scenarios:
  - name: {zh: "\xe5\x90\x8c\xe6\x84\x8f", en: agreed and paid}
    as: ann
    given: {reason: train, amount: 12}
    steps: [{task: approve, as: bob, agree: {cost_centre: R1, opinion: fine}}]
    tasks: [pay]
"""


@pytest.fixture
def engine(_sqlite, clock):
    yield from _sqlite.lend(clock)


@pytest.fixture
def made(monkeypatch):
    """The booklets that were drawn."""
    found: list[Booklet] = []
    draw = booklet.pdf

    def keep(one: Booklet, font: str) -> bytes:
        found.append(one)
        return draw(one, font)

    monkeypatch.setattr(booklet, "pdf", keep)
    return found


def chapter(found, name):
    """What stands under a heading, up to the next of its level."""
    level = next(one.level for one in found.blocks if isinstance(one, Heading) and one.text == name)
    place = found.blocks.index(Heading(name, level)) + 1
    rest = found.blocks[place:]
    ends = (n for n, one in enumerate(rest) if isinstance(one, Heading) and one.level <= level)
    return rest[: next(ends, len(rest))]


def facts(blocks):
    return dict(pair for one in blocks if isinstance(one, Facts) for pair in one.pairs)


def test_a_version_says_who_decides_on_which_fields_and_what_its_scenarios_tell(sign_in, engine, made):
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY)
        files = {PATH: CLAIM.replace(b'id="d"', b'id="d2"'), PATH.replace(".bpmn", ".scenarios.yml"): TOLD}
        version = repository.deploy(uow, files, "the first").new[0]
    root = sign_in("root")
    root.post("/designer/scenarios/claim")
    address = f"/designer/document/claim.pdf?version={version.id}"

    answer, again = root.get(address), root.get(f"{address}&language=zh")

    assert (answer.data[:5], answer.mimetype, root.get(address).data) == (b"%PDF-", "application/pdf", answer.data)
    english, chinese = made[0], made[1]
    assert (english.title, english.subtitle, chinese.title) == ("Claim", "claim · Version 2", "报销")
    head = facts(english.blocks[:2])
    assert (head["Version"], head["What has changed"], head["Area"]) == ("2", "the first", "Office")
    step = chapter(english, "2. Approve")
    assert facts(step)["In short"] == "Managers · any one agrees · within 2 days"
    assert facts(step)["Goes on"] == "→ 同意？"
    assert facts(chapter(english, "3. 同意？"))["Goes on"] == "是: → Pay (Approve agreed)\n否: → 已驳回 (otherwise)"
    (grid,) = (one for one in step if isinstance(one, Grid))
    rights = {row[-1]: row[2:4] for row in grid.rows}
    assert (rights["reason"], rights["cost_centre"][1]) == (["", "May be read"], "May be written")
    begun = {row[-1]: row[2:4] for one in chapter(english, "1. 已提交") if isinstance(one, Grid) for row in one.rows}
    assert begun["reason"] == ["yes", "May be written"]
    story = facts(chapter(english, "agreed and paid"))
    assert story["Filled in"] == "Amount: 12\nReason: train"
    assert story["What happens"].startswith("Bob: agreed: Approve")
    assert (story["Ends at"], story["Result"]) == ("Pay", "passed")
    assert [type(one) for one in chapter(english, "Policies")] == [Words]
    glossary = next(one for one in chapter(english, "Glossary of values") if isinstance(one, Grid))
    assert ["reason", "Reason", "Words", "已提交"] in glossary.rows
    assert "场景示例" in [one.text for one in chinese.blocks if isinstance(one, Heading)]
    assert again.status_code == 200


def test_what_is_drawn_says_so_and_that_errors_leave_policies_open(sign_in, engine, made):
    wrong = CLAIM.replace(b'formId="approval"', b'formId="nowhere"').replace("付款".encode(), b"Pay out", 1)
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, PATH, wrong, name="报销")

    root = sign_in("root")
    assert root.get("/designer/document/claim.pdf").status_code == 200

    assert made[0].subtitle == "claim · Draft"
    assert facts(made[0].blocks[:2])["Version"] == "Draft, not published"
    assert "The draft has errors" in chapter(made[0], "Policies")[0].text
    assert root.get("/designer/document/nothing.pdf").status_code == 404
    assert root.get("/designer/document/claim.pdf?version=x").status_code == 404


def test_examples_say_what_is_refused_and_no_result_of_what_was_drawn_before(sign_in, engine, made):
    told = (
        TOLD
        + b"""  - name: nothing filled in
    as: ann
    given: {amount: 12}
    refused: invalid_form
"""
    )
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, PATH, CLAIM.replace(b'id="d"', b'id="d2"'))
        drafts.save(uow, PATH.replace(".bpmn", ".scenarios.yml"), told)
    root = sign_in("root")
    root.post("/designer/scenarios/claim")
    root.get("/designer/document/claim.pdf")
    with engine.unit_of_work(ENGINE) as uow:
        seen = drafts.open_(uow, PATH).version
        drafts.save(uow, PATH, CLAIM.replace(b'id="d"', b'id="d3"'), version=seen)
    root.get("/designer/document/claim.pdf")

    before, after = (
        [facts(chapter(found, name)) for name in ("agreed and paid", "nothing filled in")] for found in made
    )
    assert [one["Result"] for one in before] == ["passed", "passed"]
    assert before[1]["Ends at"] == "refused"
    assert [one["Result"] for one in after] == ["not run", "not run"]


def test_what_the_shipped_processes_decide_and_are_given_is_said_in_the_words_of_their_tables_and_forms(
    sign_in, engine, made
):
    with engine.unit_of_work(ENGINE) as uow:
        names = [path for area in ("oa", "procure_to_pay") for path in LIBRARY.glob(f"*/{area}/*.*")]
        files = {str(path.relative_to(LIBRARY)): path for path in names if path.suffix in (".bpmn", ".dmn", ".json")}
        repository.deploy(uow, {key: path.read_bytes() for key, path in files.items()})
    root = sign_in("root")

    root.get("/designer/document/leave_request.pdf")
    root.get("/designer/document/procure_to_pay.pdf?language=zh")

    leave, purchase = made
    (table,) = (one for one in chapter(leave, "Leave rule") if isinstance(one, Grid))
    assert table.columns == ["#", "Kind of leave", "Days", "Approver"]
    assert table.rows[0] == ["1", "Annual", "<= 3", "Manager"]
    assert table.rows[-1] == ["7", "not Annual, Personal, Sick", "anything", "Human resources"]
    (authority,) = (one for one in chapter(purchase, "采购审批权限") if isinstance(one, Grid))
    assert authority.rows[1] == ["2", "[5000..50000)", "否", "部门负责人"]
    assert "approval." not in facts(chapter(purchase, "9. 同意？"))["之后"]
    story = next(one for one in chapter(purchase, "场景示例") if isinstance(one, Facts))
    assert "物料编码：F0001, 数量：20" in dict(story.pairs)["填写内容"]
    glossary = next(one for one in chapter(purchase, "变量一览") if isinstance(one, Grid))
    assert {row[0]: row[1] for row in glossary.rows}["receipt_no"] == "收货单号"


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ('"a"', "Anna"), ('"a", "b"', "Anna, b"), ('not("a","b")', "not Anna, b"), ("-", "anything"), ("", "anything"),
        ("true", "yes"), ("null", "is empty"), ("> 5", "> 5"), ('"a" + x', '"a" + x'), (r'"a\"b"', 'a"b'),
        ('starts with(?, "a")', 'starts with(?, "a")'),
    ],
)  # fmt: skip
def test_a_cell_is_said_in_words_only_where_it_is_a_list_of_texts_or_a_flag(app, cell, said):
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert cell_words.test(cell, {"a": "Anna"}) == said


def test_each_shipped_drawing_and_each_sign_is_drawn_on_paper(app):
    canvas, look = Canvas("unused.pdf"), Look("A4", "")
    with app.test_request_context():
        drawn = [str(thumbnail(path.read_bytes(), labelled=True)) for path in LIBRARY.glob("processes/*/*.bpmn")]
    paths = [*signs.GATEWAYS.values(), *signs.EVENTS.values(), *signs.LOOPS.values(), signs.SEVERAL, signs.TOGETHER,
             signs.UNDOES, signs.AD_HOC]  # fmt: skip
    marks = "".join(f'<path class="tk-sign" transform="translate(9 9)" d="{path}"/>' for path in paths)

    for svg in (*drawn, f'<svg viewBox="0 0 18 18">{marks}</svg>'):
        picture = Picture(look, svg, 700, 500)
        assert max(picture.width / 700, picture.height / 500) < 1.001
        picture.drawOn(canvas, 0, 0)
    assert len(drawn) > 5


@pytest.mark.parametrize("columns", [9, 15, 40])
def test_wide_tables_and_long_cells_go_on_paper(columns):
    lines = "\n".join(f"{n}" for n in range(120))
    table = Grid(["#", *[f"c{n}" for n in range(columns)]], [["1", *[lines] * columns]] * 3, (0.4, *[2] * columns))

    made = booklet.pdf(Booklet("t", "s", "m", [Facts([("long", lines)]), table]))

    assert made.startswith(b"%PDF")
    parts = list(booklet._parts(table))
    assert [name for part in parts for name in part.columns[1:]] == table.columns[1:]
    assert {part.columns[0] for part in parts} == {"#"}
