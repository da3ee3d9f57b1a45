#include "osctl/fleet_controller.h"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace matic::osctl {
namespace {

namespace fs = std::filesystem;

fs::path StateFolder() {
  if (const char* named = std::getenv("MATIC_FLEET_STATE"); named != nullptr && *named != '\0') {
    return named;
  }
  if (::geteuid() == 0) return "/var/lib/matic/fleet";
  const char* state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && *state == '/') return fs::path(state) / "matic/fleet";
  const char* home = std::getenv("HOME");
  return fs::path(home == nullptr ? "." : home) / ".local/state/matic/fleet";
}

}  // namespace

Result<std::unique_ptr<FleetController>> FleetController::Open(const Session& session,
                                                               const FleetOptions& options) {
  MATIC_ASSIGN(fleet::Inventory inventory, OpenFleet(options));
  return std::unique_ptr<FleetController>(
      new FleetController(std::move(inventory), session.options.pki_dir));
}

Result<fs::path> FleetController::JournalFile() const {
  const fs::path folder = StateFolder();
  MATIC_TRY(fleet::MakeJournalFolder(folder));
  return folder / (inventory.name + ".journal");
}

Result<std::unique_ptr<fleet::Journal>> FleetController::OpenJournal() const {
  MATIC_ASSIGN(const fs::path file, JournalFile());
  return fleet::Journal::Open(file);
}

Result<std::string> FleetController::UnfinishedRun(fleet::Journal& journal) const {
  MATIC_ASSIGN(std::optional<std::string> run, journal.Unfinished());
  if (run) return *std::move(run);
  return Fail(ErrorCode::kNotFound,
              "no run of fleet " + inventory.name + " is under way from this machine");
}

std::string FleetController::Holder() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  const char* sudo = std::getenv("SUDO_USER");
  const passwd* user = ::getpwuid(::geteuid());
  std::string name = sudo != nullptr && *sudo != '\0' ? sudo
                     : user != nullptr                ? user->pw_name
                                                      : std::to_string(::geteuid());
  return name + "@" + host.data();
}

Result<fleet::RunState> StateOf(fleet::Journal& journal, const fleet::RunRecord& run) {
  fleet::RunState state;
  int64_t last = 0;
  while (true) {
    MATIC_ASSIGN(const std::vector<fleet::StoredEvent> events, journal.EventsAfter(run.id, last));
    if (events.empty()) return state;
    for (const fleet::StoredEvent& stored : events) {
      fleet::Apply(run.plan, state, stored.event);
      last = stored.number;
    }
  }
}

}  // namespace matic::osctl
