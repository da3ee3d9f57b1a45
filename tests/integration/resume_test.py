"""A download that is cut short goes on where it broke off: the bytes that the server sends tell."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from device import Device, Factory
from faulty_server import Exchange, FaultyServer
from harness.file_backed import pack_tiny_image
from harness.images import Image
from harness.waiting import wait_until

MIB = 1 << 20
CUT = 4 * MIB
CHUNK = 128 * 1024  # what the agent writes at once: half of download.buffer_bytes
ETAG = 'ETag: "one"'


@pytest.fixture(scope="module")
def image(factory: Factory, tmp_path_factory: pytest.TempPathFactory) -> Image:
    """Of 5 MiB, which do not get smaller."""
    folder = tmp_path_factory.mktemp("large")
    return pack_tiny_image(folder, "3.0", random.Random(1).randbytes(5 * MIB))


def patience(device: Device) -> None:
    device.machine.configure(
        {"download": {"low_speed_seconds": 60, "retries": 0, "buffer_bytes": 2 * CHUNK}}
    )
    device.restart()


@pytest.fixture(scope="module")
def patient(factory: Factory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Device]:
    """For tests that end with a staged image, or with none. It takes an update at the end."""
    device = Device(factory, tmp_path_factory.mktemp("patient"))
    device.machine.power_on()
    patience(device)
    yield device
    device.expect_takes_an_update()
    device.machine.power_off()


@pytest.fixture
def server(factory: Factory) -> Iterator[FaultyServer]:
    with FaultyServer(factory.server / "server.pem", factory.server / "server.key") as server:
        yield server


def cut_first(image: Image, seconds: float = 0) -> Callable[[Exchange], None]:
    """The first answer comes to a stand, at 4 MiB after so many seconds; all others are good."""
    content = image.path.read_bytes()

    def answer(exchange: Exchange) -> None:
        if exchange.number > 0:
            exchange.whole(content, ETAG)
            return
        exchange.head("200 OK", f"Content-Length: {len(content)}", ETAG)
        step = CUT // 16
        for at in range(0, CUT, step):
            exchange.body(content[at : at + step])
            exchange.wait(seconds / 16)
        # Progress is shown four times a second, when something comes.
        for at in range(CUT, CUT + 2 * CHUNK, CHUNK // 2):
            exchange.wait(0.4)
            exchange.body(content[at : at + CHUNK // 2])
        exchange.stall()

    return answer


def note(device: Device) -> Path:
    return device.folder / "agent-state" / "partial.json"


def noted_bytes(device: Device) -> int:
    return int(json.loads(note(device).read_text())["bytes"])


def fetch_most(device: Device, url: str, image: Image) -> str:
    """An update whose download comes to a stand; its schedule."""
    schedule = device.node.update_to(image, url, "--stop-after-staging")
    device.node.wait_for(schedule, "most bytes", lambda now: now.bytes_done >= CUT, 20)
    return schedule


def cancel_most(device: Device, url: str, image: Image) -> None:
    device.node.call("schedule", "cancel", fetch_most(device, url, image))
    device.node.poll(lambda: note(device).exists() or None, 20, "a note of what was fetched")


def stage(device: Device, url: str, image: Image) -> None:
    expect_staged(device, device.node.update_to(image, url, "--stop-after-staging"), image)


def expect_staged(device: Device, schedule: str, image: Image) -> None:
    """The slot has every byte, verified, and cannot be booted yet."""
    device.node.wait_for(schedule, "a staged image", lambda now: now.phase == "STAGED", 20)
    assert not note(device).exists()
    found = device.disk.read(slot_b(device), image.size)
    assert hashlib.sha256(found).hexdigest() == image.sha256
    assert device.starts().stdout == "slot-a\n"
    device.node.call("schedule", "cancel", schedule)
    device.expect_only_slot_b_written()


def finish(device: Device, schedule: str, image: Image) -> None:
    device.machine.wait_until_it_reboots()
    assert device.machine.power_on() == "slot-b"
    device.node.wait_for_state(schedule, ["COMPLETED"], 20)
    assert device.node.running()["version"] == image.version
    assert not note(device).exists()


def slot_b(device: Device) -> int:
    (slot,) = [p for p in device.disk.table().partitions if p.name == "slot-b"]
    return slot.offset


def test_a_restart_of_the_agent_costs_no_bytes(
    patient: Device, server: FaultyServer, image: Image
) -> None:
    url = server.publish("/os", cut_first(image))
    schedule = fetch_most(patient, url, image)
    patient.machine.power_off()
    kept = noted_bytes(patient)
    assert CUT <= kept <= CUT + 2 * CHUNK
    patient.machine.start_agent()
    patient.node.wait_until_up(20)
    expect_staged(patient, schedule, image)
    (rest,) = server.exchanges("/os")[1:]
    assert (rest.headers["range"], rest.headers["if-range"]) == (f"bytes={kept}-", '"one"')
    assert rest.body_bytes == image.size - kept


@pytest.mark.parametrize("end", ["killed", "power-cut"])
def test_nor_does_its_sudden_end(
    device: Device, server: FaultyServer, image: Image, end: str
) -> None:
    """Every two seconds it makes durable what it has."""
    patience(device)
    url = server.publish("/os", cut_first(image, seconds=3))
    schedule = device.node.update_to(image, url)
    device.node.poll(lambda: note(device).exists() or None, 20, "the first bytes")
    device.machine.kill_agent()
    # What no flush has made durable is gone.
    kept = noted_bytes(device)
    device.disk.write(slot_b(device) + kept, bytes(7 * MIB - kept))
    if end == "power-cut":
        assert device.machine.power_on() == "slot-a"
    else:
        device.machine.start_agent()
    assert kept >= MIB
    finish(device, schedule, image)
    (rest,) = server.exchanges("/os")[1:]
    assert (rest.start, rest.body_bytes) == (kept, image.size - kept)


def test_an_update_that_ends_the_agent_each_time_is_given_up(
    patient: Device, server: FaultyServer, image: Image
) -> None:
    content = image.path.read_bytes()

    def stall(exchange: Exchange) -> None:
        exchange.head("200 OK", f"Content-Length: {len(content)}", ETAG)
        exchange.body(content[:CUT])
        exchange.stall()

    url = server.publish("/os", stall)
    schedule = patient.node.update_to(image, url)
    patient.node.wait_for(schedule, "bytes in slot-b", lambda now: now.bytes_done > 0, 20)
    for starts in range(1, 5):
        wait_until(f"{starts} requests are made", lambda: len(server.exchanges("/os")) >= starts)
        patient.restart()
    failed = patient.node.wait_for_state(schedule, ["FAILED"], 20)
    assert failed.reason.startswith("interrupted while staging, 4 times")
    patient.expect_only_slot_b_written()
    note(patient).unlink()  # the next test begins with nothing


def test_who_gave_up_goes_on_next_time(patient: Device, server: FaultyServer, image: Image) -> None:
    content = image.path.read_bytes()
    stops = [2 * MIB, 4 * MIB]

    def answer(exchange: Exchange) -> None:
        if exchange.number == len(stops):
            exchange.whole(content, ETAG)
        else:
            exchange.cut(content, stops[exchange.number], ETAG)

    url = server.publish("/os", answer)
    for _ in stops:
        assert "given up after 1 attempt: " in patient.update_failure(url, image.sha256)
    stage(patient, url, image)
    starts = [exchange.start for exchange in server.exchanges("/os")]
    assert starts[0] == 0
    for stop, start in zip(stops, starts[1:], strict=True):
        assert stop - CHUNK <= start <= stop
    assert server.body_bytes("/os") <= image.size + 2 * CHUNK


def test_another_server_has_the_rest(patient: Device, server: FaultyServer, image: Image) -> None:
    """The same image: its digest tells. The first server's ETag means nothing to the second."""
    content = image.path.read_bytes()
    cancel_most(patient, server.publish("/os", cut_first(image)), image)
    kept = noted_bytes(patient)
    stage(patient, server.publish("/mirror", lambda e: e.whole(content, 'ETag: "other"')), image)
    (only,) = server.exchanges("/mirror")
    assert only.start == kept > 0
    assert "if-range" not in only.headers


@pytest.mark.parametrize("what", ["slot", "first-block", "server", "cut-note", "deep-note"])
def test_what_does_not_fit_is_fetched_anew(
    patient: Device, server: FaultyServer, image: Image, what: str
) -> None:
    content = image.path.read_bytes()
    url = server.publish("/os", cut_first(image))
    schedule = fetch_most(patient, url, image)
    patient.machine.power_off()
    found = json.loads(note(patient).read_text())
    answers = 1
    if what == "slot":
        patient.disk.write(slot_b(patient) + 8192, b"somebody else's")
        answers = 2  # the rest, and then the whole
    elif what == "first-block":
        block = bytearray.fromhex(found["first_block"])
        block[-1] ^= 1
        note(patient).write_text(json.dumps({**found, "first_block": block.hex()}))
        answers = 2
    elif what == "server":
        # The same bytes, deployed anew: to who asks for the rest of the old ones, all of them.
        server.publish("/os", lambda e: e.all(content, 'ETag: "two"'))
    else:
        note(patient).write_text('{"slot": "slot-b"' if what == "cut-note" else "[" * 60_000)
    assert patient.machine.power_on() == "slot-a"
    expect_staged(patient, schedule, image)
    exchanges = server.exchanges("/os")[1:]
    assert len(exchanges) == answers
    assert exchanges[-1].body_bytes == image.size


def test_another_image_begins_at_its_start(
    patient: Device, server: FaultyServer, image: Image
) -> None:
    cancel_most(patient, server.publish("/os", cut_first(image)), image)
    other = patient.factory.update
    url = server.publish("/other", lambda e: e.whole(other.path.read_bytes(), ETAG))
    stage(patient, url, other)
    assert [exchange.start for exchange in server.exchanges("/other")] == [0]


Faulty = Callable[[Exchange, bytes], None]


def ignores_ranges(exchange: Exchange, content: bytes) -> None:
    exchange.all(content, "Accept-Ranges: none")


def another_range(exchange: Exchange, content: bytes) -> None:
    if exchange.start == 0:
        exchange.whole(content)
        return
    exchange.head("206 Partial Content", f"Content-Length: {len(content) - 4096}",
                  f"Content-Range: bytes 4096-{len(content) - 1}/{len(content)}")
    exchange.body(content[4096:])


def several_ranges(exchange: Exchange, content: bytes) -> None:
    if exchange.start == 0:
        exchange.whole(content)
        return
    exchange.head("206 Partial Content", "Content-Type: multipart/byteranges; boundary=x",
                  "Connection: close")
    exchange.body(b"--x\r\n\r\n" + content[exchange.start :])


def other_content(exchange: Exchange, content: bytes) -> None:
    """Knows no If-Range: the rest is that of another release, which was put in place meanwhile."""
    if exchange.start == 0:
        exchange.whole(content, 'ETag: "two"')
    else:
        exchange.whole(bytes(len(content)), 'ETag: "two"')


def another_length(exchange: Exchange, content: bytes) -> None:
    if exchange.start == 0:
        exchange.whole(content)
    else:
        exchange.whole(content + b"more")


def range_not_satisfiable(exchange: Exchange, content: bytes) -> None:
    if exchange.start == 0:
        exchange.whole(content)
    else:
        exchange.head("416 Range Not Satisfiable", "Content-Length: 0")


@pytest.mark.parametrize(
    ("rest", "more"),
    [(ignores_ranges, 0), (another_range, 1), (several_ranges, 1), (other_content, 1),
     (another_length, 1), (range_not_satisfiable, 1)],
)
def test_a_server_that_does_not_go_on_starts_anew(
    patient: Device, server: FaultyServer, image: Image, rest: Faulty, more: int
) -> None:
    """The first answer ends at 3 MiB."""
    content = image.path.read_bytes()

    def answer(exchange: Exchange) -> None:
        if exchange.number > 0:
            rest(exchange, content)
        else:
            exchange.cut(content, 3 * MIB, ETAG)

    patient.machine.configure({"download": {"retries": 2}})
    patient.restart()
    stage(patient, server.publish("/os", answer), image)
    exchanges = server.exchanges("/os")
    assert exchanges[1].start == 3 * MIB
    assert len(exchanges) == 2 + more
    assert exchanges[-1].body_bytes == image.size
