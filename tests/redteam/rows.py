"""The list of known ways round approve-before-pay, and the walls that stop each, in order (`policy.md` 8).

A test says what it shows with `pytest.mark.row(number, *walls)`: the attack is stopped by the first of them, with that
one off by the second, and so on. `"through"` as the last: with all of them off the attack succeeds, so the walls that
it names are what stopped it. Where the attack is on what was written, the last wall is the record: with the checks off
that name it, everything looks as it should.
"""

from dataclasses import dataclass

PROOF = "proof"
GATE = "gate"
DATABASE = "database"
RECORD = "record"
VERB = "verb"
NAMES = "names"
CLOCK = "clock"
MOVE = "move"
OUTBOUND = "outbound"
REPORT = "report"
MACHINE = "machine"
IDEMPOTENCY = "idempotency"
READ_ONLY = "read only"
SPELLING = "spelling"
SEEN = "seen"
THROUGH = "through"


@dataclass(frozen=True, slots=True)
class Row:
    """One attack. `walls`: what has to be shown to stop it; behind the last of them it has to be shown to succeed."""

    attack: str
    walls: tuple[str, ...]


ROWS = {
    1: Row("the default flow after a rejection leads to the payment", (PROOF, GATE, DATABASE)),
    2: Row("a timer boundary of the approval pays", (PROOF, GATE, DATABASE)),
    3: Row("an error boundary of the approval or the match pays", (PROOF, GATE, DATABASE)),
    4: Row("a non-interrupting message boundary pays", (PROOF, GATE, DATABASE)),
    5: Row("an event sub-process pays", (PROOF, GATE, DATABASE)),
    6: Row("a loop: approve, edit, pay", (PROOF, GATE, DATABASE)),
    7: Row("a payment is split below the threshold", (GATE, REPORT)),
    8: Row("the currency, or what is paid at all, is changed after the approval", (PROOF, GATE, DATABASE)),
    9: Row("the bank account is swapped by master data after the approval", (GATE, DATABASE)),
    10: Row("the own request through a substitute", (VERB, GATE, DATABASE)),
    11: Row("one human as the substitute of two", (GATE, DATABASE)),
    12: Row("one human with two accounts", (GATE, DATABASE, RECORD)),
    13: Row("the approver edits what is paid and agrees", (PROOF, VERB, GATE, DATABASE)),
    14: Row("a script, form, message or administrator writes the outcome of an approval", (NAMES, GATE, DATABASE)),
    15: Row("a service account completes the approval", (VERB, DATABASE)),
    16: Row("an administrator moves the token behind the approval", (PROOF, GATE, DATABASE)),
    17: Row("migration to a version without the approval", (PROOF, GATE, DATABASE)),
    18: Row("a return leaves the token of the payer alive", (MOVE, GATE, DATABASE)),
    19: Row("a consumed grant is used again, a job runs twice", (IDEMPOTENCY, GATE, DATABASE)),
    20: Row("twenty payments at once on one grant", (GATE, DATABASE)),
    21: Row("recall or withdraw after the payment", (VERB,)),
    22: Row("history, audit, a decision or a grant is rewritten by hand", (DATABASE, RECORD)),
    23: Row("the clock is set back, an approval back-dated", (CLOCK, GATE, DATABASE, RECORD)),
    24: Row("a table of decisions needs no approval for anything", (PROOF, GATE, DATABASE)),
    25: Row("nobody is left to approve", (PROOF, GATE, DATABASE)),
    26: Row("an old yes is carried over by the rule against asking twice", (PROOF, VERB, GATE, DATABASE)),
    27: Row("a called process is replaced after the proof", (PROOF, GATE, DATABASE)),
    28: Row("the operation under another name, or a plain call to the bank", (PROOF, OUTBOUND)),
    29: Row("a join does not wait for the approval", (MACHINE, PROOF, GATE, DATABASE)),
    30: Row("one person weakens the policy", (VERB, DATABASE, RECORD)),
    31: Row("a payment is written by SQL", (DATABASE, RECORD)),
    32: Row("a grant is forged by SQL", (DATABASE, RECORD)),
    33: Row("an operation is cleared and pays nothing", (GATE,)),
    34: Row("the approval of another document with an equal amount", (GATE, DATABASE)),
    35: Row("a payee that only looks the same", (GATE, DATABASE)),
    36: Row("an amount in another spelling", (SPELLING, GATE, DATABASE)),
    37: Row("the page of the approver shows older facts", (SEEN,)),
    38: Row("a dry run that really pays", (READ_ONLY,)),
    39: Row("an imported service task that is bound to nothing", (PROOF, VERB, GATE, DATABASE)),
    40: Row("a backup from before a payment is restored", (RECORD,)),
    41: Row("whoever confirmed the account approves the payment to it", (VERB, GATE, DATABASE)),
}  # fmt: skip
