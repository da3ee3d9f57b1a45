"""Checks that other programs make: clang-format, shellcheck, clang-tidy."""

from __future__ import annotations

import re
import subprocess

from checks.tree import Problem, Tree

CXX = (".h", ".cc")
FINDING = re.compile(r"(?P<path>[^:\s]+):(?P<line>\d+):\d+: (?:error|warning|note|style): (?P<text>.*)")


def check_format(tree: Tree) -> list[Problem]:
    found = _run(tree, ["clang-format", "--dry-run", "--Werror", "-style=file"], tree.ending(*CXX))
    first = {problem.path: problem for problem in reversed(found)}
    return [Problem(path, problem.line, f"{problem.text}; tools/check --fix mends it")
            if problem.line else problem for path, problem in sorted(first.items())]


def mend_format(tree: Tree) -> None:
    subprocess.run(["clang-format", "-i", "-style=file", *tree.ending(*CXX)], cwd=tree.root,
                   check=True)


def check_scripts(tree: Tree) -> list[Problem]:
    return _run(tree, ["shellcheck", "--format=gcc"], tree.scripts())


def check_tidy(tree: Tree) -> list[Problem]:
    if not (tree.root / "build/release/compile_commands.json").is_file():
        return [Problem("build/release", 0, "not configured; tools/build first")]
    sources = [path for path in tree.ending(".cc")
               if path.split("/")[0] in ("lib", "agent", "osctl") or path.startswith("boot/policy")]
    return _run(tree, ["clang-tidy", "-p", "build/release", "--quiet", "--warnings-as-errors=*"],
                sources)


def _run(tree: Tree, command: list[str], files: list[str]) -> list[Problem]:
    if not files:
        return []
    try:
        done = subprocess.run([*command, *files], cwd=tree.root, check=False, capture_output=True,
                              text=True)
    except FileNotFoundError:
        return [Problem(command[0], 0, "not installed; tools/setup installs it")]
    problems = []
    for line in (done.stdout + done.stderr).splitlines():
        if found := FINDING.match(line):
            path = found["path"].removeprefix(f"{tree.root}/")
            problems.append(Problem(path, int(found["line"]), found["text"]))
    if done.returncode != 0 and not problems:
        problems.append(Problem(command[0], 0, (done.stderr or done.stdout).strip()[-500:]))
    return problems
