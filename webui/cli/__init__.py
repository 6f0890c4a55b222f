"""The `troika` command: one file per noun, and the plain verbs serve, web, worker, demo, assets, doctor."""

import click
from flask.cli import FlaskGroup
from sqlalchemy.exc import DBAPIError

from engine.errors import EngineError
from webui.cli import (
    area,
    audit,
    db,
    decision,
    doctor,
    incident,
    instance,
    job,
    opening,
    policy,
    process,
    running,
    setting_up,
    user,
)


class _Commands(FlaskGroup):
    """Prints an error as a sentence with what to do, without a trace; has our commands only, not those of Flask."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return click.Group.list_commands(self, ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return click.Group.get_command(self, ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except EngineError as error:
            click.echo(f"troika: {error}", err=True)
            ctx.exit(1)
        except DBAPIError as error:
            if not opening.is_refusal(error):
                raise
            click.echo(f"troika: {opening.said(error)}", err=True)
            ctx.exit(1)


main = _Commands(
    name="troika", create_app=opening.app, add_default_commands=False, add_version_option=False, load_dotenv=False,
    help="Troika: processes drawn in BPMN that pull CRM, ERP and OA.",
)  # fmt: skip

main.params = []  # the application is ours: nobody chooses another one

for group in (
    process.group,
    area.group,
    decision.group,
    instance.group,
    job.group,
    incident.group,
    policy.group,
    user.group,
    db.group,
    audit.group,
):
    main.add_command(group)
for command in (
    running.serve, running.web, running.worker, setting_up.demo, setting_up.assets, setting_up.setup,
    doctor.doctor,
):  # fmt: skip
    main.add_command(command)
