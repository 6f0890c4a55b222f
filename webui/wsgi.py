"""The site for WSGI servers (granian, gunicorn): `webui.wsgi:app`. Runs no jobs; `troika worker` does."""

import os

from engine.process_engine import ProcessEngine
from engine.settings import Settings
from webui import create_app
from webui.cli import opening

settings = Settings.from_env(os.environ)  # noqa: TID251 - the entry that hands the environment to Settings
engine = ProcessEngine(settings)
opening.refuse_trial_in_production(engine)
app = create_app(settings, engine)
