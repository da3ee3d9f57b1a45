#!/usr/bin/python3
"""Shows a node's health, follows an update, or takes the node back to its previous system.

usage: MATIC_NODE=HOST:PORT MATIC_PKI=DIR node.py health | rollback REASON | follow SCHEDULE
Exit codes: 0 done, 1 failed, 2 usage, 3 not reachable or not authorised, 4 the update failed or
was cancelled, 5 it was rolled back, 6 refused.
"""

import os
import sys
import time
from pathlib import Path

import grpc
from matic.v1 import node_pb2, node_pb2_grpc

CALL_SECONDS = 30
WAIT_SECONDS = int(os.environ.get("MATIC_WAIT_SECONDS", "300"))  # for a reboot


def connect():
    pki = Path(os.environ["MATIC_PKI"])
    credentials = grpc.ssl_channel_credentials(
        root_certificates=(pki / "ca.pem").read_bytes(),
        private_key=(pki / "client.key").read_bytes(),
        certificate_chain=(pki / "client.pem").read_bytes(),
    )
    # A node that lost its power says nothing: pings notice it.
    pings = [("grpc.keepalive_time_ms", 10_000), ("grpc.keepalive_timeout_ms", 5_000)]
    return grpc.secure_channel(os.environ["MATIC_NODE"], credentials, pings)


def show_health(node):
    health = node.GetHealth(node_pb2.GetHealthRequest(refresh=True), timeout=CALL_SECONDS)
    print(node_pb2.HealthState.Name(health.state).removeprefix("HEALTH_STATE_"))
    for check in health.checks:
        result = node_pb2.CheckResult.Name(check.result).removeprefix("CHECK_RESULT_")
        print(f"{check.name}: {result} {check.output}")
    return 1 if health.state == node_pb2.HEALTH_STATE_UNHEALTHY else 0


def roll_back(node, reason):
    before = node.GetStatus(node_pb2.GetStatusRequest(), timeout=CALL_SECONDS).boot_id
    back = node.TriggerRollback(
        node_pb2.TriggerRollbackRequest(reason=reason), timeout=CALL_SECONDS
    )
    # `from` is a word of Python's own.
    print(f"rolling back from {getattr(back, 'from')} to {back.to}", flush=True)
    record = wait_until_it_is_back(back.to, before)
    if record is None:
        print(f"the node did not come back with {back.to} in time", file=sys.stderr)
        return 1
    print(f"runs {back.to}")
    kind = node_pb2.RollbackKind.Name(record.kind)
    print(f"{record.time.ToJsonString()} {kind}: {record.reason}")
    return 0


def wait_until_it_is_back(target, before):
    """What the node's history says of it. The node does not answer while it reboots."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        try:
            with connect() as channel:
                node = node_pb2_grpc.NodeStub(channel)
                status = node.GetStatus(node_pb2.GetStatusRequest(), timeout=5)
                latest = node_pb2.GetRollbackHistoryRequest(limit=1)
                history = node.GetRollbackHistory(latest, timeout=5)
            runs = any(t.running and t.name == target for t in status.targets)
            if runs and status.boot_id != before:
                for record in history.records:
                    if record.boot_id == status.boot_id:
                        return record
        except grpc.RpcError as error:
            if error.code() not in AWAY:
                raise
        time.sleep(1)
    return None


# What a node that reboots answers, or what is answered for it.
AWAY = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
OUTCOMES = {
    node_pb2.SCHEDULE_STATE_COMPLETED: 0,
    node_pb2.SCHEDULE_STATE_FAILED: 4,
    node_pb2.SCHEDULE_STATE_CANCELLED: 4,
    node_pb2.SCHEDULE_STATE_ROLLED_BACK: 5,
}


def follow(schedule_id):
    """Through reboots: the stream breaks, and a new one begins with the state of then."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            with connect() as channel:
                request = node_pb2.WatchScheduleRequest(schedule_id=schedule_id)
                for change in node_pb2_grpc.NodeStub(channel).WatchSchedule(request):
                    deadline = time.monotonic() + WAIT_SECONDS
                    schedule = change.schedule
                    state = node_pb2.ScheduleState.Name(schedule.state)
                    phase = node_pb2.Phase.Name(schedule.phase)
                    print(state.removeprefix("SCHEDULE_STATE_"), phase, schedule.reason, flush=True)
                    if schedule.state in OUTCOMES:
                        return OUTCOMES[schedule.state]
        except grpc.RpcError as error:
            if error.code() not in AWAY or time.monotonic() > deadline:
                raise
        time.sleep(1)


def explain(error):
    """The exit code, by the node's own code where it came so far as to send one."""
    trailer = dict(error.trailing_metadata() or ())
    code = trailer.get("matic-error-code", error.code().name)
    if code == "permission":
        print(f"not authorised: {error.details()}", file=sys.stderr)
        return 3
    if error.code() in AWAY:
        print(f"cannot reach the node: {error.details()}", file=sys.stderr)
        return 3
    print(f"{code}: {error.details()}", file=sys.stderr)
    return 6 if code == "refused" else 1


def main(arguments):
    try:
        with connect() as channel:
            node = node_pb2_grpc.NodeStub(channel)
            if arguments == ["health"]:
                return show_health(node)
            if len(arguments) == 2 and arguments[0] == "rollback":
                return roll_back(node, arguments[1])
            if len(arguments) == 2 and arguments[0] == "follow":
                return follow(arguments[1])
    except grpc.RpcError as error:
        return explain(error)
    print(f"usage: {sys.argv[0]} health | rollback REASON | follow SCHEDULE", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
