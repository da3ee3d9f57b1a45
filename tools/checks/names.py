"""What files are called, what headers begin with, and what must not be left in them."""

from __future__ import annotations

import re

from checks.tree import Problem, Tree

# They say nothing about what is inside, so everything ends up there.
EMPTY_NAMES = {"util", "utils", "common", "helper", "helpers", "manager", "misc"}
# A term of quality control that has one of them in it.
TERMS = re.compile(r"common[_-]cause")
LEFTOVER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
# Larger ones are made by a program, and belong into build/.
MOST_BYTES = 256 * 1024
SECRET = b"PRIVATE KEY-----"
TEXT = (".h", ".cc", ".c", ".proto", ".py", ".cmake", ".md", ".txt", ".sh", ".service", ".yaml")


def check(tree: Tree) -> list[Problem]:
    problems = []
    for path in tree.files:
        problems += _check_content(tree, path)
        problems += [Problem(path, 0, f"'{word}' in a name says nothing about what is inside")
                     for word in sorted(_words(path) & EMPTY_NAMES)]
        if path.endswith(".h"):
            problems += _check_header(tree, path)
        if path.endswith(TEXT) and not path.startswith("tools/checks/") \
                and not path.startswith("tests/tools/"):
            text = tree.read(path)
            problems += [Problem(path, text.count("\n", 0, found.start()) + 1,
                                 f"{found.group(1)} is left")
                         for found in LEFTOVER.finditer(text)]
    return problems


def _check_content(tree: Tree, path: str) -> list[Problem]:
    file = tree.root / path
    if file.is_symlink() or not file.is_file():
        return []
    if file.stat().st_size > MOST_BYTES:
        return [Problem(path, 0, f"is larger than {MOST_BYTES >> 10} KiB: a program makes such files")]
    if not path.endswith(TEXT) and SECRET in file.read_bytes():
        return [Problem(path, 0, "holds a private key")]
    return []


def _words(path: str) -> set[str]:
    return set(re.split(r"[/_.\-]", TERMS.sub("cause", path.lower())))


def _check_header(tree: Tree, path: str) -> list[Problem]:
    lines = tree.read(path).splitlines()
    problems = []
    if not lines or not lines[0].startswith(("//", "/*")):
        problems.append(Problem(path, 1, "a header begins with what it is for"))
    if "#pragma once" not in lines:
        problems.append(Problem(path, 0, "has no #pragma once"))
    return problems
