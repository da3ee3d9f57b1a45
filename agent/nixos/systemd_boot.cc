#include "agent/nixos/systemd_boot.h"

#include <algorithm>
#include <utility>

#include "agent/nixos/loader_variables.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::minutes kDeadline{1};
constexpr const char* kOneShot = "LoaderEntryOneShot";

// Releases of systemd-boot differ in whether a counter is part of the id, which it matches with
// what it is told as a pattern.
std::string OneShotName(const LoaderEntry& entry) {
  const size_t dot = entry.id.rfind('.');
  if (!entry.tries_left || entry.id.find_first_of("*?[\\") != std::string::npos) return entry.id;
  return entry.id.substr(0, dot) + "[.+]*" + entry.id.substr(dot + 1);
}

bool IsPattern(const std::string& text) { return text.find('*') != std::string::npos; }

}  // namespace

std::vector<fs::path> SystemdBoot::Partitions() const {
  // Entries are on the ESP or on XBOOTLDR; the ESP is often mounted within the latter.
  return {paths_.boot, paths_.esp, paths_.boot / "efi"};
}

Result<std::vector<LoaderEntry>> SystemdBoot::Entries() const {
  return ReadLoaderEntries(Partitions());
}

Result<LoaderConfiguration> SystemdBoot::Configuration() const {
  for (const fs::path& partition : Partitions()) {
    const fs::path file = partition / "loader/loader.conf";
    std::error_code ignored;
    if (fs::exists(file, ignored)) return ReadLoaderConfiguration(file);
  }
  return LoaderConfiguration{};
}

StartOnce SystemdBoot::Way() const {
  if (CanSetLoaderVariables(paths_)) return StartOnce::kOneShot;
  // Counters are in the names of files. An entry that was blessed has none, but NixOS leaves the
  // choice to systemd-boot only where it counts.
  const Result<LoaderConfiguration> configured = Configuration();
  const bool counts =
      configured && (!configured->preferred.empty() || IsPattern(configured->start));
  return counts ? StartOnce::kBootCounts : StartOnce::kNot;
}

Result<std::optional<LoaderEntry>> SystemdBoot::DefaultEntry() const {
  MATIC_ASSIGN(const std::vector<LoaderEntry> entries, Entries());
  MATIC_ASSIGN(const LoaderConfiguration configured, Configuration());
  const auto variable = [&](const char* name) -> Result<std::string> {
    MATIC_ASSIGN(const std::optional<std::string> value, ReadLoaderVariable(paths_, name));
    return value.value_or("");
  };
  // As systemd-boot goes on to the next where one matches no entry.
  MATIC_ASSIGN(const std::string preferred, variable("LoaderEntryPreferred"));
  MATIC_ASSIGN(const std::string chosen, variable("LoaderEntryDefault"));
  MATIC_ASSIGN(const std::string saved, variable("LoaderEntryLastBooted"));
  const auto find = [&](const std::string& value, BadEntries bad = BadEntries::kTaken) {
    return FindLoaderEntry(entries, value == "@saved" ? saved : value, bad);
  };
  const LoaderEntry* entry = find(preferred, BadEntries::kPassedBy);
  if (entry == nullptr) entry = find(configured.preferred, BadEntries::kPassedBy);
  if (entry == nullptr) entry = find(chosen);
  if (entry == nullptr) entry = find(configured.start);
  if (entry == nullptr && !entries.empty()) entry = &entries.front();
  return entry == nullptr ? std::nullopt : std::optional(*entry);
}

Result<std::optional<fs::path>> SystemdBoot::Default(std::stop_token /*stop*/) const {
  MATIC_ASSIGN(const std::optional<LoaderEntry> entry, DefaultEntry());
  return entry ? entry->system : std::nullopt;
}

Result<LoaderEntry> SystemdBoot::EntryOf(const fs::path& system) const {
  MATIC_ASSIGN(const std::vector<LoaderEntry> entries, Entries());
  const auto entry = std::ranges::find(entries, system, &LoaderEntry::system);
  if (entry != entries.end()) return *entry;
  return Fail(ErrorCode::kNotFound,
              system.filename().string() + " has no boot entry in " + paths_.boot.string() +
                  ": switch-to-configuration writes one for each generation of the profile, as "
                  "many as boot.loader.systemd-boot.configurationLimit lets it");
}

Result<> SystemdBoot::WriteOneShot(const std::string& id, std::stop_token stop) const {
  const auto written = programs_.Run(
      {.argv = {"bootctl", "set-oneshot", id}, .deadline = kDeadline}, std::move(stop));
  if (!written) return Fail(written.error());
  return {};
}

Result<> SystemdBoot::StartNext(const fs::path& system, std::stop_token stop) const {
  const StartOnce way = Way();
  if (way == StartOnce::kNot) {
    return Fail(ErrorCode::kRefused, "systemd-boot cannot start " + system.filename().string() +
                                         " once: it would have to be told by EFI variables, and " +
                                         paths_.efi_variables.string() +
                                         " has none of it, or is read-only. Boot counting "
                                         "(boot.loader.systemd-boot.bootCounting) does without");
  }
  MATIC_TRY(CheckInStore(system));
  MATIC_ASSIGN(const LoaderEntry entry, EntryOf(system));
  if (entry.tries_left == 0) {
    return Fail(ErrorCode::kRefused, "boot entry " + entry.id + " of " +
                                         system.filename().string() +
                                         " has no tries left: systemd-boot counts it as bad");
  }
  MATIC_ASSIGN(const std::optional<LoaderEntry> by_default, DefaultEntry());
  const bool is_default = by_default && by_default->system == system;
  if (is_default && !by_default->tries_left) {
    return Fail(
        AlreadyTheDefault(system, Name(),
                          "loader.conf, or the EFI variable LoaderEntryDefault that a person "
                          "set (`bootctl set-default ''` unsets it),"));
  }
  if (way == StartOnce::kBootCounts && is_default) return {};
  if (way == StartOnce::kBootCounts) {
    return Fail(ErrorCode::kRefused,
                "without EFI variables systemd-boot counts the starts of its default alone, and " +
                    system.filename().string() + " is not that");
  }
  return WriteAndRead(OneShotName(entry), std::move(stop));
}

Result<> SystemdBoot::WriteAndRead(const std::string& name, std::stop_token stop) const {
  MATIC_TRY(WriteOneShot(name, std::move(stop)));
  MATIC_ASSIGN(const std::optional<std::string> written, ReadLoaderVariable(paths_, kOneShot));
  if (written == name) return {};
  return Fail(ErrorCode::kIo, std::string("bootctl set the EFI variable ") + kOneShot + ", but " +
                                  (written ? "it is \"" + *written + "\"" : "there is none") +
                                  " and not \"" + name + "\"");
}

Result<std::optional<fs::path>> SystemdBoot::Next(std::stop_token /*stop*/) const {
  MATIC_ASSIGN(const std::optional<std::string> id, ReadLoaderVariable(paths_, kOneShot));
  if (!id) return std::nullopt;
  MATIC_ASSIGN(const std::vector<LoaderEntry> entries, Entries());
  const LoaderEntry* const entry = FindLoaderEntry(entries, *id);
  return entry == nullptr ? std::nullopt : entry->system;
}

Result<> SystemdBoot::ClearNext(std::stop_token stop) const {
  MATIC_ASSIGN(const std::optional<std::string> id, ReadLoaderVariable(paths_, kOneShot));
  if (!id) return {};
  return WriteOneShot("", std::move(stop));
}

}  // namespace matic::nixos
