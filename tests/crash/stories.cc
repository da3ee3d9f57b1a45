#include "tests/crash/stories.h"

#include <algorithm>

#include "tests/crash/plays.h"

namespace matic::crash {
namespace {

constexpr boot::SlotAttributes kRuns = {2, 0, true};
constexpr boot::SlotAttributes kWayBack = {1, 0, true};

// slot-a runs 1.0, slot-b is empty.
Factory Fresh(uint32_t sector_bytes = 512) { return {sector_bytes, {"1.0", kRuns}, {}}; }

// Both have a system that was confirmed.
Factory WithWayBack() { return {512, {"1.0", kRuns}, {"2.0", kWayBack}}; }

void Invert(FactoryDisk& disk, uint64_t at) {
  for (uint64_t i = at; i < at + 16; ++i) disk.content[i] = static_cast<uint8_t>(~disk.content[i]);
}

Story Repair(const std::string& name, const std::string& what,
             std::function<void(FactoryDisk&)> damage) {
  return {.name = "repair-" + name,
          .what = "an update on a disk " + what,
          .factory = Fresh(),
          .damage = std::move(damage),
          .play = Updates({"2.0"}),
          .ends_with = "2.0"};
}

// The selector, which mends what it finds at a start, does not see it.
Story AgentRepair(const std::string& name, const std::string& what,
                  std::function<uint64_t(const Layout&)> where) {
  return {.name = "repair-running-" + name,
          .what = "an update on a disk whose " + what + " went bad while it ran",
          .factory = Fresh(),
          .play = [where = std::move(where)](Machine& machine) -> Result<> {
            MATIC_TRY(machine.Run());
            MATIC_TRY(machine.Damage(where(machine.layout())));
            return Update(machine, "2.0");
          },
          .ends_with = "2.0"};
}

std::vector<Story> Repairs() {
  return {
      Repair("primary-header", "whose primary table header is damaged",
             [](FactoryDisk& disk) { Invert(disk, 512 + 16); }),
      Repair("primary-entries", "whose primary table entries are damaged",
             [](FactoryDisk& disk) { Invert(disk, 1024); }),
      Repair("backup-header", "whose backup table header is damaged",
             [](FactoryDisk& disk) { Invert(disk, disk.content.size() - 512 + 16); }),
      Repair("backup-entries", "whose backup table entries are damaged",
             [](FactoryDisk& disk) { Invert(disk, disk.content.size() - 33 * 512); }),
      Repair("mbr", "that has lost its protective MBR",
             [](FactoryDisk& disk) { std::fill_n(disk.content.begin(), 512, uint8_t{0}); }),
      Repair("grown", "that has grown, with its backup table in the wrong place",
             [](FactoryDisk& disk) { disk.content.resize(disk.content.size() + 64 * 1024); }),
      AgentRepair("primary", "primary table", [](const Layout&) { return 1024; }),
      AgentRepair("backup", "backup table",
                  [](const Layout& layout) { return layout.disk_bytes - 1; }),
  };
}

std::vector<Story> Make() {
  std::vector<Story> stories = {
      {.name = "update",
       .what = "stage, activate, boot, trial, confirm",
       .factory = Fresh(),
       .play = Updates({"2.0"}),
       .ends_with = "2.0"},
      {.name = "unhealthy",
       .what = "a health check fails on trial, and the machine goes back",
       .factory = Fresh(),
       .play = Updates({"2.0-bad"}),
       .ends_with = "1.0"},
      {.name = "rollback",
       .what = "an update, and back by hand",
       .factory = Fresh(),
       .play = UpdateAndRollBack,
       .ends_with = "1.0"},
      {.name = "two-updates",
       .what = "two updates in a row",
       .factory = Fresh(),
       .play = Updates({"2.0", "3.0"}),
       .ends_with = "3.0"},
      {.name = "panics",
       .what = "a kernel that panics, until the selector has taken all its tries",
       .factory = Fresh(),
       .play = Updates({"panics"}),
       .ends_with = "1.0"},
      {.name = "cancel-download",
       .what = "cancelled while it was fetched",
       .factory = Fresh(),
       .play = CancelDownload,
       .ends_with = "1.0"},
      {.name = "cancel-activated",
       .what = "cancelled when it was activated, before the reboot",
       .factory = Fresh(),
       .play = CancelActivated,
       .ends_with = "1.0"},
      {.name = "cancel-staged",
       .what = "cancelled when it was staged",
       .factory = Fresh(),
       .play = CancelStaged,
       .ends_with = "1.0"},
      {.name = "cancel-trial",
       .what = "cancelled on trial",
       .factory = Fresh(),
       .play = CancelOnTrial,
       .ends_with = "1.0"},
      {.name = "over-way-back",
       .what = "an update over a system that was confirmed once",
       .factory = WithWayBack(),
       .play = Updates({"3.0"}),
       .ends_with = "3.0"},
      {.name = "into-slot-a",
       .what = "slot-b runs, and slot-a is updated",
       .factory = {512, {"1.0", kWayBack}, {"2.0", kRuns}},
       .play = Updates({"3.0"}),
       .ends_with = "3.0"},
      {.name = "activate-later",
       .what = "staged, and activated when somebody asks for it",
       .factory = Fresh(),
       .play = ActivateStaged,
       .ends_with = "2.0"},
      {.name = "rollback-trial",
       .what = "back by hand while it is on trial",
       .factory = Fresh(),
       .play = RollBackOnTrial,
       .ends_with = "1.0"},
      {.name = "reboot-trial",
       .what = "an operator's reboot on trial, which gives the try back",
       .factory = Fresh(),
       .play = RebootOnTrial,
       .ends_with = "2.0"},
      {.name = "unhealthy-stays",
       .what = "a health check fails, and nobody wants to go back",
       .factory = Fresh(),
       .play = UnhealthyStays,
       .ends_with = "2.0-bad"},
      {.name = "wrong-digest",
       .what = "an image with another digest than was asked for, then the right one",
       .factory = Fresh(),
       .play = WrongDigest,
       .ends_with = "3.0"},
      {.name = "cut-download",
       .what = "a download that breaks off, and the next update, which goes on from there",
       .factory = Fresh(),
       .play = CutDownload,
       .ends_with = "2.0"},
      {.name = "bad-then-good",
       .what = "an update, one that fails, and one over what is left of it",
       .factory = Fresh(),
       .play = Updates({"2.0", "2.0-bad", "4.0"}),
       .ends_with = "4.0"},
      {.name = "no-flush",
       .what = "an update where the firmware's flush does nothing",
       .factory = Fresh(),
       .machine = {.firmware_flushes = false},
       .play = Updates({"2.0"}),
       .ends_with = "2.0"},
      {.name = "panics-no-flush",
       .what = "a kernel that panics where the firmware's flush does nothing",
       .factory = Fresh(),
       .machine = {.firmware_flushes = false},
       .play = Updates({"panics"}),
       .ends_with = "1.0"},
      {.name = "firmware-mends",
       .what = "a backup table torn on trial, which the firmware restores before the selector",
       .factory = Fresh(),
       .machine = {.firmware_mends = true},
       .play = BackupTornOnTrial,
       .ends_with = "2.0"},
      {.name = "sectors-4096",
       .what = "an update on a disk with sectors of 4096 bytes",
       .factory = Fresh(4096),
       .play = Updates({"2.0"}),
       .ends_with = "2.0"},
      {.name = "signed-updates",
       .what = "two updates that are signed, under a root document that is led on to",
       .factory = Fresh(),
       .machine = {.trusts_signatures = true},
       .play = Updates({"2.0", "3.0"}),
       .ends_with = "3.0"},
      {.name = "signed-unhealthy",
       .what = "one that is signed, and fails its health check",
       .factory = Fresh(),
       .machine = {.trusts_signatures = true},
       .play = Updates({"2.0-bad"}),
       .ends_with = "1.0"},
      {.name = "delta-update",
       .what = "an image whose root is copied from what runs, and whose kernel is fetched",
       .factory = {512, {"1.1", kRuns}, {}},
       .play = UpdateFetching("2.1", kSharedRootBytes - 1),
       .ends_with = "2.1"},
      {.name = "delta-in-place",
       .what = "an image whose root is in the other slot already, and stays there",
       .factory = {512, {"1.0", kRuns}, {"1.1", kWayBack}},
       .play = UpdateFetching("2.1", kSharedRootBytes - 1),
       .ends_with = "2.1"},
      {.name = "delta-unchanged",
       .what = "the image that the other slot holds: none of it is written",
       .factory = {512, {"1.0", kRuns}, {"2.1", kWayBack}},
       .play = UpdateFetching("2.1", SystemOf("2.1").index.size()),
       .ends_with = "2.1"},
  };
  std::ranges::move(Repairs(), std::back_inserter(stories));
  return stories;
}

}  // namespace

const std::vector<Story>& Stories() {
  static const std::vector<Story> stories = Make();
  return stories;
}

const Story* FindStory(const std::string& name) {
  const auto found = std::ranges::find(Stories(), name, &Story::name);
  return found == Stories().end() ? nullptr : &*found;
}

}  // namespace matic::crash
