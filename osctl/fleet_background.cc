#include "osctl/fleet_background.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>
#include <vector>

#include "lib/os/durable_file.h"
#include "osctl/fleet/journal/run_lock.h"

namespace matic::osctl {
namespace {

using namespace std::chrono_literals;

constexpr auto kStartTime = 30s;
constexpr auto kLookAgain = 50ms;
constexpr size_t kMaxLog = 64 * 1024;

class SpawnActions {
 public:
  SpawnActions() { ::posix_spawn_file_actions_init(&actions_); }
  ~SpawnActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  posix_spawn_file_actions_t* get() { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

class SpawnAttributes {
 public:
  SpawnAttributes() { ::posix_spawnattr_init(&attributes_); }
  ~SpawnAttributes() { ::posix_spawnattr_destroy(&attributes_); }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;
  posix_spawnattr_t* get() { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

// Of its own session, so that neither a terminal that is closed nor its Ctrl-C ends it.
Result<pid_t> Spawn(const std::vector<std::string>& argv, const std::filesystem::path& log) {
  SpawnActions actions;
  ::posix_spawn_file_actions_addopen(actions.get(), STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(actions.get(), STDOUT_FILENO, log.c_str(),
                                     O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::posix_spawn_file_actions_adddup2(actions.get(), STDOUT_FILENO, STDERR_FILENO);
  SpawnAttributes attributes;
  ::posix_spawnattr_setflags(attributes.get(), POSIX_SPAWN_SETSID);
  std::vector<char*> words;
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  pid_t pid = 0;
  const int error =
      ::posix_spawn(&pid, "/proc/self/exe", actions.get(), attributes.get(), words.data(), environ);
  if (error != 0) return Fail(OsError("begin osctl in the background", error));
  return pid;
}

}  // namespace

Result<> CarryInBackground(const Session& session, const std::filesystem::path& fleet_file,
                           const std::filesystem::path& journal, const std::filesystem::path& log) {
  std::vector<std::string> argv = {"osctl"};
  if (!session.options.pki_dir.empty()) {
    argv.insert(argv.end(), {"--pki", session.options.pki_dir});
  }
  argv.insert(argv.end(), {"fleet", "--file", fleet_file.string(), "run", "--resume"});
  MATIC_ASSIGN(const pid_t pid, Spawn(argv, log));
  const auto limit = std::chrono::steady_clock::now() + kStartTime;
  while (!fleet::RunLock::IsTaken(journal)) {
    int status = 0;
    if (::waitpid(pid, &status, WNOHANG) == pid) {
      // A short run may have come to its end, well or not: its journal says how.
      if (WIFEXITED(status) && WEXITSTATUS(status) != static_cast<int>(ExitCode::kFailed) &&
          WEXITSTATUS(status) != static_cast<int>(ExitCode::kUsage)) {
        return {};
      }
      const Result<std::string> said = ReadFile(log, kMaxLog);
      return Fail(ErrorCode::kInternal,
                  "the process in the background ended: " + (said ? *said : said.error().message) +
                      "; osctl fleet run --resume goes on with the run");
    }
    if (std::chrono::steady_clock::now() >= limit) {
      return Fail(ErrorCode::kDeadline,
                  "the process in the background has not begun; osctl fleet run --resume goes on "
                  "with the run");
    }
    std::this_thread::sleep_for(kLookAgain);
  }
  return {};
}

}  // namespace matic::osctl
