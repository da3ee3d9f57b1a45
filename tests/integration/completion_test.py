"""Completion as the shells do it, with the scripts that the build made."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(os.environ["MATIC_BIN"]).parent / "completion"

# What is typed, and what is offered; "..." stands for more.
CASES = [
    (["osctl", "sche"], ["schedule"]),
    (["osctl", "schedule", "upd"], ["update"]),
    (["osctl", "--node", "schedule", "rollback", "tri"], ["trigger"]),
    (["osctl", "schedule", "update", "--sha"], ["--sha256"]),
    (["osctl", "status", "--output", ""], ["json", "text"]),
    (["osctl", "pki", "issue", "--role", "op"], ["operator"]),
    (["osctl", "schedule", "update", "--mode", "b"], ["boot", "build"]),
    (["osctl", "fleet", "notify", "--level", "w"], ["warning"]),
    (["osctl", "schedule", "update", "--comment", ""], []),
    (["osctl", "fleet", "config", "sh"], ["show"]),
    (["osctl", "comple"], []),
    (["matic-agent", "--check"], ["--check-config"]),
    (["matic-agent", "--comple"], []),
]
IDS = [" ".join(words) for words, _ in CASES]


def run(*arguments: str, folder: Path | None = None) -> str:
    done = subprocess.run(arguments, cwd=folder, capture_output=True, text=True, timeout=60,
                          check=False)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def in_bash(words: list[str], folder: Path | None = None) -> list[str]:
    function = "_" + words[0].replace("-", "_")
    return sorted(run(
        "bash", "--norc", "-c",
        'source "$1"; function=$2; shift 2; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))\n'
        '"$function"; ((${#COMPREPLY[@]} == 0)) || printf "%s\\n" "${COMPREPLY[@]}"',
        "bash", str(SCRIPTS / f"{words[0]}.bash"), function, *words, folder=folder).splitlines())


def in_fish(words: list[str], folder: Path | None = None) -> list[str]:
    line = " ".join(words[:-1] + [words[-1]])
    offered = run("fish", "--no-config", "-c",
                  f"source {SCRIPTS / words[0]}.fish; complete -C '{line}'", folder=folder)
    return sorted(line.split("\t")[0] for line in offered.splitlines())


def in_zsh(words: list[str], folder: Path | None = None) -> list[str]:
    """Zsh's own functions need a terminal: here they print what they are given, as zsh filters it."""
    function = "_" + words[0].replace("-", "_")
    offered = run(
        "zsh", "-f", "-c",
        'compdef() { : }; _message() { : }; compset() { : }\n'
        'compadd() { print -l -- ${(P)2} }\n'
        '_files() { if [[ $1 == -/ ]]; then print -l -- *(N/); else print -l -- *(N); fi }\n'
        '_describe() { [[ $1 == -o ]] && shift; print -l -- ${${(P)2}%%:*} }\n'
        'source "$1"; function=$2; shift 2; words=("$@"); CURRENT=$#; $function',
        "zsh", str(SCRIPTS / f"{words[0]}.zsh"), function, *words, folder=folder)
    start = words[-1].rpartition("=")[2]
    return sorted(line for line in offered.splitlines() if line.startswith(start))


SHELLS = {"bash": in_bash, "fish": in_fish, "zsh": in_zsh}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("words", "expected"), CASES, ids=IDS)
def test_offers_what_the_program_takes(shell: str, words: list[str], expected: list[str]) -> None:
    assert SHELLS[shell](words) == expected


def test_a_value_behind_an_equals_sign() -> None:
    assert in_bash(["osctl", "status", "--output", "=", "js"]) == ["json"]
    assert in_zsh(["osctl", "status", "--output=js"]) == ["json"]
    assert in_fish(["osctl", "status", "--output=js"]) == ["--output=json"]


@pytest.mark.parametrize("shell", SHELLS)
def test_files_and_folders(shell: str, tmp_path: Path) -> None:
    (tmp_path / "os 2.squashfs").touch()
    (tmp_path / "keys").mkdir()
    complete = SHELLS[shell]
    files = [name.rstrip("/").replace("\\", "")
             for name in complete(["osctl", "image", "inspect", ""], folder=tmp_path)]
    folders = [name.rstrip("/") for name in complete(["osctl", "--pki", ""], folder=tmp_path)]
    assert (files, folders) == (["keys", "os 2.squashfs"], ["keys"])


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("program", ["osctl", "matic-agent"])
def test_scripts_are_whole(shell: str, program: str) -> None:
    options = ["--no-config"] if shell == "fish" else []
    run(shell, *options, "-n", str(SCRIPTS / f"{program}.{shell}"))
