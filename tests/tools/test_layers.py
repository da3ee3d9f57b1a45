"""The layer checker finds what is planted, and nothing in a tree that keeps the rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks import layers
from checks.tree import Tree

GOOD = {
    "lib/base/CMakeLists.txt": "matic_library(lib_base SOURCES error.cc EXTERNAL absl::time)\n",
    "lib/base/error.h": "#include <string>\n",
    "lib/base/error.cc": '#include "lib/base/error.h"\n',
    "lib/os/CMakeLists.txt": "matic_library(lib_os SOURCES clock.cc DEPS lib_base)\n",
    "lib/os/clock.cc": '#include "lib/base/error.h"\n',
    "lib/gpt/CMakeLists.txt":
        "matic_library(lib_gpt SOURCES table.cc\n"
        "              DEPS lib_base lib_os boot_policy\n"
        "              EXTERNAL PkgConfig::FDISK)\n",
    "lib/gpt/table.cc": '#include <libfdisk/libfdisk.h>\n#include "boot/policy/slot.h"\n',
    "boot/policy/CMakeLists.txt": "matic_library(boot_policy SOURCES slot.cc)\n",
    "boot/policy/slot.h": "#include <cstdint>\n",
    "boot/policy/slot.cc": '#include "boot/policy/slot.h"\n',
    "boot/efi/main.cc": '#include <efi.h>\n#include "boot/policy/slot.h"\n',
    "agent/update/CMakeLists.txt": "matic_library(agent_update SOURCES a.cc DEPS lib_base)\n",
    "agent/update/a.cc": '#include <variant>\n#include "lib/base/error.h"\n',
    "agent/api/CMakeLists.txt": "matic_library(agent_api SOURCES a.cc DEPS proto EXTERNAL gRPC::grpc++)\n",
    "agent/api/a.cc": "#include <matic/v1/node.grpc.pb.h>\n",
    "tests/unit/lib/os/clock_test.cc": '#include "agent/update/a.h"\n#include <curl/curl.h>\n',
}


def problems(tmp_path: Path, planted: dict[str, str]) -> list[str]:
    files = GOOD | planted
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return [str(problem) for problem in layers.check(Tree(tmp_path, list(files)))]


def test_a_tree_that_keeps_the_rules_has_no_problems(tmp_path: Path) -> None:
    assert problems(tmp_path, {}) == []


@pytest.mark.parametrize(("path", "text", "expected"), [
    ("lib/os/clock.cc", '\n#include "lib/gpt/table.h"\n',
     "lib/os/clock.cc:2: includes lib/gpt/table.h, but lib/gpt is not in the DEPS of lib/os"),
    # lib/gpt states lib_os, but that does not make lib/base's edges its own.
    ("lib/gpt/CMakeLists.txt", "matic_library(lib_gpt SOURCES table.cc DEPS lib_os)\n",
     "lib/gpt/table.cc:2: includes boot/policy/slot.h, but boot/policy is not in the DEPS of lib/gpt"),
    ("lib/os/CMakeLists.txt", "matic_library(lib_os SOURCES clock.cc DEPS lib_base lib_gpt)\n",
     "lib/os/CMakeLists.txt:1: lib_os: lib/os may not use lib/gpt"),
    ("lib/os/CMakeLists.txt", "matic_library(lib_os SOURCES clock.cc DEPS lib_base\n  agent_ghost)\n",
     "lib/os/CMakeLists.txt:1: lib_os: agent_ghost in DEPS is no library of this project"),
    ("boot/policy/slot.cc", '#include "lib/base/error.h"\n',
     "boot/policy/slot.cc:1: includes lib/base/error.h, but lib/base is not in the DEPS of boot/policy"),
    ("boot/policy/slot.h", "#include <cstdio>\n",
     "boot/policy/slot.h:1: boot/policy is pure, and may not include <cstdio>"),
    ("agent/update/a.cc", "#include <fstream>\n",
     "agent/update/a.cc:1: agent/update is pure, and may not include <fstream>"),
    ("agent/update/a.cc", "#include <spdlog/spdlog.h>\n",
     "agent/update/a.cc:1: agent/update is pure, and may not include <spdlog/spdlog.h>"),
    ("agent/update/a.cc", "#include <chrono>\nauto a = std::chrono::system_clock::now();\n",
     "agent/update/a.cc:2: agent/update is pure, and may not call _clock::now"),
    ("agent/update/a.cc", '#include "lib/os/clock.h"\n',
     "agent/update/a.cc:1: includes lib/os/clock.h, but lib/os is not in the DEPS of agent/update"),
    ("lib/os/clock.cc", '#include "clock.h"\n',
     "lib/os/clock.cc:1: includes clock.h: includes start at the root of the repository"),
    ("lib/os/clock.cc", '#include "tests/fakes/manual_clock.h"\n',
     "lib/os/clock.cc:1: may not use tests/fakes"),
    ("lib/base/error.h", "#include <libfdisk/libfdisk.h>\n",
     "lib/base/error.h:1: includes libfdisk (libfdisk/libfdisk.h), which only lib/gpt may"),
    ("lib/base/error.h", "#  include <openssl/evp.h>\n",
     "lib/base/error.h:1: includes OpenSSL (openssl/evp.h), which only lib/crypto and lib/rpc may"),
    ("lib/base/error.cc", "#include <curl/curl.h>\n",
     "lib/base/error.cc:1: includes libcurl (curl/curl.h), which only lib/http and lib/notify may"),
    ("agent/update/a.cc", "#include <grpcpp/grpcpp.h>\n",
     "agent/update/a.cc:1: includes gRPC (grpcpp/grpcpp.h), which only proto and lib/rpc and "
     "agent/api and osctl/client may"),
    ("agent/update/a.cc", '#include "matic/v1/node.grpc.pb.h"\n',
     "agent/update/a.cc:1: includes matic/v1/node.grpc.pb.h, but proto is not in the DEPS of "
     "agent/update"),
    ("lib/base/error.h", "#include <yaml-cpp/yaml.h>\n",
     "lib/base/error.h:1: includes yaml-cpp (yaml-cpp/yaml.h), which only lib/settings may"),
    ("lib/base/error.h", "#include <sqlite3.h>\n",
     "lib/base/error.h:1: includes SQLite (sqlite3.h), which only osctl/fleet/journal may"),
    ("lib/base/CMakeLists.txt", "matic_library(lib_base SOURCES error.cc EXTERNAL CURL::libcurl)\n",
     "lib/base/CMakeLists.txt:1: lib_base: links libcurl, which only lib/http and lib/notify may"),
    ("lib/gpt/CMakeLists.txt", GOOD["lib/gpt/CMakeLists.txt"] +
     "target_link_libraries(lib_gpt PUBLIC PkgConfig::FDISK)\n",
     "lib/gpt/CMakeLists.txt:4: lib_gpt: links libfdisk PUBLIC; only lib/gpt may, PRIVATE"),
    ("lib/base/CMakeLists.txt", "matic_library(lib_base SOURCES error.cc)\n"
     "matic_library(lib_base_more SOURCES more.cc)\n",
     "lib/base/CMakeLists.txt:2: lib_base_more: lib/base has a library already, lib_base"),
    ("lib/os/CMakeLists.txt", "matic_library(clocks SOURCES clock.cc DEPS lib_base)\n",
     "lib/os/CMakeLists.txt:1: clocks: the library of lib/os is named lib_os"),
    ("lib/os/CMakeLists.txt", "matic_library(lib_os SOURCES ../base/error.cc DEPS lib_base)\n",
     "lib/os/CMakeLists.txt:1: lib_os: sources of another folder"),
])
def test_what_is_planted_is_found(tmp_path: Path, path: str, text: str, expected: str) -> None:
    assert expected in problems(tmp_path, {path: text})


def test_a_folder_without_a_place_may_use_nothing(tmp_path: Path) -> None:
    found = problems(tmp_path, {
        "lib/new/CMakeLists.txt": "matic_library(lib_new SOURCES new.cc DEPS lib_base)\n",
        "lib/new/new.cc": '#include "lib/base/error.h"\n',
    })
    assert found == ["lib/new/CMakeLists.txt:1: lib_new: lib/new may not use lib/base"]


def test_comments_in_cmake_are_not_read(tmp_path: Path) -> None:
    found = problems(tmp_path, {
        "lib/os/CMakeLists.txt": "# matic_library(x DEPS lib_gpt)\n" + GOOD["lib/os/CMakeLists.txt"]})
    assert found == []
