"""The tables of `approvals.md` 3 row by row, and what must hold for every ledger."""

from dataclasses import replace
from decimal import Decimal
from itertools import combinations
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.approvals.ledger import Item, Ledger, decide, depth, progress, subtree, turn
from engine.approvals.modes import Vote, count, pick
from engine.bpmn import quorum
from engine.bpmn.quorum import need, threshold
from engine.errors import InvalidValue
from tests.examples import examples

pytestmark = pytest.mark.approvals

DECISIONS = {"A": "agree", "R": "reject", "X": "abstain"}


def ledger(mode: str, votes: str, weights: tuple[int, ...] = (), **parameters: str) -> Ledger:
    """One item per letter; decided in the order of the letters."""
    return Ledger(
        mode,
        tuple(
            Item(
                id=n,
                seq=(n + 1) * 1000,
                status="todo" if letter == "P" else "decided",
                decision=DECISIONS.get(letter),
                order=0 if letter == "P" else n + 1,
                weight=Decimal(weights[n]) if weights else Decimal(1),
            )
            for n, letter in enumerate(votes)
        ),
        parameters,
    )


def result(mode: str, votes: str, weights: tuple[int, ...] = (), **parameters: str) -> str:
    outcome = decide(ledger(mode, votes, weights, **parameters))
    return "-" if outcome is None else {"passed": "pass", "failed": "fail"}[outcome.result]


@pytest.mark.parametrize(
    ("votes", "all_", "first", "any_all", "half", "full"),
    [
        ("PPP", "-", "-", "-", "-", "-"),
        ("APP", "-", "pass", "pass", "-", "-"),
        ("AAP", "-", "pass", "pass", "pass", "-"),
        ("AAA", "pass", "pass", "pass", "pass", "pass"),
        ("RPP", "fail", "fail", "-", "-", "fail"),
        ("ARP", "fail", "pass", "pass", "-", "fail"),
        ("RAP", "fail", "fail", "pass", "-", "fail"),
        ("RRP", "fail", "fail", "-", "fail", "fail"),
        ("AAR", "fail", "pass", "pass", "pass", "fail"),
        ("RAA", "fail", "fail", "pass", "pass", "fail"),
        ("ARR", "fail", "pass", "pass", "fail", "fail"),
        ("RRR", "fail", "fail", "fail", "fail", "fail"),
    ],
)
def test_three_people_decide_as_the_table_says(votes, all_, first, any_all, half, full):
    found = (
        result("all", votes),
        result("any", votes),
        result("any", votes, rejects="all"),
        result("ratio", votes, threshold="1/2"),
        result("ratio", votes, threshold="100%"),
    )

    assert found == (all_, first, any_all, half, full)
    assert result("ratio", votes, threshold="2/3") == half
    assert result("sequential", votes) == all_


@pytest.mark.parametrize(
    ("votes", "expected"),
    [("APP", "-"), ("AAP", "pass"), ("PRP", "-"), ("PRR", "fail")],
)
def test_weights_50_30_20_with_threshold_60(votes, expected):
    assert result("weight", votes, (50, 30, 20), threshold="60") == expected
    assert result("weight", votes, (50, 30, 20), threshold="60%") == expected


def test_the_heaviest_rejection_decides_when_the_rest_cannot_reach_the_threshold():
    assert result("weight", "RPP", (50, 30, 20), threshold="60") == "fail"
    assert result("weight", "PRP", (50, 30, 20), threshold="60") == "-"


@pytest.mark.parametrize(
    ("entitled", "parameters", "expected"),
    [
        (4, {"threshold": "1/2"}, 2),
        (4, {"threshold": "1/2", "strict": "true"}, 3),
        (4, {"threshold": "2/3"}, 3),
        (3, {"threshold": "0.66"}, 2),
        (3, {"threshold": "0.67"}, 3),
        (3, {"threshold": "66%"}, 2),
        (3, {"threshold": "0.01"}, 1),
    ],
)
def test_needed_votes_are_exact(entitled, parameters, expected):
    assert need(entitled, parameters) == expected


@pytest.mark.parametrize("text", ["", "x", "2/0", "-1", "0", "0%"])
def test_a_threshold_that_cannot_be_is_refused(text):
    with pytest.raises(InvalidValue):
        threshold(text)


def test_an_unknown_mode_is_refused():
    with pytest.raises(InvalidValue):
        result("majority", "AAA")


def test_abstentions_count_or_not_as_the_drawing_says():
    assert result("ratio", "XXAAP", threshold="1/2") == "-"
    assert result("ratio", "XXAAP", threshold="1/2", abstain="exclude") == "pass"
    assert result("ratio", "XXX", threshold="1/2", abstain="exclude") == "fail"


def test_hear_all_holds_the_result_back_until_everybody_has_spoken():
    assert result("any", "AP", hearAll="true") == "-"
    assert result("any", "AR", hearAll="true") == "pass"
    assert result("all", "RP", hearAll="true") == "-"


def test_handling_is_done_by_one_and_never_rejected():
    done = Item(1, status="decided", decision="handled", order=1)
    other = Item(2)

    assert decide(Ledger("inform", (other,))) is None
    assert decide(Ledger("inform", (done, other))).cancelled == (2,)


def test_only_the_lowest_open_place_is_asked_in_sequence():
    first, second, third = (Item(n, seq=n * 1000, status="wait") for n in (1, 2, 3))
    agreed = replace(first, status="decided", decision="agree", order=1)

    assert turn(Ledger("sequential", (third, second, first))) == (1,)
    assert turn(Ledger("sequential", (third, second, agreed))) == (2,)
    assert turn(Ledger("all", (first, second, third))) == (1, 2, 3)


def test_superseded_removed_and_cancelled_items_do_not_count():
    gone = tuple(Item(n, status=status) for n, status in enumerate(("superseded", "removed", "cancelled")))
    agreed = Item(9, status="decided", decision="agree", order=1)

    assert decide(Ledger("all", (*gone, agreed))).total == 1
    assert decide(Ledger("all", gone)) is None


def test_an_after_group_that_rejects_turns_the_adders_yes_into_a_no():
    a, c = (Item(n, status="decided", decision="agree", order=n) for n in (1, 3))
    b = Item(2, status="countersigning", decision="agree", order=2)
    x = Item(10, "sign_after", status="decided", decision="reject", parent=2, order=4, group_mode="any")
    y = Item(11, "sign_after", parent=2, group_mode="any")

    assert decide(Ledger("all", (a, b, c, replace(x, status="todo", decision=None), y))) is None
    assert decide(Ledger("all", (a, b, c, x, y))).result == "failed"
    removed = tuple(replace(item, status="removed") for item in (x, y))
    assert decide(Ledger("all", (a, b, c, *removed))).result == "passed"


def test_a_before_group_is_heard_first():
    owner = Item(1, status="wait")
    adviser = Item(2, "sign_before", parent=1)
    refused = replace(adviser, status="decided", decision="reject", order=1)

    assert decide(Ledger("all", (owner, adviser))) is None
    assert decide(Ledger("all", (owner, refused))).result == "failed"
    assert decide(Ledger("all", (owner, refused), {"beforeReject": "ask"})) is None


def test_a_group_is_asked_in_its_own_order_and_leaves_when_it_has_its_result():
    owner = Item(1, status="wait")
    first, second = (
        Item(n, "sign_before", seq=n, status="wait", parent=1, group_mode="sequential") for n in (2, 3)
    )  # fmt: skip
    agreed = replace(first, status="decided", decision="agree", order=1)
    other = Item(4, "sign_before", seq=4, parent=1, group=1, group_mode="any")
    faster = replace(other, id=5, seq=5, status="decided", decision="agree", order=2)
    done = replace(second, status="decided", decision="agree", order=3)

    assert progress(Ledger("all", (owner, first, second))).asked == (2,)
    assert progress(Ledger("all", (owner, agreed, second))).asked == (3,)
    assert progress(Ledger("all", (owner, agreed, done, other, faster))).left == (4,)
    assert progress(Ledger("all", (owner, agreed, done, other, faster))).asked == (1,)


def test_who_countersigns_is_settled_when_the_group_after_him_is():
    owner = Item(1, status="countersigning", decision="agree", order=1)
    after = Item(2, "sign_after", parent=1)
    nested = Item(3, "sign_before", parent=2)
    agreed = replace(after, status="decided", decision="agree", order=2)

    assert progress(Ledger("all", (owner, replace(after, status="wait"), nested))).settled == ()
    assert progress(Ledger("all", (owner, agreed))).settled == (1,)
    assert subtree(Ledger("all", (owner, after, nested)), 1) == [1, 2, 3]
    assert [depth(Ledger("all", (owner, after, nested)), key) for key in (1, 2, 3)] == [0, 1, 2]


def test_the_random_person_is_the_same_in_every_repetition():
    people = [UUID(int=n) for n in range(5)]
    instance = UUID(int=99)

    assert pick(instance, "fin", 1, people) == pick(instance, "fin", 1, list(reversed(people)))
    assert len({pick(instance, "fin", n, people) for n in range(40)}) == 5


# ---------------------------------------------------------------- properties

MODES = st.sampled_from(
    [
        ("all", {}), ("any", {}), ("any", {"rejects": "all"}), ("sequential", {}), ("single", {}),
        *(("ratio", {"threshold": q, "strict": s, "abstain": a})
          for q in ("1/2", "2/3", "0.67", "100%") for s in ("true", "false") for a in ("include", "exclude")),
        ("weight", {"threshold": "60%"}), ("weight", {"threshold": "3"}),
    ]
)  # fmt: skip
LETTERS = st.text("ARXP", min_size=1, max_size=6)
WEIGHTS = st.lists(st.integers(1, 9), min_size=6, max_size=6).map(tuple)


@examples(100)
@given(MODES, LETTERS, WEIGHTS)
def test_nobody_pending_means_decided(mode, votes, weights):
    assert result(mode[0], votes.replace("P", "A"), weights, **mode[1]) != "-"


@examples(100)
@given(MODES, LETTERS, WEIGHTS, st.text("ARX", min_size=6, max_size=6))
def test_an_early_result_is_the_result_of_every_completion(mode, votes, weights, rest):
    early = result(mode[0], votes, weights, **mode[1])
    if early == "-" or mode == ("any", {}):
        return
    completed = "".join(rest[n] if letter == "P" else letter for n, letter in enumerate(votes))

    assert result(mode[0], completed, weights, **mode[1]) == early


@examples(100)
@given(MODES, LETTERS, WEIGHTS, st.integers(0, 5))
def test_turning_a_no_into_a_yes_never_turns_a_pass_into_a_fail(mode, votes, weights, place):
    if place >= len(votes) or votes[place] != "R" or result(mode[0], votes, weights, **mode[1]) != "pass":
        return

    assert result(mode[0], votes[:place] + "A" + votes[place + 1 :], weights, **mode[1]) == "pass"


@examples(80)
@given(MODES, LETTERS, WEIGHTS, st.randoms())
def test_the_order_of_rows_is_irrelevant(mode, votes, weights, random):
    original = ledger(mode[0], votes, weights, **mode[1])
    shuffled = list(original.items)
    random.shuffle(shuffled)
    twisted = replace(original, items=tuple(shuffled))

    assert (decide(original) is None) == (decide(twisted) is None)
    if decide(original) is not None:
        assert decide(original).result == decide(twisted).result


@st.composite
def trees(draw):
    """A ledger of up to four people, some of whom have added others before or after themselves, up to three deep."""
    items: list[Item] = []

    def add(kind: str, parent: int | None, group_mode: str, level: int) -> None:
        key = len(items) + 1
        items.append(Item(key))
        before = draw(st.integers(0, 2)) if level < 3 and draw(st.booleans()) else 0
        letter = draw(st.sampled_from("ARPP"))
        after = draw(st.integers(0, 2)) if letter == "A" and level < 3 and draw(st.booleans()) else 0
        mode = draw(st.sampled_from(["all", "any", "sequential"]))
        for _ in range(before):
            add("sign_before", key, mode, level + 1)
        for _ in range(after):
            add("sign_after", key, mode, level + 1)
        status = "countersigning" if after else "todo" if letter == "P" else "decided"
        order = 0 if letter == "P" else key
        items[key - 1] = Item(
            key, kind, key * 1000, status=status, decision=DECISIONS.get(letter), parent=parent, order=order,
            group_mode=group_mode,
        )  # fmt: skip

    for _ in range(draw(st.integers(1, 4))):
        add("normal", None, "all", 0)
    return tuple(items)


@examples(100)
@given(MODES, trees(), st.data())
def test_an_early_result_with_added_signers_is_the_result_of_every_completion(mode, items, data):
    early = decide(Ledger(mode[0], items, mode[1]))
    completed = tuple(
        item if item.decision else replace(
            item, status="decided", order=1000 + item.id, decision=DECISIONS[data.draw(st.sampled_from("AR"))]
        )
        for item in items
    )  # fmt: skip
    late = decide(Ledger(mode[0], completed, mode[1]))

    assert late is not None, "nobody is pending"
    any_first = mode == ("any", {}) or any(item.group_mode == "any" for item in items)
    if early is not None and not any_first:
        assert late.result == early.result


@examples(80)
@given(MODES, trees(), st.randoms())
def test_the_order_of_rows_is_irrelevant_with_added_signers(mode, items, random):
    shuffled = list(items)
    random.shuffle(shuffled)
    one, other = (decide(Ledger(mode[0], tuple(rows), mode[1])) for rows in (items, shuffled))

    assert (one and one.result) == (other and other.result)


@examples(80)
@given(MODES, trees())
def test_somebody_is_asked_as_long_as_the_round_is_open(mode, items):
    waiting = tuple(replace(item, status="wait") if item.status == "todo" else item for item in items)
    book = Ledger(mode[0], waiting, mode[1])

    if decide(book) is None:
        step = progress(book)
        assert step.asked
        assert not set(step.asked) & set(step.left)


@examples(80)
@given(MODES, trees(), st.sets(st.integers(1, 12)))
def test_an_unconfirmed_decision_is_none(mode, items, proposed):
    said = tuple(
        replace(item, status="countersigning", unconfirmed=True) if item.decision and item.id in proposed else item
        for item in items
    )
    silent = tuple(
        replace(item, status="todo", decision=None, order=0, unconfirmed=False) if item.unconfirmed else item
        for item in said
    )  # fmt: skip
    one, other = (Ledger(mode[0], rows, mode[1]) for rows in (said, silent))

    results = [outcome and outcome.result for outcome in (decide(one), decide(other))]
    assert results[0] == results[1]
    assert not set(progress(one).settled) & {item.id for item in said if item.unconfirmed}


def test_no_vote_is_counted_with_a_float():
    weights = (Decimal("0.1"),) * 3
    votes = tuple(
        Item(n, seq=n, weight=weight, status="decided", decision="agree", order=n + 1)
        for n, weight in enumerate(weights)
    )

    assert decide(Ledger("weight", votes, {"threshold": "0.3"})).passed
    assert not decide(Ledger("weight", votes, {"threshold": "0.30000000000000000001"})).passed
    assert need(3, {"threshold": "0.33333333333333333334"}) == 2


@examples(80)
@given(st.text("ARP", min_size=1, max_size=6))
def test_ratio_of_all_is_all_and_ratio_of_one_is_any(votes):
    assert result("ratio", votes, threshold="100%") == result("all", votes)
    assert result("ratio", votes, threshold=f"1/{len(votes)}") == result("any", votes, rejects="all")


@examples(80)
@given(MODES, st.text("ARXP", min_size=2, max_size=6), WEIGHTS)
def test_removing_a_pending_signer_never_undecides(mode, votes, weights):
    if "P" not in votes or result(mode[0], votes, weights, **mode[1]) == "-" or mode[1].get("threshold") == "3":
        return
    gone = votes.index("P")

    assert result(mode[0], votes[:gone] + votes[gone + 1 :], weights[:gone] + weights[gone + 1 :], **mode[1]) != "-"


@given(
    st.sampled_from(("all", "sequential", "single", "ratio", "weight", "any", "claim")),
    st.lists(st.decimals("0", "9", places=1), min_size=1, max_size=6),
    st.sampled_from(("1/2", "2/3", "60%", "0.4", "100%", "3", "12.5")),
    st.booleans(),
)
@examples(200)
def test_how_many_have_to_agree_is_what_the_count_of_votes_says(mode, weights, share, strict):
    parameters = {"threshold": share, "strict": strict}

    def passes(agreed):
        votes = [Vote(n, "A" if n in agreed else "P", one, n) for n, one in enumerate(weights)]
        return count(mode, votes, parameters) in ((True, "enough_agreed"), (True, "all_agreed"), (True, "one_agreed"))

    parties = [frozenset(one) for size in range(1, len(weights) + 1) for one in combinations(range(len(weights)), size)]
    enough = [one for one in parties if passes(one)]
    last = [one for one in enough if any(not passes(one - {n}) for n in one) or len(one) == 1]
    wanted = quorum.needed(mode, weights, parameters)
    if wanted is None:
        assert min(map(len, enough)) == 1
    else:
        counted = quorum.counted(mode, weights)
        assert quorum.fewest(counted, wanted) == min(map(len, enough), default=None)
        assert quorum.most(counted, wanted) == max(map(len, last), default=None)


@pytest.mark.parametrize("text", ["", "many", "-1", "NaN", "Infinity"])
def test_a_weight_is_a_number(text):
    with pytest.raises(InvalidValue):
        quorum.weight(text)
