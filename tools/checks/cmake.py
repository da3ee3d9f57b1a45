"""Reads the targets that CMakeLists.txt files declare through cmake/MaticTargets.cmake."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from checks.tree import Tree

KEYWORDS = {"SOURCES", "DEPS", "EXTERNAL", "TIMEOUT", "LABELS"}
CALL = re.compile(r"^\s*(matic_library|matic_program|matic_test|target_link_libraries)\s*\(([^)]*)\)",
                  re.MULTILINE)


@dataclass(frozen=True)
class Target:
    kind: str  # library, program, test
    name: str
    path: str  # of the CMakeLists.txt
    line: int
    arguments: dict[str, list[str]] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        return self.path.rpartition("/")[0]

    @property
    def deps(self) -> list[str]:
        return self.arguments.get("DEPS", [])

    @property
    def external(self) -> list[str]:
        return self.arguments.get("EXTERNAL", [])

    @property
    def sources(self) -> list[str]:
        return self.arguments.get("SOURCES", [])


@dataclass(frozen=True)
class Link:
    """A library linked beside the declaration, with how far it is seen."""
    target: str
    visibility: str
    library: str
    path: str
    line: int


def read_targets(tree: Tree) -> tuple[list[Target], list[Link]]:
    targets: list[Target] = []
    links: list[Link] = []
    for path in tree.ending("CMakeLists.txt"):
        text = re.sub(r"#.*", "", tree.read(path))
        for call in CALL.finditer(text):
            line = text.count("\n", 0, call.start(1)) + 1
            words = call.group(2).split()
            if not words:
                continue
            if call.group(1) == "target_link_libraries":
                links += _links(words, path, line)
            else:
                kind = call.group(1).removeprefix("matic_")
                targets.append(Target(kind, words[0], path, line, _arguments(words[1:])))
    return targets, links


def _arguments(words: list[str]) -> dict[str, list[str]]:
    arguments: dict[str, list[str]] = {}
    current = ""
    for word in words:
        if word in KEYWORDS:
            current = word
            arguments.setdefault(current, [])
        elif current:
            arguments[current].append(word)
    return arguments


def _links(words: list[str], path: str, line: int) -> list[Link]:
    links = []
    visibility = "PUBLIC"
    for word in words[1:]:
        if word in ("PUBLIC", "PRIVATE", "INTERFACE"):
            visibility = word
        else:
            links.append(Link(words[0], visibility, word, path, line))
    return links
