"""REST API v1: thin views over the verbs, OpenAPI 3.1 at /api/v1/openapi.json.

Session login; writes carry the CSRF token in the header `X-CSRFToken`.
"""

from flask import Flask
from flask_smorest import Api

from webui.api import (
    auditing,
    comments,
    definitions,
    files,
    going_back,
    instances,
    messages,
    notices,
    policies,
    previews,
    substitutions,
    tasks,
)


def install(app: Flask) -> None:
    """Register the groups of addresses."""
    app.config.update(
        API_TITLE="Troika", API_VERSION="v1", OPENAPI_VERSION="3.1.0", OPENAPI_URL_PREFIX="/api/v1",
        OPENAPI_JSON_PATH="openapi.json",
    )  # fmt: skip
    api = Api(app)
    for group in (
        definitions, instances, comments, tasks, messages, substitutions, previews, policies, auditing, files,
    ):  # fmt: skip
        api.register_blueprint(group.blueprint)
    for more in (
        going_back.of_tasks,
        going_back.of_instances,
        going_back.of_drafts,
        notices.blueprint,
        notices.receivers,
    ):
        api.register_blueprint(more)
