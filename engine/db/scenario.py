"""How the scenarios of processes went last, so that pages say it without playing them.

`scenario_run.version`: of the process; 0 for what is drawn. `digest`: of everything that was tried.
`results`: name, failure and milliseconds of each; `covered`: what all of them went through. A run decides nothing.
"""

from sqlalchemy import Column, Integer, String, Table

from engine.db.base import Id, JsonText, UtcDateTime, metadata

scenario_run = Table(
    "scenario_run",
    metadata,
    Column("process", String(200), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("digest", String(64), nullable=False),
    Column("ran_by", Id),
    Column("ran_at", UtcDateTime, nullable=False),
    Column("results", JsonText, nullable=False),
    Column("covered", JsonText, nullable=False),
)

scenario_round = Table(
    "scenario_round",
    metadata,
    Column("id", Id, primary_key=True),
    Column("asked_by", Id),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
)
"""the last time that all of them were played: of a night, or because somebody asked"""
