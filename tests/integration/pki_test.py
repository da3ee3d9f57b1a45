"""osctl pki: authorities, and what is done with their keys."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from signer import BIN


def test_a_name_that_is_no_utf8_is_told_as_well_as_json_can(tmp_path: Path, image: Path) -> None:
    def told(*arguments: object) -> dict:
        words = [os.fsencode(str(word)) for word in (BIN / "osctl", "--output", "json", *arguments)]
        done = subprocess.run(words, capture_output=True, timeout=60)
        assert done.returncode == 0, done
        return json.loads(done.stdout)

    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/odd\xff"))
    assert told("pki", "init", "--dir", odd)["ca"] == f"{tmp_path}/odd\ufffd/ca.pem"
    assert told("key", "generate", "--out", odd / "k")["key"] == f"{tmp_path}/odd\ufffd/k"
    (odd / "os.squashfs").write_bytes(image.read_bytes())
    assert told("image", "index", odd / "os.squashfs")["path"].endswith("odd\ufffd/os.squashfs.idx")
    assert told("image", "inspect", odd / "os.squashfs")["path"].endswith("odd\ufffd/os.squashfs")
