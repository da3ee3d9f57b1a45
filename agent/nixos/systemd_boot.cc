#include "agent/nixos/systemd_boot.h"

#include <fnmatch.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "agent/nixos/loader_variables.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::minutes kDeadline{1};
constexpr const char* kOneShot = "LoaderEntryOneShot";

enum class BadEntries { kTaken, kPassedBy };

const LoaderEntry* Match(const std::vector<LoaderEntry>& entries, std::string pattern,
                         BadEntries bad = BadEntries::kTaken) {
  if (pattern.empty()) return nullptr;
  std::ranges::transform(pattern, pattern.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto entry = std::ranges::find_if(entries, [&](const LoaderEntry& candidate) {
    return ::fnmatch(pattern.c_str(), candidate.id.c_str(), 0) == 0 &&
           !(bad == BadEntries::kPassedBy && candidate.tries_left == 0);
  });
  return entry == entries.end() ? nullptr : &*entry;
}

}  // namespace

Result<std::vector<LoaderEntry>> SystemdBoot::Entries() const {
  return ReadLoaderEntries(paths_.boot);
}

Result<std::optional<fs::path>> SystemdBoot::Default(std::stop_token /*stop*/) const {
  MATIC_ASSIGN(const std::vector<LoaderEntry> entries, Entries());
  std::error_code ignored;
  const fs::path beside = paths_.boot / "loader/loader.conf";
  MATIC_ASSIGN(const LoaderConfiguration configured,
               ReadLoaderConfiguration(
                   fs::exists(beside, ignored) ? beside : paths_.esp / "loader/loader.conf"));
  const auto variable = [&](const char* name) -> Result<std::string> {
    MATIC_ASSIGN(const std::optional<std::string> value, ReadLoaderVariable(paths_, name));
    return value.value_or("");
  };
  // As systemd-boot goes on to the next where one matches no entry.
  MATIC_ASSIGN(const std::string preferred, variable("LoaderEntryPreferred"));
  MATIC_ASSIGN(const std::string chosen, variable("LoaderEntryDefault"));
  MATIC_ASSIGN(const std::string saved, variable("LoaderEntryLastBooted"));
  const auto name = [&](const std::string& value) { return value == "@saved" ? saved : value; };
  const LoaderEntry* entry = Match(entries, name(preferred), BadEntries::kPassedBy);
  if (entry == nullptr) {
    entry = Match(entries, name(configured.preferred), BadEntries::kPassedBy);
  }
  if (entry == nullptr) entry = Match(entries, name(chosen));
  if (entry == nullptr) entry = Match(entries, name(configured.start));
  if (entry == nullptr && !entries.empty()) entry = &entries.front();
  return entry == nullptr ? std::nullopt : entry->system;
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
  MATIC_ASSIGN(const LoaderEntry entry, EntryOf(system));
  if (entry.tries_left == 0) {
    return Fail(ErrorCode::kRefused, "boot entry " + entry.id + " of " +
                                         system.filename().string() +
                                         " has no tries left: systemd-boot counts it as bad");
  }
  MATIC_TRY(WriteOneShot(entry.id, std::move(stop)));
  MATIC_ASSIGN(const std::optional<std::string> written, ReadLoaderVariable(paths_, kOneShot));
  if (written == entry.id) return {};
  return Fail(ErrorCode::kIo, std::string("bootctl set the EFI variable ") + kOneShot + ", but " +
                                  (written ? "it is \"" + *written + "\"" : "there is none") +
                                  " and not \"" + entry.id + "\"");
}

Result<std::optional<fs::path>> SystemdBoot::Next(std::stop_token /*stop*/) const {
  MATIC_ASSIGN(const std::optional<std::string> id, ReadLoaderVariable(paths_, kOneShot));
  if (!id) return std::nullopt;
  MATIC_ASSIGN(const std::vector<LoaderEntry> entries, Entries());
  const LoaderEntry* const entry = Match(entries, *id);
  return entry == nullptr ? std::nullopt : entry->system;
}

Result<> SystemdBoot::ClearNext(std::stop_token stop) const {
  MATIC_ASSIGN(const std::optional<std::string> id, ReadLoaderVariable(paths_, kOneShot));
  if (!id) return {};
  return WriteOneShot("", std::move(stop));
}

}  // namespace matic::nixos
