"""What the documents say to type is typed, or listed in not_run.toml with the reason why it is not."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
from command_line import every_command, options, subcommands
from device import Factory
from harness import paths
from pages import (
    REPOSITORY, Block, all_blocks, blocks, commands, inline_commands, osctl_commands, pages,
)
from sandbox import Sandbox

USAGE = 2
# A page whose commands go on where those of another one end.
CONTINUES = {"docs/formats.md": "docs/signing.md"}
LANGUAGES = {"", "sh", "yaml", "json", "ini", "cpp", "text", "bash", "python", "go",
             "nix"}


@dataclass(frozen=True)
class NotRun:
    page: str
    command: str
    reason: str

    def names(self, command: str) -> bool:
        return command.startswith(self.command)


def not_run() -> list[NotRun]:
    listed = tomllib.loads((Path(__file__).parent / "not_run.toml").read_text())
    return [NotRun(page, command, entry["reason"]) for entry in listed["not_run"]
            for page in entry["pages"] for command in entry["commands"]]


def is_run(page: str, command: str) -> bool:
    return not any(entry.page == page and entry.names(command) for entry in not_run())


PAGES_TO_RUN = [page for page in pages() if any(is_run(page, c) for c in commands(page))]
OSCTL = sorted({(page, one) for page in pages() for command in commands(page)
                for one in osctl_commands(command)})
INLINE = sorted({(page, command) for page in pages() for command in inline_commands(page)})


@pytest.mark.parametrize("page", PAGES_TO_RUN)
def test_the_commands_of_a_page_do_what_it_says(
    page: str, factory: Factory, tmp_path: Path
) -> None:
    with Sandbox(factory, tmp_path) as sandbox:
        for source in (CONTINUES.get(page), page):
            for command in commands(source) if source else []:
                if is_run(source, command):
                    sandbox.run(command)


def test_what_is_not_run_is_still_there() -> None:
    gone = [f"{entry.page}: {entry.command}" for entry in not_run()
            if not any(entry.names(command) for command in commands(entry.page))]
    assert gone == []
    assert all(len(entry.reason) > 10 for entry in not_run())


@pytest.mark.parametrize(("page", "command"), OSCTL)
def test_osctl_understands_every_command(page: str, command: str, tmp_path: Path) -> None:
    """No node can be reached and no file is there, so that a good command fails otherwise."""
    words = shlex.split(command.replace("9f2c…", "0" * 64).replace("9f2c...", "0" * 64)
                        .replace("PLACEHOLDER", "0" * 64), comments=True)
    done = subprocess.run(
        [paths.OSCTL, "--socket", tmp_path / "none", "--output", "json", *words[1:]],
        cwd=tmp_path, env={**os.environ, "HOME": str(tmp_path)}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=30, check=False,
    )
    assert done.returncode != USAGE, f"{page}: {command}: {done.stderr}"


@pytest.mark.parametrize(("page", "command"), INLINE)
def test_osctl_has_what_the_text_names(page: str, command: str) -> None:
    """The text leaves out what the reader fills in, so that only names can be compared."""
    path: tuple[str, ...] = ()
    words = command.split()[1:]
    for before, word in zip(["", *words], words):
        value = before.startswith("--")
        if not value and subcommands(path) and re.fullmatch(r"[a-z]+", word):
            assert word in subcommands(path), f"{page}: {command}"
            path = (*path, word)
    named = {word.partition("=")[0] for word in words if word.startswith("--")}
    assert named <= options(path), f"{page}: {command}"


@pytest.mark.parametrize("path", list(every_command()), ids=" ".join)
def test_the_reference_has_every_command_and_option(path: tuple[str, ...]) -> None:
    text = (REPOSITORY / "docs/reference/osctl.md").read_text()
    assert re.search(rf"`(osctl )?{' '.join(path)}\b", text)
    words = set(re.findall(r"--[a-z][a-z0-9-]*", text))
    assert options(path) - words - {"--help", "--version"} == set()


def test_no_block_is_overlooked() -> None:
    for page in pages():
        fences = re.findall(r"```|~~~", (REPOSITORY / page).read_text())
        assert len(fences) == 2 * len(list(blocks(page))), page


def test_every_block_says_what_it_holds() -> None:
    unknown = [f"{block.page}:{block.line}: {block.language}" for block in all_blocks()
               if block.language not in LANGUAGES]
    assert unknown == []


def settings() -> list[Block]:
    return [block for block in all_blocks() if block.language == "yaml"
            and block not in fleets() and not block.text.startswith("# prometheus.yml")]


def fleets() -> list[Block]:
    pages = ("docs/fleet.md", "docs/homelab.md", "docs/large-fleets.md", "docs/reference/fleet.md")
    return [block for page in pages for block in blocks(page) if block.language == "yaml"]


@pytest.mark.parametrize("block", settings(), ids=lambda block: f"{block.page}:{block.line}")
def test_the_agent_takes_every_example_of_settings(block: Block, tmp_path: Path) -> None:
    config = tmp_path / "agent.yaml"
    config.write_text(block.text)
    done = subprocess.run([paths.AGENT, "--config", config, "--check-config"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("block", fleets(), ids=lambda block: f"{block.page}:{block.line}")
def test_osctl_takes_every_example_of_a_fleet(block: Block, tmp_path: Path) -> None:
    (tmp_path / "fleet.yaml").write_text(block.text)
    program = tmp_path / "inventory.py"
    hosts = {tag: {"hosts": [f"{tag}-1"]} for tag in re.findall(r"tags: \[(\w+)\]", block.text)}
    program.write_text(f"#!/bin/sh\necho '{json.dumps({**hosts, '_meta': {}})}'\n")
    program.chmod(0o755)
    done = subprocess.run([paths.OSCTL, "fleet", "check", "fleet.yaml"], cwd=tmp_path,
                          capture_output=True, text=True, check=False)
    assert (done.returncode, "note" in done.stdout) == (0, False), done


@pytest.mark.parametrize(
    "block", [b for b in all_blocks() if b.excerpt_of], ids=lambda b: f"{b.page}:{b.line}"
)
def test_what_is_shown_of_a_program_is_in_it(block: Block) -> None:
    program = (REPOSITORY / block.excerpt_of).read_text()
    assert block.text in program, f"{block.page}:{block.line} differs from {block.excerpt_of}"


@pytest.mark.parametrize("language", ["bash", "python", "go"])
def test_no_part_of_a_program_is_shown_that_no_test_has(language: str) -> None:
    shown = [b for b in blocks("docs/api/health-and-rollback.md") if b.language == language]
    assert shown and all(block.excerpt_of for block in shown)


def test_examples_of_json_are_json() -> None:
    for block in all_blocks():
        if block.language == "json":
            json.loads(block.text)


def test_scripts_are_scripts() -> None:
    scripts = [b.text for b in all_blocks() if b.language == "sh" and b.text.startswith("#!")]
    assert scripts
    for script in scripts:
        subprocess.run(["shellcheck", "-"], input=script, text=True, check=True)
