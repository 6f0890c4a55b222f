"""npm's bpmn-engine in Node: installed into a folder of its own when first asked for, no part of the product."""

import json
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from webui import node

VERSION = "25.0.1"
FOLDER = Path(tempfile.gettempdir()) / f"troika-bench-bpmn-engine-{VERSION}"
INSTALL_S = 120
RUN_S = 300
RUNNER = """
import { readFileSync } from 'node:fs';
import { EventEmitter } from 'node:events';
import { Engine } from 'bpmn-engine';
import BpmnModdle from 'bpmn-moddle';
const { source, runs, variables } = JSON.parse(readFileSync(0, 'utf8'));
const moddleContext = await new BpmnModdle().fromXML(source);
const once = () => new Promise((resolve, reject) => {
  const kept = { ...variables }; // shared by the scripts; a process gets a copy of what holds it
  const engine = new Engine({ name: 'bench', moddleContext, variables: { kept } });
  engine.once('error', reject);
  engine.once('end', () => resolve(kept.n));
  engine.execute({ listener: new EventEmitter() }).catch(reject);
});
let least = Infinity, reached;
for (let run = 0; run < runs; run += 1) {
  const begun = process.cpuUsage();
  reached = await once();
  const { user, system } = process.cpuUsage(begun);
  least = Math.min(least, (user + system) / 1000);
}
process.stdout.write(JSON.stringify({ ms: least, reached }));
"""
_ERROR = re.compile(r"\w*Error: .*")


class NotThere(Exception):
    """Node or the package cannot be had, e.g. without a network; says why."""


def milliseconds(source: str, variables: dict[str, Any], runs: int) -> tuple[float, Any]:
    """CPU of the best run of a drawing, its XML read once before, and what `n` came to. Raises NotThere, or
    RuntimeError for a drawing that it does not run to its end."""
    binary = _installed()
    asked = json.dumps({"source": source, "runs": runs, "variables": variables})
    try:
        done = subprocess.run(
            [str(binary), "run.mjs"],
            cwd=FOLDER,
            input=asked,
            capture_output=True,
            text=True,
            timeout=RUN_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"not over after {RUN_S} s") from None
    if done.returncode or not done.stdout:
        said = _ERROR.search(done.stderr)
        raise RuntimeError(said[0] if said else "it stops without an end")
    found = json.loads(done.stdout)
    return float(found["ms"]), found["reached"]


def _installed() -> Path:
    try:
        binary, npm = node.node_and_npm()
    except node.AssetsFailed as failed:
        raise NotThere(str(failed)) from None
    if not (FOLDER / "node_modules" / "bpmn-engine").exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        (FOLDER / "package.json").write_text('{"private": true, "type": "module"}\n')
        command = [str(binary), str(npm), "install", "--no-audit", "--no-fund", "--ignore-scripts"]
        command.append(f"bpmn-engine@{VERSION}")
        try:
            subprocess.run(command, cwd=FOLDER, check=True, capture_output=True, timeout=INSTALL_S)
        except (subprocess.SubprocessError, OSError) as failed:
            raise NotThere(f"npm cannot install bpmn-engine {VERSION}: {failed}") from None
    (FOLDER / "run.mjs").write_text(RUNNER)
    return binary
