"""FEEL reads as a library of its own: its README is true, and it imports nothing else of ours."""

import doctest
import re
import subprocess
import sys
from itertools import groupby
from pathlib import Path

import engine.feel
from engine.feel.reference import functions

README = Path(engine.feel.__file__).with_name("README.md")


def test_the_examples_of_the_readme_do_what_stands_there():
    failed, tried = doctest.testfile(str(README), module_relative=False, encoding="utf-8")

    assert tried > 10
    assert failed == 0


def test_the_readme_lists_every_function():
    listed = re.search(r"<!-- functions.*?-->\n(.*?)\n<!-- end -->", README.read_text(encoding="utf-8"), re.DOTALL)
    wanted = [
        f"- {family}: " + ", ".join(f"`{info.name}`{'' if info.standard else '*'}" for info in found)
        for family, found in groupby(functions(), key=lambda info: info.family)
    ]

    assert listed is not None
    assert listed[1].split("\n") == wanted


def test_it_imports_nothing_else_of_ours():
    program = (
        "import sys; import engine.feel, engine.feel.analysis, engine.feel.reference;"
        "print(sorted(m for m in sys.modules if m.startswith(('engine', 'webui'))))"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    others = [name for name in re.findall(r"'([\w.]+)'", loaded) if not name.startswith("engine.feel")]
    assert others == ["engine", "engine.errors", "engine.values"]
