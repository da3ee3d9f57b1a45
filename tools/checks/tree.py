"""The files of a repository, as the checks see them."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True)
class Problem:
    path: str
    line: int  # 0: the file as a whole
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}" if self.line else f"{self.path}: {self.text}"


class Tree:
    """A folder and the files in it that belong to the project: what git tracks, or would."""

    def __init__(self, root: Path, files: list[str] | None = None) -> None:
        self.root = root
        self._files = files

    @cached_property
    def files(self) -> list[str]:
        if self._files is not None:
            return sorted(self._files)
        listing = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=self.root,
            check=True, capture_output=True, text=True).stdout
        return sorted(path for path in set(listing.split("\0"))
                      if path and (self.root / path).is_file())

    def read(self, path: str) -> str:
        return (self.root / path).read_text(encoding="utf-8", errors="replace")

    def ending(self, *endings: str) -> list[str]:
        return [path for path in self.files if path.endswith(endings)]

    def scripts(self) -> list[str]:
        """Shell scripts, found by their first line: most have no ending."""
        return [path for path in self.files
                if path.endswith(".sh") or self._first_line(path).startswith(
                    ("#!/bin/sh", "#!/bin/bash", "#!/usr/bin/env bash", "#!/usr/bin/env sh"))]

    def _first_line(self, path: str) -> str:
        with (self.root / path).open("rb") as file:
            return file.readline(100).decode("utf-8", errors="replace")
