"""What is deployed: check, deploy, and immutable versions of processes, decisions and forms."""

from engine.repository import areas, templates
from engine.repository.candidates import Candidate, Foreseen, following, foresee, showing
from engine.repository.definitions import (
    DefinitionInfo,
    decision,
    definition,
    deployments,
    drawing,
    file,
    form,
    forms_since,
    known_form,
    latest,
    latest_active,
    latest_all,
    may_start,
    program,
    program_by_key,
    retire,
    source,
    startable,
    versions,
)
from engine.repository.deploying import Deployment, check, deploy, variables
from engine.repository.keeping import Retention, keeps, kept_until, of_group, retention, retentions
from engine.repository.managing import ADMINISTER, managed, manages, manages_of, named
from engine.repository.manning import short as short_staffed
from engine.repository.manning import since as staffed_since
from engine.repository.manning import staffing
from engine.repository.manning import watch as watch_staffing
from engine.repository.pinning import References
from engine.repository.policing import (
    Activation,
    Impact,
    Judged,
    Proof,
    Unproved,
    activate_policy,
    impact,
    proof,
    proof_of,
    proofs,
    unproved,
)
from engine.repository.providing import Wanting, provided, wanting
from engine.repository.proving import follower
from engine.repository.starts import recount as recount_starts
from engine.repository.starts import schedule_again

__all__ = [
    "ADMINISTER",
    "Activation",
    "Candidate",
    "DefinitionInfo",
    "Deployment",
    "Foreseen",
    "Impact",
    "Judged",
    "Proof",
    "References",
    "Retention",
    "Unproved",
    "Wanting",
    "activate_policy",
    "areas",
    "check",
    "decision",
    "definition",
    "deploy",
    "deployments",
    "drawing",
    "file",
    "follower",
    "following",
    "foresee",
    "form",
    "forms_since",
    "impact",
    "keeps",
    "kept_until",
    "known_form",
    "latest",
    "latest_active",
    "latest_all",
    "managed",
    "manages",
    "manages_of",
    "may_start",
    "named",
    "of_group",
    "program",
    "program_by_key",
    "proof",
    "proof_of",
    "proofs",
    "provided",
    "recount_starts",
    "retention",
    "retentions",
    "retire",
    "schedule_again",
    "short_staffed",
    "showing",
    "source",
    "staffed_since",
    "staffing",
    "startable",
    "templates",
    "unproved",
    "variables",
    "versions",
    "wanting",
    "watch_staffing",
]
