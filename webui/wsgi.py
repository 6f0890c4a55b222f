"""The site for WSGI servers (granian, gunicorn): `webui.wsgi:app`. Runs no jobs; `troika worker` does."""

import os

from engine.settings import Settings
from webui import create_app

app = create_app(Settings.from_env(os.environ))  # noqa: TID251 - the entry that hands the environment to Settings
