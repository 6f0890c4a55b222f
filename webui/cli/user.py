"""troika user list · create · password · disable · enable · join."""

import sys

import click
from flask.cli import AppGroup

from engine import identity, policy
from webui.cli import opening

group = AppGroup("user", help="Accounts and groups.")


@group.command("list")
@click.option("--search", default="")
def list_(search: str) -> None:
    """Accounts by login."""
    with opening.engine().unit_of_work(opening.CLI, read_only=True) as uow:
        found = identity.users(uow, search=search, disabled=True, limit=500)
    opening.table(
        ("login", "name", "position", "state"),
        [(user.login, user.name, user.position, "active" if user.active else "disabled") for user in found],
    )


@group.command()
@click.argument("login")
@click.argument("name")
@click.option("--group", "groups", multiple=True, help="Key of a group; may be repeated.")
@click.option("--admin", is_flag=True, help="Member of the group `admins`, made if it is missing.")
def create(login: str, name: str, groups: tuple[str, ...], admin: bool) -> None:
    """A new account; asks for the password, or reads it as one line where nobody can be asked."""
    password = _ask()
    with opening.engine().unit_of_work(opening.CLI) as uow:
        user = identity.create_user(uow, login, name, password=password)
        if admin:
            if not identity.find_groups(uow, ["admins"]):
                identity.create_group(uow, "admins", "管理员", name_en="Administrators", capabilities="admin")
            groups = (*groups, "admins")
        for key in groups:
            policy.add_member(uow, key, user.id)


@group.command()
@click.argument("login")
def password(login: str) -> None:
    """Set a new password and end all sessions; asks for it as `create` does."""
    new = _ask()
    with opening.engine().unit_of_work(opening.CLI) as uow:
        identity.set_password(uow, identity.user(uow, login).id, new)


@group.command()
@click.argument("login")
def disable(login: str) -> None:
    """Nobody signs in with it any more."""
    with opening.engine().unit_of_work(opening.CLI) as uow:
        policy.disable_account(uow, identity.user(uow, login).id)


@group.command()
@click.argument("login")
def enable(login: str) -> None:
    """Undo disable."""
    with opening.engine().unit_of_work(opening.CLI) as uow:
        identity.enable(uow, identity.user(uow, login).id)


@group.command()
@click.argument("login")
@click.argument("group_key")
def join(login: str, group_key: str) -> None:
    """Put somebody into a group."""
    with opening.engine().unit_of_work(opening.CLI) as uow:
        policy.add_member(uow, group_key, login)


def _ask() -> str:
    """A password, never as an argument: others see the command lines of a machine, and shells remember them."""
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")
