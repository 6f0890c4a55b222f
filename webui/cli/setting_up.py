"""troika setup · demo · assets: what has to be there before a site with demo data can start."""

import sys

import click

from engine.settings import Settings
from webui import catalogues, node
from webui import demo as demo_data
from webui.cli import opening


@click.command()
@click.option("--size", type=click.Choice(demo_data.SIZES), default="small", show_default=True)
def demo(size: str) -> None:
    """Load people, processes, twelve months of business and some live instances; a second run changes nothing."""
    load_demo(opening.settings(), size)


@click.command()
def assets() -> None:
    """Install and build the front end; free when nothing changed."""
    node.build(click.echo)


@click.command()
def setup() -> None:
    """Everything that a site with demo data needs; each step is skipped when it is done."""
    prepare(opening.settings())


def prepare(settings: Settings) -> None:
    """Front end, languages, database and demo data, with a line of progress for each."""
    click.echo("[2/5] Front end")
    try:
        node.build(click.echo)
    except node.AssetsFailed as error:
        click.echo(f"{error}\nGoing on: pages work as plain HTML, without designer, forms and drawings.", err=True)
    click.echo("[3/5] Languages")
    catalogues.compile_all()
    click.echo("[4/5] Database and demo data")
    load_demo(settings)
    click.echo("[5/5] Set up.")


def load_demo(settings: Settings, size: str = "small") -> None:
    """Print each step while it runs."""
    demo_data.load(settings, size, say=click.echo, progress=_progress)


def _progress(title: str, done: int, total: int) -> None:
    if total and sys.stdout.isatty():
        click.echo(f"\r  {title}: {done * 100 // total:3d} %", nl=done >= total)
