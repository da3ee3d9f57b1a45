#include "osctl/disk/state_filesystem.h"

#include <sys/stat.h>

#include <cerrno>
#include <sstream>
#include <string>
#include <vector>

#include "boot/policy/slot.h"
#include "lib/image/tool.h"
#include "lib/os/durable_file.h"
#include "osctl/disk/sparse_copy.h"

namespace matic::osctl {
namespace {

namespace fs = std::filesystem;

constexpr image::Tool kMkfsExt4 = {"mkfs.ext4", "e2fsprogs", std::chrono::minutes(15)};
constexpr image::Tool kDebugfs = {"debugfs", "e2fsprogs"};
// debugfs repeats what it is told; a round's output must fit into what is kept of it.
constexpr size_t kScriptBytes = 16 * 1024;

// debugfs takes a quote within quotes doubled.
std::string Quoted(const std::string& path) {
  std::string text = "\"/";
  for (char c : path) {
    if (c == '"') text += '"';
    text += c;
  }
  return text + "\"";
}

// Below the seed, what does not belong to root.
Result<std::vector<std::string>> ForeignFiles(const fs::path& seed) {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(seed, error), end; !error && entry != end;
       entry.increment(error)) {
    struct stat status {};
    if (::lstat(entry->path().c_str(), &status) != 0) {
      return Fail(OsError("read " + entry->path().string(), errno));
    }
    if (status.st_uid == 0 && status.st_gid == 0) continue;
    std::string path = entry->path().lexically_relative(seed).string();
    if (path.find('\n') != std::string::npos) {
      return Fail(ErrorCode::kInvalidArgument,
                  "the state folder has a file name with a line break: " + path);
    }
    files.push_back(std::move(path));
  }
  if (error) return Fail(OsError("read " + seed.string(), error.value()));
  return files;
}

// debugfs ends with 0 whatever its commands did; what went wrong is all that it says of its own.
Result<> RunDebugfs(ProcessRunner& runner, const fs::path& filesystem, const fs::path& script,
                    const std::string& commands) {
  MATIC_TRY(WriteFileDurably(script, commands));
  MATIC_ASSIGN(
      const std::string output,
      image::RunTool(runner, kDebugfs, {"-w", "-f", script.string(), filesystem.string()}));
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.starts_with("debugfs")) continue;
    return Fail(ErrorCode::kIo, "debugfs cannot give a file of the state folder to root: " + line);
  }
  return {};
}

// mkfs.ext4 -d keeps owners, which are those of whoever prepared the folder.
Result<> GiveToRoot(ProcessRunner& runner, const fs::path& seed, const fs::path& filesystem,
                    const fs::path& script) {
  MATIC_ASSIGN(const auto files, ForeignFiles(seed));
  std::string commands;
  for (const std::string& file : files) {
    for (const char* field : {" uid 0\n", " gid 0\n"}) {
      commands += "set_inode_field " + Quoted(file) + field;
    }
    if (commands.size() < kScriptBytes) continue;
    MATIC_TRY(RunDebugfs(runner, filesystem, script, commands));
    commands.clear();
  }
  if (commands.empty()) return {};
  return RunDebugfs(runner, filesystem, script, commands);
}

}  // namespace

Result<> MakeStateFilesystem(ProcessRunner& runner, const StateSpec& spec, const fs::path& output,
                             const fs::path& script) {
  MATIC_TRY(CreateSparseFile(output, spec.size_bytes));
  std::vector<std::string> arguments = {
      "-q", "-F", "-m", "1", "-L", std::string(boot::kStateName), "-E", "root_owner=0:0"};
  if (!spec.seed.empty()) {
    arguments.insert(arguments.end(), {"-d", fs::absolute(spec.seed).string()});
  }
  arguments.push_back(output.string());
  MATIC_TRY(image::RunTool(runner, kMkfsExt4, arguments));
  if (spec.seed.empty()) return {};
  return GiveToRoot(runner, spec.seed, output, script);
}

}  // namespace matic::osctl
