#include "lib/image/root_contents.h"

#include <array>
#include <optional>
#include <sstream>
#include <string_view>
#include <vector>

#include "lib/image/image_reader.h"
#include "lib/image/tool.h"
#include "lib/image/verity.h"
#include "lib/os/durable_file.h"
#include "lib/os/os_release.h"

namespace matic::image {
namespace {

namespace fs = std::filesystem;

constexpr Tool kUnsquashfs = {"unsquashfs", "squashfs-tools", std::chrono::minutes(10)};
constexpr std::string_view kAgent = "usr/bin/matic-agent";
constexpr std::string_view kOsRelease = "usr/lib/os-release";
constexpr std::string_view kUnitFolder = "usr/lib/systemd/system";
// In the order of systemd.unit(5): what is in the first hides the same name in the second.
constexpr std::array<std::string_view, 2> kUnitFolders = {"etc/systemd/system", kUnitFolder};
constexpr std::string_view kAgentUnit = "matic-agent.service";
constexpr std::string_view kDeadlineUnit = "matic-deadline.service";
constexpr size_t kOsReleaseLimit = 64 * 1024;

bool IsThere(const fs::path& path) {
  std::error_code error;
  return fs::symlink_status(path, error).type() != fs::file_type::not_found && !error;
}

tl::unexpected<Error> Lacks(const fs::path& root, std::string_view what, std::string_view why) {
  return Fail(ErrorCode::kInvalidArgument,
              root.string() + " has no " + std::string(what) + ": " + std::string(why));
}

bool IsMasked(const fs::path& root, std::string_view unit) {
  std::error_code error;
  const fs::path path = root / kUnitFolders[0] / unit;
  return fs::is_symlink(path, error) && fs::read_symlink(path, error) == "/dev/null";
}

// Whether a folder like "sysinit.target.wants" of `folder` names the unit.
bool IsWantedIn(const fs::path& folder, std::string_view unit) {
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string kind = entry->path().extension().string();
    if ((kind == ".wants" || kind == ".requires") && IsThere(entry->path() / unit)) return true;
  }
  return false;
}

Result<> CheckUnit(const fs::path& root, std::string_view unit, std::string_view why) {
  const std::string path = std::string(kUnitFolder) + "/" + std::string(unit);
  if (!IsThere(root / path)) return Lacks(root, path, why);
  if (IsMasked(root, unit)) {
    return Fail(ErrorCode::kInvalidArgument,
                root.string() + ": " + std::string(unit) + " is masked: " + std::string(why));
  }
  for (std::string_view folder : kUnitFolders) {
    if (IsWantedIn(root / folder, unit)) return {};
  }
  return Fail(ErrorCode::kInvalidArgument,
              root.string() + ": " + std::string(unit) + " is not enabled (systemctl --root=" +
                  root.string() + " enable " + std::string(unit) + "): " + std::string(why));
}

// The agent starts nothing that others could have changed.
Result<> CheckOwners(const fs::path& root) {
  std::error_code error;
  const fs::perms mode = fs::status(root, error).permissions();
  if (error) return Fail(OsError("the root " + root.string(), error.value()));
  if ((mode & (fs::perms::group_write | fs::perms::others_write)) == fs::perms::none) return {};
  return Fail(ErrorCode::kInvalidArgument,
              root.string() + " can be changed by others than root (chmod go-w " + root.string() +
                  "): the agent would not start in it");
}

Result<RootContents> CheckTree(const fs::path& root) {
  MATIC_TRY(CheckOwners(root));
  if (!IsThere(root / kAgent)) {
    return Lacks(root, kAgent, "a system made from it could never be updated again");
  }
  MATIC_TRY(
      CheckUnit(root, kAgentUnit, "nothing would start the agent, and no update be confirmed"));
  MATIC_TRY(
      CheckUnit(root, kDeadlineUnit, "a system that hangs on trial would not come back by itself"));
  auto text = ReadFile(root / kOsRelease, kOsReleaseLimit);
  if (!text) {
    return Lacks(root, kOsRelease, "it says which version this is (" + text.error().message + ")");
  }
  RootContents contents{std::move(*text), ""};
  contents.version = Lookup(ParseOsRelease(contents.os_release), "IMAGE_VERSION");
  if (contents.version.empty()) {
    return Lacks(root, "IMAGE_VERSION= in " + std::string(kOsRelease),
                 "it is the version that a node reports");
  }
  return contents;
}

}  // namespace

Result<RootContents> CheckRoot(const fs::path& root) {
  std::error_code error;
  if (!fs::is_directory(root, error)) {
    return Fail(ErrorCode::kNotFound, "the root " + root.string() + " is no folder");
  }
  return CheckTree(root);
}

Result<RootContents> CheckSquashfsRoot(ProcessRunner& runner, const fs::path& squashfs,
                                       const fs::path& scratch) {
  std::vector<std::string> arguments = {"-no-progress",   "-no-xattrs",
                                        "-quiet",         "-dest",
                                        scratch.string(), fs::absolute(squashfs).string()};
  for (std::string_view wanted : {kAgent, kOsRelease, kUnitFolders[0], kUnitFolders[1]}) {
    arguments.emplace_back(wanted);
  }
  MATIC_TRY(RunTool(runner, kUnsquashfs, arguments));
  Result<RootContents> contents = CheckTree(scratch);
  if (contents) return contents;
  // The message is about the squashfs, not about where it was unpacked to be looked at.
  Error error = std::move(contents).error();
  for (size_t at; (at = error.message.find(scratch.string())) != std::string::npos;) {
    error.message.replace(at, scratch.string().size(), squashfs.string());
  }
  return Fail(std::move(error));
}

Result<> CheckCommandLine(const std::string& command_line) {
  if (command_line.find('\n') != std::string::npos ||
      command_line.find('\0') != std::string::npos) {
    return Fail(ErrorCode::kInvalidArgument, "the command line must be one line");
  }
  std::istringstream words(command_line);
  std::optional<std::string> panic;
  for (std::string word; words >> word;) {
    if (word.starts_with("panic=")) panic = word.substr(6);
    for (const std::string_view added : {kHeadParameter, kVerityParameter}) {
      if (!word.starts_with(added)) continue;
      return Fail(ErrorCode::kInvalidArgument, "the command line names " + std::string(added) +
                                                   " already; it is added when packing");
    }
  }
  if (!panic || panic->empty() || *panic == "0") {
    return Fail(ErrorCode::kInvalidArgument,
                "the command line has no panic=SECONDS (panic=10, say): a kernel that panics "
                "would stand still for ever instead of going back to the other slot");
  }
  return {};
}

}  // namespace matic::image
