from __future__ import annotations

from pathlib import Path

import pytest

from checks import links, names, programs
from checks.tree import Tree


def tree_of(tmp_path: Path, files: dict[str, str]) -> Tree:
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Tree(tmp_path, list(files))


HEADER = "// What it is for.\n#pragma once\n"


@pytest.mark.parametrize("path", [
    "lib/utils/a.cc", "lib/base/utils.h", "lib/common/a.cc", "agent/update_manager.cc",
    "tests/helpers/a.py", "osctl/misc.cc", "lib/base/string_util.h", "lib/helper.h",
])
def test_names_that_say_nothing_are_found(tmp_path: Path, path: str) -> None:
    found = names.check(tree_of(tmp_path, {path: HEADER}))
    assert [problem.path for problem in found] == [path]


def test_names_that_only_contain_such_a_word_are_fine(tmp_path: Path) -> None:
    assert names.check(tree_of(tmp_path, {
        "lib/commonality.h": HEADER, "a/miscount.cc": "", "a/common_cause.cc": "",
        "docs/common-cause.md": ""})) == []


def test_what_a_program_has_left_is_found(tmp_path: Path) -> None:
    key = "-----BEGIN PRIVATE KEY-----\n"
    found = names.check(tree_of(tmp_path, {"a/disk.img": "x" * 300_000, "a/ca.key": key, "a/ca.pem": ""}))
    assert [str(problem) for problem in found] == [
        "a/ca.key: holds a private key", "a/disk.img: is larger than 256 KiB: a program makes such files"]


@pytest.mark.parametrize(("text", "expected"), [
    ("#pragma once\n", "a.h:1: a header begins with what it is for"),
    ("// What it is for.\n", "a.h: has no #pragma once"),
    (HEADER + "// TODO: more\n", "a.h:3: TODO is left"),
    (HEADER + "\n/* FIXME */\n", "a.h:4: FIXME is left"),
])
def test_what_is_wrong_in_a_header_is_found(tmp_path: Path, text: str, expected: str) -> None:
    assert [str(problem) for problem in names.check(tree_of(tmp_path, {"a.h": text}))] == [expected]


def test_links_are_followed_from_the_documents_folder(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, {
        "README.md": "[a](docs/a.md) [b](docs/a.md#two-words) [c](docs) [web](https://example.com/x)\n"
                     "[self](#here)\n\n# Here\n",
        "docs/a.md": "# A\n## Two words!\n[up](../README.md) `[code](nowhere.md)`\n"
                     "```\n[fence](nowhere.md)\n```\n",
    })
    assert links.check(tree) == []


@pytest.mark.parametrize(("text", "expected"), [
    ("\n[x](gone.md)\n", "docs/a.md:2: links to gone.md, which is not there"),
    ("[x](README.md)\n", "docs/a.md:1: links to README.md, which is not there"),
    ("[x](../README.md#nothing)\n", "docs/a.md:1: README.md has no heading for #nothing"),
    ("[x](#nothing)\n", "docs/a.md:1: docs/a.md has no heading for #nothing"),
    ("![picture](gone.png)\n", "docs/a.md:1: links to gone.png, which is not there"),
])
def test_links_to_nowhere_are_found(tmp_path: Path, text: str, expected: str) -> None:
    found = links.check(tree_of(tmp_path, {"docs/a.md": text, "README.md": "# Matic\n"}))
    assert [str(problem) for problem in found] == [expected]


def test_the_second_of_two_equal_headings_has_its_own_anchor(tmp_path: Path) -> None:
    assert links.check(tree_of(tmp_path, {"a.md": "# One\n# One\n[x](#one-1)\n"})) == []


def test_source_that_is_not_formatted_is_found(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, {".clang-format": "BasedOnStyle: Google\n", "a.cc": "int a;\n",
                              "b.cc": "int   b ;\n"})
    assert [problem.path for problem in programs.check_format(tree)] == ["b.cc"]


def test_a_script_that_shellcheck_does_not_like_is_found(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, {"good": "#!/bin/sh\necho hello\n", "bad": "#!/bin/sh\nrm $1\n",
                              "not-a-script": "rm $1\n"})
    assert [(problem.path, problem.line) for problem in programs.check_scripts(tree)] == [("bad", 2)]
