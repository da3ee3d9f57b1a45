#include "lib/os/checked_process_runner.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "lib/os/executable_folder.h"

namespace matic {
namespace {

namespace fs = std::filesystem;

// As the C library has it for a program without one.
constexpr const char* kDefaultPath = "/bin:/usr/bin";

bool CanRun(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error) &&
         ::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0;
}

// The file that `command` names, as one that is there: in a folder of PATH, unless it has a slash.
Result<fs::path> FindProgram(const Command& command) {
  const std::string& name = command.argv[0];
  const fs::path here = fs::absolute(command.folder.empty() ? "." : command.folder);
  if (name.find('/') != std::string::npos) {
    const fs::path path = here / name;
    std::error_code error;
    if (fs::exists(path, error)) return path;
    return Fail(OsError("run " + name, error ? error.value() : ENOENT));
  }
  const char* const variable = std::getenv("PATH");
  const std::string folders = variable == nullptr ? kDefaultPath : variable;
  for (size_t begin = 0; begin <= folders.size();) {
    const size_t end = std::min(folders.find(':', begin), folders.size());
    const fs::path path = here / folders.substr(begin, end - begin) / name;
    if (CanRun(path)) return path;
    begin = end + 1;
  }
  return Fail(OsError("run " + name, ENOENT));
}

}  // namespace

Result<ProcessOutcome> CheckedProcessRunner::RunToEnd(const Command& command,
                                                      std::chrono::milliseconds deadline) {
  if (command.argv.empty() || command.argv[0].empty()) return runner_.RunToEnd(command, deadline);
  MATIC_ASSIGN(const fs::path program, FindProgram(command));
  if (const Result<> good = CheckExecutable(program); !good) {
    return Fail(good.error().Context("run " + command.argv[0]));
  }
  // By its whole path: another of the same name may come to stand before it in PATH.
  Command checked = command;
  checked.argv[0] = program.string();
  return runner_.RunToEnd(checked, deadline);
}

}  // namespace matic
