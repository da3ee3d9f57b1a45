"""The documents' blocks of code, and the commands in them."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

# Within a list it is indented.
_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<info>[^\n]*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_PROGRAM = re.compile(r"(?:^|[|;&(]\s*)(?:[A-Z_]+=\S+\s+)*(osctl\s[^|;&)]*)")


@dataclass(frozen=True)
class Block:
    page: str
    line: int
    language: str  # "" for commands, as people type them
    excerpt_of: str  # the file that the text is a part of
    text: str

    @property
    def commands(self) -> list[str]:
        """Continued lines are one. Where some have a prompt, the others are output."""
        lines = re.sub(r"\\\n\s*", "", self.text).splitlines()
        if any(line.startswith("$ ") for line in lines):
            lines = [line[2:] for line in lines if line.startswith("$ ")]
        return [line for line in lines if line.strip() and not line.startswith("#")]


def pages() -> list[str]:
    found = [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").glob("**/*.md")]
    return sorted(str(path.relative_to(REPOSITORY)) for path in found)


def blocks(page: str) -> Iterator[Block]:
    text = (REPOSITORY / page).read_text()
    for fence in _FENCE.finditer(text):
        language, _, excerpt_of = fence["info"].partition(" ")
        line = text.count("\n", 0, fence.start()) + 1
        body = textwrap.dedent(fence["text"]) if fence["indent"] else fence["text"]
        yield Block(page, line, language, excerpt_of, body)


def all_blocks() -> list[Block]:
    return [block for page in pages() for block in blocks(page)]


def commands(page: str) -> list[str]:
    return [command for block in blocks(page) if block.language in ("", "sh")
            and not block.text.startswith("#!") for command in block.commands]


def inline_commands(page: str) -> list[str]:
    """What the text itself says to type: `osctl schedule list`."""
    text = _FENCE.sub("", (REPOSITORY / page).read_text())
    return [code for code in _INLINE.findall(text) if code.startswith("osctl ")]


def osctl_commands(command: str) -> list[str]:
    """The calls of osctl within a command line."""
    outside_quotes = re.sub(r'"\$\([^)]*\)"', "PLACEHOLDER", command)
    return [found.strip() for found in _PROGRAM.findall(outside_quotes)]
