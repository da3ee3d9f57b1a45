"""Relative links in documents: the file is there, and so is the heading."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from posixpath import normpath

from checks.tree import Problem, Tree

LINK = re.compile(r"(?<!\\)\[[^\]\n]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
FENCE = re.compile(r"^(```|~~~).*?^\1[^\n]*$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)


def check(tree: Tree) -> list[Problem]:
    problems = []
    known = set(tree.files)
    folders = {str(parent) for path in known for parent in PurePosixPath(path).parents}
    for path in tree.ending(".md"):
        text = _without_code(tree.read(path))
        for link in LINK.finditer(text):
            line = text.count("\n", 0, link.start()) + 1
            target, _, heading = link.group(1).partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            to = normpath(str(PurePosixPath(path).parent / target)) if target else path
            if to not in known and to not in folders:
                problems.append(Problem(path, line, f"links to {link.group(1)}, which is not there"))
            elif heading and to.endswith(".md") and heading not in _anchors(tree.read(to)):
                problems.append(Problem(path, line, f"{to} has no heading for #{heading}"))
    return problems


def _without_code(text: str) -> str:
    blank = FENCE.sub(lambda block: "\n" * block.group(0).count("\n"), text)
    return re.sub(r"`[^`\n]*`", lambda code: "`" * len(code.group(0)), blank)


def _anchors(text: str) -> set[str]:
    """As GitHub makes them: lower case, punctuation away, spaces to hyphens, -1 for a second one."""
    anchors: set[str] = set()
    for heading in HEADING.finditer(FENCE.sub("", text)):
        title = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading.group(1)).lower()
        anchor = re.sub(r"[^\w\- ]", "", title).replace(" ", "-")
        number = 0
        while (anchor if number == 0 else f"{anchor}-{number}") in anchors:
            number += 1
        anchors.add(anchor if number == 0 else f"{anchor}-{number}")
    return anchors
