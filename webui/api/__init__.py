"""REST API v1: thin views over the verbs, OpenAPI 3.1 at /api/v1/openapi.json.

Session login; writes carry the CSRF token in the header `X-CSRFToken`. What is refused is a problem (RFC 9457).
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
from webui.api.schemas import ProblemOut


class Described(Api):
    """With refusals as `webui/errors.py` answers them."""

    ERROR_SCHEMA = ProblemOut

    def _register_responses(self) -> None:
        self.DEFAULT_RESPONSE_CONTENT_TYPE = "application/problem+json"
        super()._register_responses()
        self.DEFAULT_RESPONSE_CONTENT_TYPE = Api.DEFAULT_RESPONSE_CONTENT_TYPE


def install(app: Flask) -> None:
    """Register the groups of addresses."""
    app.config.update(
        API_TITLE="Troika", API_VERSION="v1", OPENAPI_VERSION="3.1.0", OPENAPI_URL_PREFIX="/api/v1",
        OPENAPI_JSON_PATH="openapi.json",
        API_SPEC_OPTIONS={
            "security": [{"session": []}],
            "components": {
                "securitySchemes": {
                    "session": {
                        "type": "apiKey", "in": "cookie", "name": app.config["SESSION_COOKIE_NAME"],
                        "description": "as /login sets it; what is not GET carries the CSRF token in X-CSRFToken",
                    }
                }
            },
        },
    )  # fmt: skip
    api = Described(app)
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
