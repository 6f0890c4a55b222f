"""A recorded log against a policy: who was paid without a live approval, and what cannot be read is said."""

import gzip
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from engine.errors import InvalidPolicy
from engine.policy import recorded, replay, statement, written
from webui.cli import main

DATA = Path(__file__).parents[2] / "data"
LOG, COLUMNS = DATA / "bpi2020_domestic_500.csv.gz", DATA / "bpi2020_domestic.columns.yml"
XES = DATA / "made_up_payments.xes"
YEAR = """
- id: PAY-001
  title: 先审批，后付款
  on: payment.execute
  require: [{approval: finance_approval, people: 1, valid_for: P365D}]
"""
HEAD = "case,timestamp,activity,amount\n"


def held(text, policy=YEAR, columns=None):
    reading = replay.read_mapping(COLUMNS.read_text() if columns is None else columns)
    return replay.replay(statement.read(policy)[0], reading, recorded.read_csv(text) if isinstance(text, str) else text)


def events(*lines):
    return HEAD + "".join(f"c,2026-01-0{day}T09:00:00+08:00,{activity},{amount}\n" for day, activity, amount in lines)


def test_the_recorded_declarations_have_exactly_two_that_were_paid_without_an_approval():
    audit = held(recorded.read(LOG.name, LOG.read_bytes()))

    assert (audit.cases, audit.events, audit.operations) == (500, 3029, 456)
    assert [line.case for line in audit.flagged] == ["declaration95149", "declaration90815"]


@pytest.mark.parametrize(
    ("lines", "flagged"),
    [
        ([(1, "Declaration FINAL_APPROVED by S", 9), (2, "Payment Handled", 9)], 0),
        ([(1, "Declaration APPROVED by S", 9), (2, "Payment Handled", 9)], 1),
        ([(2, "Payment Handled", 9), (3, "Declaration FINAL_APPROVED by S", 9)], 1),
        (
            [(1, "Declaration FINAL_APPROVED by S", 9), (2, "Declaration REJECTED by S", 9), (3, "Payment Handled", 9)],
            1,
        ),
        ([(1, "Declaration FINAL_APPROVED by S", 9), (2, "Payment Handled", 9), (3, "Payment Handled", 9)], 1),
        ([(1, "Declaration FINAL_APPROVED by S", 9)], 0),
    ],
)
def test_an_approval_counts_once_and_until_a_rejection(lines, flagged):
    assert len(held(events(*lines)).flagged) == flagged


def test_conditions_on_facts_and_expiry_are_those_of_the_policy():
    policy = YEAR.replace("valid_for: P365D", "valid_for: P2D").replace(
        "people: 1", 'people: 1, when: "= facts.amount >= 100"'
    )
    assert held(events((1, "Payment Handled", 99)), policy).flagged == ()
    assert len(held(events((1, "Payment Handled", 100)), policy).flagged) == 1
    (late,) = held(events((1, "Declaration FINAL_APPROVED by S", 100), (4, "Payment Handled", 100)), policy).flagged
    assert late.reasons[0][0] == "{capability}: the approval had expired."
    unknown = "case: case\ntime: timestamp\nactivity: activity\napprovals: {finance_approval: [x]}\noperation: pay\n"
    assert len(held(events((1, "pay", 1)), policy, unknown).flagged) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("case,activity\nc,x\n", "columns"),
        (HEAD + "c,yesterday,x,1\n", "line 2"),
        (HEAD + "c,2026-01-01,x,1\n", "line 2"),
    ],
)
def test_what_cannot_be_read_is_named(text, said):
    with pytest.raises(InvalidPolicy, match=said):
        held(text)
    with pytest.raises(InvalidPolicy, match="approvals"):
        replay.read_mapping("case: case")
    with pytest.raises(InvalidPolicy, match="line 4: 'case' twice"):
        replay.read_mapping("time: at\ncase: case\nactivity: x\ncase: other\n")


def test_a_log_of_mining_tools_names_the_same_two_patterns_packed_or_not():
    plain = XES.read_bytes()
    reading = XES.with_suffix(".columns.yml").read_text()
    for log in (recorded.read(XES.name, plain), recorded.read("some.xes.gz", gzip.compress(plain, mtime=0))):
        audit = held(log, columns=reading)
        assert (audit.cases, audit.events, audit.operations) == (4, 16, 4)
        assert [line.case for line in audit.flagged] == ["bill 2", "bill 3"]
        dear = YEAR.replace("people: 1", 'people: 1, when: "= facts.amount >= 1000"')
        assert [line.case for line in held(log, dear, reading).flagged] == ["bill 3"]
        two = YEAR.replace("people: 1", "people: 2")
        assert [line.case for line in held(log, two, reading).flagged] == ["bill 1", "bill 2", "bill 3"]


@pytest.mark.parametrize(
    ("name", "raw", "said"),
    [
        ("a.xes", b'<!DOCTYPE log [<!ENTITY x SYSTEM "file:///etc/passwd">]><log>&x;</log>', "without DOCTYPE"),
        ("a.xes", b"<log><trace>", "well-formed"),
        ("a.xes", b"<definitions/>", "root element 'log'"),
        ("a.xes", b'<log><trace><string key="x"/></trace></log>', "line 1: an attribute with key and value"),
        ("a.xes", b"<log/>", "at least one event"),
        ("a.csv", b"", "at least one event"),
        ("a.csv", b"case,timestamp,activity\n", "at least one event"),
        ("a.csv", b"case,activity\r1,x\r", "readable CSV, lines ended by LF or CRLF"),
        ("a.xes", b'<log><trace><event><string key="concept:name" value="x"/></event></trace><trace>'
         b'<string key="concept:name" value="c"/><event><date key="time:timestamp" value="2026-01-01T00:00:00Z"/>'
         b"</event></trace></log>", "event 1: a value of case:concept:name"),
        ("a.csv", b"case,activity,activity\nc,x,p\n", "every column once.*'activity' 2 times"),
        ("a.csv", b"case,activity\nc,x\nc,x,p\n", "line 3: values under the 2 named columns only"),
        ("a.csv", b'case,activity\n\n"c\nd",x\nc,x,p\n', "line 5: values"),
        ("a.csv", b"case,,activity\nc,p,x\n", "line 2: values under the 2 named columns only"),
        ("a.xes", b'<log><trace><event><string key="n" value="x"/><string key="n" value="p"/></event></trace></log>',
         "line 1: every attribute once.*'n'"),
        ("a.xes.gz", b"no gzip", "a gzip file"),
        ("a.xes.gz", gzip.compress(b"<log/>", mtime=0)[:-9], "a gzip file"),
        ("a.csv", "案件".encode("gb18030"), "CSV in UTF-8"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_log_is_refused_by_name(name, raw, said):
    columns = (
        "case: case:concept:name\ntime: time:timestamp\nactivity: concept:name\napprovals: {a: [x]}\noperation: p\n"
    )
    with pytest.raises(InvalidPolicy, match=said):
        held(recorded.read(name, raw), columns=columns)


def test_columns_and_cells_that_a_sheet_leaves_empty_are_no_columns():
    log = recorded.read_csv("case,activity,at,,\n1,a,2026-01-01,,\n2,b,x,\n3\n")

    assert log.columns == ("case", "activity", "at")
    assert log.rows == [
        (2, {"case": "1", "activity": "a", "at": "2026-01-01"}), (3, {"case": "2", "activity": "b", "at": "x"}),
        (4, {"case": "3"}),
    ]  # fmt: skip


def test_a_mapping_with_many_keys_is_read_in_one_pass():
    looked = []

    class Key(str):
        def __eq__(self, other):
            looked.append(1)
            return str.__eq__(self, other)

        __hash__ = str.__hash__

    pairs = [(yaml.ScalarNode("tag:yaml.org,2002:str", Key(f"k{n}")), yaml.ScalarNode("tag:yaml.org,2002:str", "v"))
             for n in range(300)]  # fmt: skip
    written._Once("").construct_mapping(yaml.MappingNode("tag:yaml.org,2002:map", pairs))

    assert len(looked) < 3000, "300 * 300 otherwise"


def test_what_the_log_never_says_is_named_and_what_the_class_does_not_have_refused():
    paid = events((1, "Payment Handled", 9))
    assert held(paid).unmatched == ("Declaration FINAL_APPROVED by *", "Declaration REJECTED by *")
    assert held(events((1, "Paid", 9))).unmatched[0] == "Payment Handled"
    for fact in ("x y", "amuont"):
        with pytest.raises(InvalidPolicy, match=r"facts of payment\.execute"):
            held(paid, columns=COLUMNS.read_text().replace("amount_base:", f"{fact}:"))


def test_the_command_names_them_and_exits_with_1(tmp_path):
    file = tmp_path / "policies.yml"
    file.write_text(YEAR, encoding="utf-8")

    result = CliRunner().invoke(main, ["policy", "replay", str(LOG), str(COLUMNS), "--policies", str(file)])

    assert result.exit_code == 1
    assert "PAY-001: 500 cases, 3029 events, 456 operations, 2 flagged" in result.output
    assert "declaration90815" in result.output

    columns = str(XES.with_suffix(".columns.yml"))
    result = CliRunner().invoke(main, ["policy", "replay", str(XES), columns, "--policies", str(file)])
    assert result.exit_code == 1
    assert "PAY-001: 4 cases, 16 events, 4 operations, 2 flagged" in result.output

    result = CliRunner().invoke(main, ["policy", "replay", str(XES), columns, "--policies", str(file), "--class", "x"])
    assert (result.exit_code, "Nothing was judged" in result.output) == (2, True)
