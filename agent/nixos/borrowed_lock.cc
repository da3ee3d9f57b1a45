#include "agent/nixos/borrowed_lock.h"

#include <chrono>
#include <string>

#include "agent/nixos/tree_owner.h"
#include "agent/nixos/work_tree.h"
#include "lib/os/durable_file.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxNote = 4096;  // of a path
constexpr const char* kLockFile = "flake.lock";
constexpr std::chrono::minutes kDeadline{1};

}  // namespace

BorrowedLock::BorrowedLock(const NixosOptions& options, ProcessRunner& processes)
    : options_(options),
      processes_(processes),
      note_(options.state_dir / "nixos" / "borrowed-lock") {}

Result<> BorrowedLock::Borrow(const fs::path& folder) const {
  MATIC_TRY(MakeFolderDurably(note_.parent_path()));
  return WriteFileDurably(note_, folder.string() + "\n");
}

Result<std::optional<fs::path>> BorrowedLock::Folder() const {
  const Result<std::string> note = ReadFile(note_, kMaxNote);
  if (!note && note.error().code == ErrorCode::kNotFound) return std::nullopt;
  if (!note) return Fail(note.error());
  // One that is damaged was never written by Borrow, which writes it whole.
  if (!note->starts_with('/') || !note->ends_with('\n')) {
    MATIC_TRY(SetAside(note_));
    return std::nullopt;
  }
  return fs::path(note->substr(0, note->size() - 1));
}

Result<> BorrowedLock::Forget() const {
  std::error_code error;
  fs::remove(note_, error);
  if (error) return Fail(OsError("remove " + note_.string(), error.value()));
  return {};
}

// A note that a power loss brings back costs no more than looking at the tree again.
Result<std::optional<fs::path>> BorrowedLock::PutBack() const {
  MATIC_ASSIGN(const std::optional<fs::path> folder, Folder());
  if (!folder) return std::nullopt;
  const auto tree = TreePrograms::For(processes_, options_.environment, *folder, options_.work_dir);
  if (!tree && tree.error().code == ErrorCode::kNotFound) {
    MATIC_TRY(Forget());
    return std::nullopt;
  }
  if (!tree) return Fail(tree.error());
  const WorkTree work((*tree)->programs(),
                      {.folder = *folder, .remote = "", .branch = "", .deadline = kDeadline}, {});
  MATIC_TRY(work.PutBack(kLockFile));
  MATIC_TRY(Forget());
  return folder;
}

}  // namespace matic::nixos
