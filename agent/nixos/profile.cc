#include "agent/nixos/profile.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <string_view>
#include <utility>

#include "lib/base/unique_fd.h"
#include "lib/os/durable_file.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::minutes kDeadline{5};
constexpr size_t kMaxEntries = 10000;

// "system-12-link" of the profile "system" is 12.
std::optional<uint64_t> NumberIn(std::string_view name, const std::string& profile) {
  constexpr std::string_view kSuffix = "-link";
  const std::string prefix = profile + "-";
  if (!name.starts_with(prefix) || !name.ends_with(kSuffix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  if (name.size() <= kSuffix.size()) return std::nullopt;
  name.remove_suffix(kSuffix.size());
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return number;
}

// Nothing for what is no link.
std::optional<Generation> ReadGeneration(const fs::path& link, uint64_t number) {
  struct stat status {};
  std::error_code error;
  const fs::path target = fs::read_symlink(link, error);
  if (error || ::lstat(link.c_str(), &status) != 0) return std::nullopt;
  Generation generation{.number = number, .system = link.parent_path() / target};
  generation.created = WallTime(std::chrono::seconds(status.st_mtim.tv_sec));
  generation.present = fs::is_directory(link, error);
  return generation;
}

Result<> SyncFolder(const fs::path& folder) {
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0) return Fail(OsError("sync " + folder.string(), errno));
  return {};
}

}  // namespace

Profile::Profile(const Programs& programs, fs::path link)
    : programs_(programs), link_(std::move(link)) {}

Result<std::optional<uint64_t>> Profile::CurrentNumber() const {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(link_, error);
  if (status.type() == fs::file_type::not_found) return std::nullopt;
  if (error) return Fail(OsError("profile " + link_.string(), error.value()));
  if (status.type() != fs::file_type::symlink) {
    return Fail(ErrorCode::kRefused,
                "profile " + link_.string() +
                    " is no symbolic link to a generation; move it away and set the profile anew "
                    "with nix-env --profile PROFILE --set SYSTEM");
  }
  const fs::path target = fs::read_symlink(link_, error);
  if (error) return Fail(OsError("profile " + link_.string(), error.value()));
  const bool beside = (link_.parent_path() / target).parent_path() == link_.parent_path();
  const auto number = NumberIn(target.filename().native(), link_.filename());
  if (!beside || !number) {
    return Fail(ErrorCode::kCorrupt, "profile " + link_.string() + " leads to " + target.string() +
                                         ", which is none of its generations");
  }
  return number;
}

Result<std::vector<Generation>> Profile::List() const {
  MATIC_ASSIGN(const std::optional<uint64_t> current, CurrentNumber());
  std::vector<Generation> generations;
  std::error_code error;
  size_t entries = 0;
  fs::directory_iterator entry(link_.parent_path(), error);
  if (error == std::errc::no_such_file_or_directory) return generations;
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (++entries > kMaxEntries) {
      return Fail(ErrorCode::kInvalidArgument, "profile " + link_.string() + ": more than " +
                                                   std::to_string(kMaxEntries) +
                                                   " files lie beside it");
    }
    const auto number = NumberIn(entry->path().filename().native(), link_.filename());
    if (!number) continue;
    std::optional<Generation> generation = ReadGeneration(entry->path(), *number);
    if (!generation) continue;
    generation->current = current == number;
    generations.push_back(*std::move(generation));
  }
  if (error) return Fail(OsError("generations of " + link_.string(), error.value()));
  std::ranges::sort(generations, {}, &Generation::number);
  if (current && std::ranges::none_of(generations, &Generation::current)) {
    return Fail(ErrorCode::kCorrupt, "profile " + link_.string() + " names generation " +
                                         std::to_string(*current) + ", which is gone");
  }
  return generations;
}

Result<std::optional<Generation>> Profile::Current() const {
  MATIC_ASSIGN(const std::vector<Generation> generations, List());
  const auto current = std::ranges::find_if(generations, &Generation::current);
  if (current == generations.end()) return std::nullopt;
  return *current;
}

Result<uint64_t> Profile::NumberOf(const fs::path& system) const {
  MATIC_ASSIGN(const std::vector<Generation> generations, List());
  const auto current = std::ranges::find_if(generations, &Generation::current);
  if (current != generations.end() && current->system == system) return current->number;
  if (generations.empty()) return uint64_t{1};
  const Generation& newest = generations.back();
  return newest.system == system ? newest.number : newest.number + 1;
}

Result<Generation> Profile::Set(const fs::path& system, std::stop_token stop) const {
  std::error_code ignored;
  if (!fs::is_directory(system, ignored)) {
    return Fail(ErrorCode::kNotFound,
                "system " + system.string() + " is not in the store (any more)");
  }
  MATIC_ASSIGN(const std::optional<Generation> current, Current());
  if (!current || current->system != system) {
    MATIC_TRY(Change(system, {"--set", system.string()}, std::move(stop)));
  }
  return ReadBack(system);
}

Result<Generation> Profile::SwitchTo(uint64_t number, std::stop_token stop) const {
  const std::string name = "generation " + std::to_string(number) + " of " + link_.string();
  MATIC_ASSIGN(const std::vector<Generation> generations, List());
  const auto wanted = std::ranges::find(generations, number, &Generation::number);
  if (wanted == generations.end()) return Fail(ErrorCode::kNotFound, name + " does not exist");
  if (!wanted->present) {
    return Fail(ErrorCode::kNotFound, name + " has lost its system, " + wanted->system.string() +
                                          ": the store does not hold it any more");
  }
  if (!wanted->current) {
    MATIC_TRY(
        Change(wanted->system, {"--switch-generation", std::to_string(number)}, std::move(stop)));
  }
  return ReadBack(wanted->system);
}

Result<> Profile::Change(const fs::path& system, std::vector<std::string> arguments,
                         std::stop_token stop) const {
  // Nix leaves what it built in the page cache.
  MATIC_TRY(SyncFileSystem(system));
  std::vector<std::string> argv = {"nix-env", "--profile", link_.string()};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  const Result<std::string> changed =
      programs_.Run({.argv = std::move(argv), .deadline = kDeadline}, std::move(stop));
  if (!changed) return Fail(changed.error().Context("change profile " + link_.string()));
  return {};
}

Result<Generation> Profile::ReadBack(const fs::path& system) const {
  MATIC_TRY(SyncFolder(link_.parent_path()));
  MATIC_ASSIGN(const std::optional<Generation> current, Current());
  if (!current || current->system != system) {
    return Fail(ErrorCode::kIo, "profile " + link_.string() + " was changed, but names " +
                                    (current ? current->system.string() : "nothing") + " and not " +
                                    system.string());
  }
  return *current;
}

}  // namespace matic::nixos
