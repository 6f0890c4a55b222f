"""For load balancers: the process answers; the database answers and has the schema."""

from flask import Blueprint, current_app, g
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from engine.db.counter import counter
from webui.access import public

blueprint = Blueprint("health", __name__, url_prefix="/health")


@blueprint.get("/live")
@public
def live() -> ResponseReturnValue:
    """The process answers; the unit of work was opened, nothing was asked of the database."""
    return {"status": "live"}


@blueprint.get("/ready")
@public
def ready() -> ResponseReturnValue:
    """503 until the database answers with our tables."""
    try:
        g.uow.execute(select(counter.c.name).limit(1)).all()
    except SQLAlchemyError as error:
        current_app.logger.warning("not ready: %s", error)
        return {"status": "not ready"}, 503
    return {"status": "ready"}
