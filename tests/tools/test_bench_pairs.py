"""Trees that pairs of images are made of, and the packages that measuring takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from benching import requirements
from benching.command import CannotMeasure
from benching.pairs import images


@pytest.fixture
def trees(tmp_path: Path) -> images.Trees:
    for name, content in (("old", "1"), ("new", "2")):
        tree = tmp_path / name
        info = tree / "var/lib/dpkg/info"
        info.mkdir(parents=True)
        (tree / "usr/lib").mkdir(parents=True)
        (tree / "etc").mkdir()
        (tree / "etc/passwd").write_text("root\n")
        for package, size in (("small", 1), ("middle", 10), ("large", 100)):
            (tree / "usr/lib" / package).write_text(content * size)
            (info / f"{package}:amd64.list").write_text(f"/.\n/usr\n/usr/lib\n/usr/lib/{package}\n")
    return images.Trees(tmp_path / "old", tmp_path / "new", ("large", "middle", "small"))


def test_one_package_is_upgraded_and_nothing_else(trees: images.Trees, tmp_path: Path) -> None:
    assert images.with_one_package_upgraded(trees, tmp_path / "copy") == "middle"
    lib = tmp_path / "copy/usr/lib"
    assert {file.name: file.read_text()[0] for file in lib.iterdir()} == {"small": "1", "middle": "2", "large": "1"}


def test_one_file_is_changed_and_the_tree_is_left_alone(trees: images.Trees, tmp_path: Path) -> None:
    images.with_one_file_changed(trees.old, tmp_path / "copy")
    assert (tmp_path / "copy/etc/passwd").read_text() == "root\n# one line more\n"
    assert (trees.old / "etc/passwd").read_text() == "root\n"


def test_a_root_is_dressed_as_an_image_takes_it_and_keeps_what_it_has(tmp_path: Path) -> None:
    release = tmp_path / "usr/lib/os-release"
    release.parent.mkdir(parents=True)
    release.write_text("ID=debian\nIMAGE_VERSION=0.1\n")
    unit = tmp_path / "usr/lib/systemd/system/matic-agent.service"
    unit.parent.mkdir(parents=True)
    unit.write_text("[Service]\nExecStart=/usr/bin/matic-agent\n")
    images.dress(tmp_path, "2.0")
    images.dress(tmp_path, "2.0")
    assert release.read_text() == "ID=debian\nIMAGE_ID=bench\nIMAGE_VERSION=2.0\n"
    assert "matic-agent" in unit.read_text()
    assert (tmp_path / "etc/systemd/system/multi-user.target.wants/matic-deadline.service").is_symlink()


def test_what_is_missing_is_named_with_its_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "command", lambda name: None if name in ("zck", "nginx") else f"/usr/bin/{name}")
    with pytest.raises(CannotMeasure, match="apt-get install --no-install-recommends nginx-light zchunk$"):
        requirements.need(("zck", "nginx", "curl"))


def test_a_program_that_was_not_built_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotMeasure, match="osctl is missing: tools/build makes it"):
        requirements.need((), [tmp_path / "osctl"])
