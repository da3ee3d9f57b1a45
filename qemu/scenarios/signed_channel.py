"""A machine follows a signed channel by itself: forgeries, an old version and a bad release included."""

from __future__ import annotations

import shutil
from pathlib import Path

from harness import local_osctl
from harness.images import BAD_SERVICE, NEW, OLD, Image
from harness.lab import FACTORY, UNBOOTABLE, Lab, agent_config
from harness.machine import BOOT_SECONDS, patient
from harness.node import ENDED, Json, Node
from harness.verdict import expect, expect_equal

_PRODUCT = "maticos"
_ROOT_ON_DEVICE = "lib/matic/config/root.json"  # in /var
_LOOKS_EVERY_SECONDS = 10


def run(lab: Lab) -> None:
    keys = _Keys(lab.folder / "keys")
    root = keys.first_root(lab.folder / "1.root.json")
    channel = _Channel(lab, keys)
    channel.publish(lab.images.get(NEW), "thief")
    config = agent_config(
        trust={"root": f"/var/{_ROOT_ON_DEVICE}", "product": _PRODUCT, "required": True},
        channel={
            "url": channel.url,
            "interval_seconds": _LOOKS_EVERY_SECONDS,
            "jitter_seconds": 0,
        },
    )
    disk = lab.disk(
        config=config, more_state=lambda var: _copy(root, var / _ROOT_ON_DEVICE)
    )
    _, node = lab.boot_and_wait(disk, ("slot-a", "1.0"))

    _expect_refusal(lab, node, "signed by 0 of the 1 keys of root document 1")
    unsigned = node.schedule_update(lab.publish(lab.images.get(NEW)), lab.images.get(NEW).sha256)
    alone = node.wait_for_state(unsigned, ["FAILED"], patient(60))
    lab.say(f"an image without a manifest: {alone.reason}")
    lab.expect_slots(disk, slot_a=FACTORY, slot_b=UNBOOTABLE)
    expect_equal(disk.read_partition("slot-b", 0, 4096), bytes(4096), "the beginning of slot-b")

    channel.publish(lab.images.get(NEW), "release-1")
    lab.say("2.0 is released; nobody tells the machine")
    _expect_by_itself(lab, node, "2.0", "COMPLETED")
    lab.expect_running(node, "slot-b", "2.0")

    channel.publish(lab.images.get(OLD), "release-1")
    _expect_refusal(lab, node, "version 1.0 is older than 2.0, which was confirmed here")

    channel.publish_root(keys.second_root(root, lab.folder / "2.root.json"))
    channel.publish(lab.images.get(BAD_SERVICE), "release-2")
    lab.say("release-1 is replaced by release-2, which signs a bad 3.0")
    bad = _expect_by_itself(lab, node, "3.0", "ROLLED_BACK")
    lab.say(f"reason: {bad['reason']}")
    lab.expect_running(node, "slot-b", "2.0")
    before = len(node.call("schedule", "list")["schedules"])
    looks = channel.looks()
    node.poll(
        lambda: channel.looks() >= looks + 2 or None, patient(90), "two looks at the channel"
    )
    expect_equal(len(node.call("schedule", "list")["schedules"]), before, "schedules after looks")
    lab.say("3.0 is not tried again")


def _copy(source: Path, target: Path) -> None:
    shutil.copy(source, target)


class _Keys:
    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        for name in ("root-1", "root-2", "release-1", "release-2", "thief"):
            local_osctl.run("key", "generate", "--out", folder / name)

    def private(self, name: str) -> Path:
        return self._folder / name

    def public(self, name: str) -> Path:
        return self._folder / f"{name}.pub"

    def first_root(self, out: Path) -> Path:
        local_osctl.run(
            *("root", "create", "--root-key", self.public("root-1")),
            *("--root-key", self.public("root-2"), "--root-threshold", "2"),
            *("--manifest-key", self.public("release-1"), "--manifest-threshold", "1"),
            *("--expires", "365d", "--out", out),
        )
        return self._signed_root(out)

    def second_root(self, first: Path, out: Path) -> Path:
        """The release key is another one."""
        local_osctl.run(
            *("root", "create", "--after", first, "--manifest-key", self.public("release-2")),
            *("--expires", "365d", "--out", out),
        )
        return self._signed_root(out)

    def _signed_root(self, document: Path) -> Path:
        for name in ("root-1", "root-2"):
            local_osctl.run("root", "sign", "--key", self.private(name), document)
        return document


class _Channel:
    def __init__(self, lab: Lab, keys: _Keys) -> None:
        self._lab = lab
        self._keys = keys
        self._releases = 0
        self.url = ""

    def publish(self, image: Image, key: str) -> None:
        """A release: the image, then its signed description under the channel's name."""
        self._lab.publish(image)
        self._releases += 1
        folder = self._lab.folder / f"release-{self._releases}"
        folder.mkdir()
        manifest = folder / "stable.json"
        local_osctl.run(
            *("manifest", "create", "--image", image.path, "--product", _PRODUCT),
            *("--channel", "stable", "--expires", "30d", "--out", manifest),
        )
        local_osctl.run("manifest", "sign", "--key", self._keys.private(key), manifest)
        self._serve(Path(f"{manifest}.sig"))
        self.url = self._serve(manifest)

    def publish_root(self, document: Path) -> None:
        self._serve(Path(f"{document}.sig"))
        self._serve(document)

    def looks(self) -> int:
        return len(self._lab.server.requests("/stable.json"))

    def _serve(self, file: Path) -> str:
        return self._lab.server.publish(f"/{file.name}", file)


def _expect_refusal(lab: Lab, node: Node, why: str) -> None:
    """An update from the channel that somebody asks for fails, and says so."""
    schedule = node.call("schedule", "update")["schedule"]["id"]
    failed = node.wait_for_state(schedule, ["FAILED"], patient(60))
    expect(why in failed.reason, f"the reason does not say '{why}': {failed.reason}")
    lab.say(f"refused: {failed.reason}")


def _expect_by_itself(lab: Lab, node: Node, version: str, state: str) -> Json:
    def ended() -> Json | None:
        for schedule in node.call("schedule", "list")["schedules"]:
            by_itself = schedule["requested_by"].startswith("channel ")
            is_over = schedule["state"].removeprefix("SCHEDULE_STATE_") in ENDED
            if by_itself and is_over and schedule["version"] == version:
                found: Json = schedule
                return found
        return None

    schedule = node.poll(ended, 3 * BOOT_SECONDS, f"an end of the update to {version}")
    expect_equal(schedule["state"], f"SCHEDULE_STATE_{state}", f"the update to {version}")
    lab.say(f"{schedule['requested_by']}: {version} {state}")
    return schedule
