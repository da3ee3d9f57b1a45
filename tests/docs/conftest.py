"""The devices of the integration tests, for what the documents say about them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

_TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(_TESTS.parent / "qemu"))
sys.path.insert(0, str(_TESTS / "integration"))

from device import Factory  # noqa: E402


@pytest.fixture(scope="session")
def factory(tmp_path_factory: pytest.TempPathFactory) -> Factory:
    return Factory(tmp_path_factory.mktemp("factory"))
