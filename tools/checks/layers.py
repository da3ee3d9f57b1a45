"""The layer rules of docs/architecture.md.

* One static library a folder, named after it, made of that folder's own sources.
* A folder includes its own headers and those of the libraries in its DEPS: what it includes it states,
  also where it would get it through another library.
* DEPS point downwards only (ALLOWED).
* A wrapped library is included and linked by the folders that wrap it and nobody else (WRAPPED), and
  never PUBLIC, so that its types show in no other folder's headers.
* The pure folders do no I/O, read no clock and log nothing (PURE).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from checks.cmake import Link, Target, read_targets
from checks.tree import Problem, Tree

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
CODE = (".h", ".cc", ".c")

LIB = ["lib/base", "lib/os", "lib/pattern", "lib/settings", "lib/completion", "lib/crypto",
       "lib/calendar", "lib/http", "lib/notify", "lib/channels", "lib/gpt", "lib/image", "lib/squashfs",
       "lib/delta", "lib/patching", "lib/journal", "lib/exposition", "lib/rpc", "lib/trust"]
AGENT_BASE = [*LIB, "proto", "boot/policy"]

# What each folder may depend on at most. Folders that are not named here may be used by nobody and
# may use nothing: a new folder is given its place first.
ALLOWED: dict[str, list[str]] = {
    "proto": [],
    "boot/policy": [],
    "boot/efi": ["boot/policy"],
    "boot/sim": ["boot/policy", "lib/base", "lib/os"],
    "lib/base": [],
    "lib/os": ["lib/base"],
    "lib/pattern": ["lib/base"],
    "lib/settings": ["lib/base", "lib/os"],
    "lib/completion": ["lib/base"],
    "lib/crypto": ["lib/base", "lib/os"],
    "lib/calendar": ["lib/base", "lib/crypto"],
    "lib/http": ["lib/base", "lib/os", "lib/crypto"],
    "lib/notify": ["lib/base", "lib/os", "lib/http"],
    "lib/channels": ["lib/base", "lib/notify", "lib/settings"],
    "lib/gpt": ["lib/base", "lib/os", "lib/crypto", "boot/policy"],
    "lib/image": ["lib/base", "lib/os", "lib/crypto", "boot/policy"],
    "lib/squashfs": ["lib/base", "lib/os", "boot/policy"],
    "lib/delta": ["lib/base", "lib/os", "lib/crypto", "lib/squashfs", "boot/policy"],
    "lib/patching": ["lib/base", "lib/os", "lib/crypto", "lib/squashfs", "lib/delta",
                     "boot/policy"],
    "lib/journal": ["lib/base"],
    "lib/exposition": ["lib/base"],
    "lib/rpc": ["lib/base", "lib/os", "lib/crypto", "proto"],
    "lib/trust": ["lib/base", "lib/os", "lib/crypto", "lib/http"],
    "agent/update": ["lib/base", "lib/calendar"],
    "agent/config": ["lib/base", "lib/os", "lib/calendar", "lib/channels", "lib/pattern",
                     "lib/settings", "agent/update"],
    "agent/health": ["lib/base", "lib/os", "lib/pattern", "lib/crypto", "lib/http", "agent/config"],
    "agent/hooks": ["lib/base", "lib/os", "agent/config"],
    "agent/prechecks": ["lib/base", "lib/os", "agent/config", "agent/health"],
    "agent/engine": ["lib/base", "lib/os", "lib/crypto", "lib/calendar", "lib/http", "agent/update",
                     "agent/health", "agent/hooks", "agent/prechecks", "agent/config"],
    "agent/channel": ["lib/base", "lib/os", "lib/http", "lib/crypto", "lib/trust", "agent/config",
                      "agent/update", "agent/engine"],
    "agent/logind": ["lib/base", "lib/os", "agent/engine"],
    "agent/fleetlock": ["lib/base", "lib/os", "lib/http", "agent/config", "agent/engine"],
    "agent/transfer": [*LIB, "boot/policy", "agent/update"],
    "agent/ab": [*LIB, "boot/policy", "agent/update", "agent/engine", "agent/config",
                 "agent/transfer"],
    "agent/nixos": ["lib/base", "lib/os", "lib/http", "lib/image", "agent/update", "agent/engine",
                    "agent/config"],
    "agent/api": [*LIB, "proto", "agent/update", "agent/health", "agent/prechecks", "agent/engine",
                  "agent/config"],
    "agent/metrics": ["lib/base", "lib/exposition", "lib/os", "lib/http", "lib/notify", "lib/rpc", "agent/update",
                      "agent/health", "agent/engine"],
    "agent/notices": ["lib/base", "lib/os", "lib/journal", "lib/notify", "agent/config",
                      "agent/engine", "agent/health"],
    "agent/deadline": ["lib/base", "lib/os", "lib/gpt", "boot/policy"],
    "agent/verity": ["lib/base", "lib/os", "lib/image", "boot/policy", "agent/deadline"],
    "agent": [*AGENT_BASE, "agent/update", "agent/config", "agent/health", "agent/hooks",
              "agent/prechecks", "agent/engine", "agent/channel", "agent/logind", "agent/transfer", "agent/ab",
              "agent/nixos",
              "agent/api", "agent/fleetlock", "agent/metrics", "agent/notices"],
    "osctl": [*LIB, "proto", "boot/policy", "osctl/client", "osctl/disk", "osctl/fleet/inventory",
              "osctl/fleet/journal", "osctl/fleet/metrics", "osctl/fleet/node", "osctl/fleet/notices",
              "osctl/fleet/planner", "osctl/fleet/run", "osctl/render"],
    "osctl/client": ["lib/base", "lib/rpc", "proto"],
    "osctl/disk": [*LIB, "boot/policy"],
    "osctl/fleet/inventory": ["lib/base", "lib/calendar", "lib/channels", "lib/http", "lib/os", "lib/settings"],
    "osctl/fleet/journal": ["lib/base", "lib/os", "osctl/fleet/planner"],
    "osctl/fleet/metrics": ["lib/base", "lib/exposition", "lib/notify", "lib/os", "osctl/fleet/journal",
                            "osctl/fleet/planner"],
    "osctl/fleet/node": ["lib/base", "lib/os", "lib/rpc", "proto", "osctl/client",
                         "osctl/fleet/inventory"],
    "osctl/fleet/notices": ["lib/base", "lib/channels", "lib/notify", "lib/os",
                            "osctl/fleet/inventory", "osctl/fleet/journal", "osctl/fleet/planner",
                            "osctl/fleet/run"],
    "osctl/fleet/planner": ["lib/base", "lib/calendar", "osctl/fleet/inventory"],
    "osctl/fleet/run": ["lib/base", "lib/os", "proto", "osctl/client", "osctl/fleet/inventory",
                        "osctl/fleet/journal", "osctl/fleet/node", "osctl/fleet/planner"],
    "osctl/render": ["lib/base", "proto"],
}


@dataclass(frozen=True)
class Wrapped:
    includes: re.Pattern[str]
    links: re.Pattern[str]
    folders: tuple[str, ...]


WRAPPED: dict[str, Wrapped] = {
    "libfdisk": Wrapped(re.compile(r"^libfdisk/"), re.compile("FDISK|^fdisk$"), ("lib/gpt",)),
    "libcurl": Wrapped(re.compile(r"^curl/"), re.compile("^CURL::|^curl$"),
                       ("lib/http", "lib/notify")),
    "OpenSSL": Wrapped(re.compile(r"^openssl/"), re.compile("^OpenSSL::|^(ssl|crypto)$"),
                       ("lib/crypto", "lib/rpc")),
    "gRPC": Wrapped(re.compile(r"^grpc(pp|)/|\.grpc\.pb\.h$"), re.compile("^gRPC::"),
                    ("proto", "lib/rpc", "agent/api", "osctl/client")),
    "libsquashfs": Wrapped(re.compile(r"^sqfs/"), re.compile("SQUASHFS|^squashfs$"),
                           ("lib/squashfs",)),
    "zstd": Wrapped(re.compile(r"^zstd"), re.compile("ZSTD|^zstd$"), ("lib/squashfs", "lib/delta")),
    "xxHash": Wrapped(re.compile(r"^xxhash"), re.compile("XXHASH|^xxhash$"), ("lib/crypto",)),
    "divsufsort": Wrapped(re.compile(r"^divsufsort"), re.compile("DIVSUFSORT|^divsufsort$"),
                          ("lib/patching",)),
    "RE2": Wrapped(re.compile(r"^re2/"), re.compile("RE2|^re2$"), ("lib/pattern",)),
    "yaml-cpp": Wrapped(re.compile(r"^yaml-cpp/"), re.compile("^yaml-cpp"), ("lib/settings",)),
    "prometheus-cpp": Wrapped(re.compile(r"^prometheus/"), re.compile("^prometheus-cpp"),
                              ("lib/exposition",)),
    "Abseil's time": Wrapped(re.compile(r"^absl/time/"), re.compile("^absl::time$"),
                             ("lib/base", "lib/calendar")),
    "libsystemd": Wrapped(re.compile(r"^systemd/"), re.compile("SYSTEMD|^systemd$"),
                          ("agent/fleetlock", "agent/logind", "agent")),
    "SQLite": Wrapped(re.compile(r"^sqlite3\.h$"), re.compile("^SQLite|^sqlite3$"),
                      ("osctl/fleet/journal",)),
}

# Headers that do nothing but define types, functions of their arguments, and constants.
FREESTANDING = {
    "algorithm", "array", "bit", "compare", "concepts", "cstddef", "cstdint", "initializer_list",
    "iterator", "limits", "numeric", "optional", "span", "string_view", "tuple", "type_traits",
    "utility", "variant",
}
PURE: dict[str, set[str]] = {
    "boot/policy": FREESTANDING,
    "agent/update": FREESTANDING | {"cassert", "chrono", "functional", "map", "memory", "ranges",
                                    "set", "string", "vector"},
    "osctl/fleet/planner": FREESTANDING | {"chrono", "map", "set", "string", "vector",
                                           "nlohmann/json.hpp"},
    "lib/calendar": FREESTANDING | {"bitset", "chrono", "memory", "string", "vector",
                                    "absl/strings/ascii.h", "absl/strings/match.h",
                                    "absl/strings/numbers.h", "absl/strings/str_format.h",
                                    "absl/strings/str_join.h", "absl/strings/str_split.h",
                                    "absl/time/civil_time.h", "absl/time/time.h"},
}
IMPURE_CALL = re.compile(r"(_clock::now|absl::Now|\bgetenv|\btime\(|\bprintf|"
                         r"\bstd::(cout|cerr|random_device))")


def check(tree: Tree) -> list[Problem]:
    targets, links = read_targets(tree)
    ours = [target for target in targets if not _free(target.folder)]
    libraries = {target.name: target.folder for target in targets if target.kind == "library"}
    libraries["proto"] = "proto"
    problems = _check_targets(ours, links)
    problems += _check_edges(ours, libraries)
    allowed = _included_folders(ours, libraries)
    for path in tree.ending(*CODE):
        folder = path.rpartition("/")[0]
        if not _free(folder):
            problems += _check_file(tree, path, folder, allowed)
    return problems


def _free(folder: str) -> bool:
    """Tests may use everything."""
    return folder.split("/")[0] not in ("lib", "boot", "agent", "osctl", "proto")


def _check_targets(targets: list[Target], links: list[Link]) -> list[Problem]:
    problems = []
    seen: dict[str, str] = {}
    for target in targets:
        def problem(text: str, at: Target = target) -> Problem:
            return Problem(at.path, at.line, f"{at.name}: {text}")

        if target.kind == "library":
            expected = target.folder.replace("/", "_")
            if target.name != expected and not target.name.startswith(expected + "_"):
                problems.append(problem(f"the library of {target.folder} is named {expected}"))
            if target.folder in seen:
                problems.append(problem(f"{target.folder} has a library already, "
                                        f"{seen[target.folder]}"))
            seen[target.folder] = target.name
        if any("/" in source and not source.startswith("$") for source in target.sources):
            problems.append(problem("sources of another folder"))
        problems += [problem(f"links {name}, which only {_folders(name)} may")
                     for library in target.external for name in _foreign(library, target.folder)]
    for link in links:
        folder = link.path.rpartition("/")[0]
        if folder == "proto" or _free(folder):
            continue
        for name, wrapped in WRAPPED.items():
            if wrapped.links.search(link.library) and (
                    link.visibility != "PRIVATE" or folder not in wrapped.folders):
                problems.append(Problem(link.path, link.line, f"{link.target}: links {name} "
                                        f"{link.visibility}; only {_folders(name)} may, PRIVATE"))
    return problems


def _foreign(library: str, folder: str) -> list[str]:
    return [name for name, wrapped in WRAPPED.items()
            if wrapped.links.search(library) and folder not in wrapped.folders]


def _folders(name: str) -> str:
    return " and ".join(WRAPPED[name].folders) or "nobody"


def _check_edges(targets: list[Target], libraries: dict[str, str]) -> list[Problem]:
    problems = []
    for target in targets:
        for dep in target.deps:
            folder = libraries.get(dep)
            if folder is None:
                problems.append(Problem(target.path, target.line,
                                        f"{target.name}: {dep} in DEPS is no library of this project"))
            elif folder != target.folder and folder not in ALLOWED.get(target.folder, []):
                problems.append(Problem(target.path, target.line,
                                        f"{target.name}: {target.folder} may not use {folder}"))
    return problems


def _included_folders(targets: list[Target], libraries: dict[str, str]) -> dict[str, set[str]]:
    included: dict[str, set[str]] = {"boot/efi": {"boot/policy"}}  # built outside matic_library
    for target in targets:
        included.setdefault(target.folder, set()).update(
            libraries[dep] for dep in target.deps if dep in libraries)
    return included


def _check_file(tree: Tree, path: str, folder: str,
                allowed: dict[str, set[str]]) -> list[Problem]:
    problems = []
    text = tree.read(path)
    for include in INCLUDE.finditer(text):
        line = text.count("\n", 0, include.start(1)) + 1
        header = include.group(2)
        if include.group(1) == '"' or header.startswith("matic/"):
            problems += [Problem(path, line, wrong)
                         for wrong in _own_include(header, folder, allowed)]
        problems += [Problem(path, line, f"includes {name} ({header}), which only "
                             f"{_folders(name)} may")
                     for name, wrapped in WRAPPED.items()
                     if wrapped.includes.search(header) and folder not in wrapped.folders]
        if folder in PURE and include.group(1) == "<" and header not in PURE[folder]:
            problems.append(Problem(path, line, f"{folder} is pure, and may not include <{header}>"))
    if folder in PURE:
        problems += [Problem(path, text.count("\n", 0, call.start()) + 1,
                             f"{folder} is pure, and may not call {call.group(1)}")
                     for call in IMPURE_CALL.finditer(text)]
    return problems


def _own_include(header: str, folder: str, allowed: dict[str, set[str]]) -> list[str]:
    to = "proto" if header.startswith("matic/") else header.rpartition("/")[0]
    if to == folder:
        return []
    if to == "" or to not in ALLOWED:
        return [f"includes {header}: includes start at the root of the repository"
                if to.split("/")[0] not in ("tests", "qemu") else f"may not use {to}"]
    if to not in allowed.get(folder, set()):
        return [f"includes {header}, but {to} is not in the DEPS of {folder}"]
    return []
