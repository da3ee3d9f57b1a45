#include "agent/nixos/store_path.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "lib/base/unique_fd.h"
#include "lib/base/utf8.h"
#include "lib/os/durable_file.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::minutes kDeadline{5};
constexpr std::string_view kNixBase32 = "0123456789abcdfghijklmnpqrsvwxyz";
constexpr std::string_view kNameCharacters =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+-._?=";
constexpr size_t kHash = 32;
constexpr size_t kMaxName = 211;

bool IsStoreName(std::string_view name) {
  if (name.size() < kHash + 2 || name[kHash] != '-') return false;
  const std::string_view rest = name.substr(kHash + 1);
  return name.substr(0, kHash).find_first_not_of(kNixBase32) == std::string_view::npos &&
         rest.size() <= kMaxName && rest[0] != '.' &&
         rest.find_first_not_of(kNameCharacters) == std::string_view::npos &&
         !rest.ends_with(".drv");
}

Result<> CheckValid(const Programs& programs, const fs::path& path, std::stop_token stop) {
  const Result<std::string> valid = programs.Run(
      {.argv = {"nix-store", "--check-validity", path.string()}, .deadline = kDeadline},
      std::move(stop));
  if (valid) return {};
  // A daemon that does not answer ends it the same way.
  if (valid.error().message.find("is not valid") == std::string::npos) {
    return Fail(valid.error().Context("look for " + path.string()));
  }
  return Fail(ErrorCode::kNotFound,
              path.string() +
                  " is not in the store of this machine: it was never copied here (nix copy --to "
                  "ssh://HOST " +
                  path.string() + "), or a garbage collection took it");
}

Result<> PrepareLink(const fs::path& link) {
  std::error_code error;
  fs::create_directories(link.parent_path(), error);
  if (error) return Fail(OsError("make " + link.parent_path().string(), error.value()));
  const fs::file_type type = fs::symlink_status(link, error).type();
  if (type == fs::file_type::not_found) return {};
  if (error) return Fail(OsError(link.string(), error.value()));
  if (type == fs::file_type::symlink) return {};
  return Fail(ErrorCode::kRefused, link.string() + " is no symbolic link; move it away");
}

Result<> SyncFolder(const fs::path& folder) {
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0) return Fail(OsError("sync " + folder.string(), errno));
  return {};
}

}  // namespace

Result<fs::path> ParseStorePath(std::string_view text, const fs::path& store) {
  const std::string prefix = store.string() + "/";
  if (text.starts_with(prefix) && IsStoreName(text.substr(prefix.size()))) return fs::path(text);
  return Fail(ErrorCode::kInvalidArgument,
              "\"" + ToUtf8(text, 300) + "\" is no store path; it is written " + prefix +
                  "HASH-NAME, as nix build --print-out-paths prints it");
}

Result<> KeepInStore(const Programs& programs, const fs::path& path, const fs::path& link,
                     std::stop_token stop) {
  MATIC_TRY(CheckValid(programs, path, stop));
  // Nix knows what it built for good, and leaves its content in the page cache.
  MATIC_TRY(SyncFileSystem(path.parent_path()));
  MATIC_TRY(PrepareLink(link));
  const Result<std::string> added =
      programs.Run({.argv = {"nix-store", "--add-root", link.string(), "--indirect", "--realise",
                             path.string(), "--option", "substitute", "false"},
                    .deadline = kDeadline},
                   stop);
  if (!added) return Fail(added.error().Context("keep " + path.string() + " in the store"));
  std::error_code error;
  const fs::path kept = fs::read_symlink(link, error);
  if (error || kept != path) {
    return Fail(ErrorCode::kIo,
                link.string() + " was to lead to " + path.string() + ", but does not");
  }
  return SyncFolder(link.parent_path());
}

Result<System> AdoptSystem(const Programs& programs, const fs::path& path, const fs::path& link,
                           std::stop_token stop) {
  MATIC_TRY(CheckValid(programs, path, stop));
  MATIC_ASSIGN(System system, ReadSystem(path));
  MATIC_TRY(CheckActivatable(system));
  MATIC_TRY(KeepInStore(programs, system.path, link, std::move(stop)));
  return system;
}

}  // namespace matic::nixos
