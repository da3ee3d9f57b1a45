#!/usr/bin/python3
"""Calls a node without osctl: call_node.py TARGET PKI METHOD REQUEST

TARGET is HOST:PORT, with PKI a folder of client certificates, or unix:PATH, with PKI empty. REQUEST is
the message as JSON. The status is printed as JSON. Needs what protoc makes of node.proto in PYTHONPATH.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import grpc
from google.protobuf import json_format
from matic.v1 import node_pb2, node_pb2_grpc


def connect(target: str, pki: str) -> grpc.Channel:
    if not pki:
        return grpc.insecure_channel(target)
    folder = Path(pki)
    credentials = grpc.ssl_channel_credentials(
        root_certificates=(folder / "ca.pem").read_bytes(),
        private_key=(folder / "client.key").read_bytes(),
        certificate_chain=(folder / "client.pem").read_bytes(),
    )
    return grpc.secure_channel(target, credentials)


def main(target: str, pki: str, method: str, request: str) -> None:
    message = json_format.Parse(request, getattr(node_pb2, f"{method}Request")())
    code, details = grpc.StatusCode.OK, ""
    with connect(target, pki) as channel:
        try:
            getattr(node_pb2_grpc.NodeStub(channel), method)(message, timeout=20)
        except grpc.RpcError as error:
            code, details = error.code(), error.details()
    print(json.dumps({"code": code.name, "details": details}))


if __name__ == "__main__":
    main(*sys.argv[1:])
