"""feelin, the FEEL of the browser, in Node: installed into `.bench/` when first asked for, no part of the product."""

import json
import subprocess
from pathlib import Path
from typing import Any

from webui import node

VERSION = "8.2.0"
FOLDER = Path(__file__).parents[2] / ".bench" / "feelin"
RUNNER = """
import { readFileSync } from 'node:fs';
import { evaluate } from 'feelin';
const { context, texts, seconds } = JSON.parse(readFileSync(0, 'utf8'));
const kept = value => {
  if (value === undefined || typeof value === 'function') return { '@': 'none' };
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(kept);
  if (value.constructor?.name === 'Object') {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, kept(inner)]));
  }
  return { '@': value.constructor?.name, v: String(value.toISO?.() ?? value) };
};
const one = text => {
  try {
    return { value: kept(evaluate(text, context).value) };
  } catch (error) {
    return { error: String(error.message).slice(0, 200) };
  }
};
const timed = text => {
  for (let i = 0; i < 50; i += 1) evaluate(text, context);
  let rounds = 0;
  const begun = process.cpuUsage();
  const spent = () => { const { user, system } = process.cpuUsage(begun); return user + system; };
  while (spent() < seconds * 1e6) { evaluate(text, context); rounds += 1; }
  return spent() / rounds;
};
process.stdout.write(JSON.stringify(texts.map(seconds ? timed : one)));
"""


def evaluate(texts: list[str], context: dict[str, Any]) -> list[dict[str, Any]]:
    """`{"value": …}` or `{"error": …}` for each text."""
    return list(_run(texts, context, 0))


def microseconds(texts: list[str], context: dict[str, Any], seconds: float = 0.3) -> list[float]:
    """CPU of one evaluation of each text, warm."""
    return list(_run(texts, context, seconds))


def _run(texts: list[str], context: dict[str, Any], seconds: float) -> Any:
    binary = _installed()
    asked = json.dumps({"context": context, "texts": texts, "seconds": seconds})
    done = subprocess.run([str(binary), "run.mjs"], cwd=FOLDER, input=asked, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def _installed() -> Path:
    binary, npm = node.node_and_npm()
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not (FOLDER / "node_modules" / "feelin").exists():
        (FOLDER / "package.json").write_text('{"private": true, "type": "module"}\n')
        command = [str(binary), str(npm), "install", "--no-audit", "--no-fund", "--ignore-scripts", f"feelin@{VERSION}"]
        subprocess.run(command, cwd=FOLDER, check=True, capture_output=True)
    (FOLDER / "run.mjs").write_text(RUNNER)
    return binary
