"""What is deployed: check, deploy, and immutable versions of processes, decisions and forms."""

from engine.repository.definitions import (
    DefinitionInfo,
    decision,
    definition,
    deployments,
    drawing,
    file,
    form,
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
from engine.repository.pinning import Callees
from engine.repository.policing import Activation, Unproved, activate_policy, unproved
from engine.repository.starts import schedule_again

__all__ = [
    "Activation",
    "Callees",
    "DefinitionInfo",
    "Deployment",
    "Unproved",
    "activate_policy",
    "check",
    "decision",
    "definition",
    "deploy",
    "deployments",
    "drawing",
    "file",
    "form",
    "known_form",
    "latest",
    "latest_active",
    "latest_all",
    "may_start",
    "program",
    "program_by_key",
    "retire",
    "schedule_again",
    "source",
    "startable",
    "unproved",
    "variables",
    "versions",
]
