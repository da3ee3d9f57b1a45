"""The example clients, built as docs/api/health-and-rollback.md says, and how they are started."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from harness import paths

EXAMPLES = paths.REPOSITORY / "examples" / "clients"
_PROTO = ["protoc", "-I", paths.REPOSITORY / "proto"]
_NODE = "matic/v1/node.proto"
_GO_PACKAGE = f"M{_NODE}=matic/v1;maticv1"


@dataclass(frozen=True)
class Client:
    command: list[str]
    environment: dict[str, str]

    def start(self, address: str, pki: Path, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*self.command, *arguments],
            env={
                **os.environ,
                **self.environment,
                "MATIC_NODE": address,
                "MATIC_PKI": str(pki),
                "MATIC_WAIT_SECONDS": "60",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def build(language: str, folder: Path) -> Client:
    return {"bash": _bash, "python": _python, "go": _go}[language](folder)


def _bash(folder: Path) -> Client:
    path = f"{paths.OSCTL.parent}{os.pathsep}{os.environ['PATH']}"
    return Client([str(EXAMPLES / "bash" / "node.sh")], {"PATH": path})


def _python(folder: Path) -> Client:
    _run(
        *_PROTO, f"--python_out={folder}", f"--grpc_python_out={folder}",
        "--plugin=protoc-gen-grpc_python=/usr/bin/grpc_python_plugin", _NODE,
    )
    # Debian's Python has Debian's gRPC, whatever comes first in PATH.
    client = ["/usr/bin/python3", str(EXAMPLES / "python" / "node.py")]
    return Client(client, {"PYTHONPATH": str(folder)})


def _go(folder: Path) -> Client:
    source = folder / "src"
    source.mkdir()
    _run(
        *_PROTO, f"--go_out={source}", f"--go_opt={_GO_PACKAGE}",
        f"--go-grpc_out={source}", f"--go-grpc_opt={_GO_PACKAGE}", _NODE,
    )
    environment = {
        **os.environ,
        "GO111MODULE": "off",
        "GOPATH": f"{folder}:/usr/share/gocode",
        # Kept between two runs: gRPC takes long to compile.
        "GOCACHE": str(paths.PROGRAMS.parent / "go-cache"),
        "GOFLAGS": "",
        "GOTOOLCHAIN": "local",
    }
    program = folder / "node"
    _run("/usr/bin/go", "build", "-o", program, ".", cwd=EXAMPLES / "go", env=environment)
    return Client([str(program)], {})


def _run(*command: str | Path, **options: object) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
