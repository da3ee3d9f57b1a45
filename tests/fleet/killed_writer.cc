// A controller that is killed while it writes its journal: preloaded into osctl, it ends the
// process with SIGKILL at the write number $KILL_AT to a file whose name ends in $KILL_FILE.
// $KILL_AFTER=1 lets that write happen first.
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

std::atomic<long> writes = 0;

bool IsTheJournal(int fd) {
  const char* part = std::getenv("KILL_FILE");
  if (part == nullptr) return false;
  char link[64];
  char name[4096];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t length = ::readlink(link, name, sizeof name);
  return length > 0 &&
         std::string_view(name, static_cast<size_t>(length)).find(part) != std::string_view::npos;
}

template <typename Write>
ssize_t Count(int fd, const Write& write) {
  if (!IsTheJournal(fd)) return write();
  const char* at = std::getenv("KILL_AT");
  const bool last = at != nullptr && ++writes == std::atol(at);
  const bool after = std::getenv("KILL_AFTER") != nullptr;
  if (last && !after) ::kill(::getpid(), SIGKILL);
  const ssize_t written = write();
  if (last) ::kill(::getpid(), SIGKILL);
  return written;
}

template <typename Function>
Function Real(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" ssize_t write(int fd, const void* buffer, size_t size) {
  static const auto real = Real<ssize_t (*)(int, const void*, size_t)>("write");
  return Count(fd, [&] { return real(fd, buffer, size); });
}

extern "C" ssize_t pwrite(int fd, const void* buffer, size_t size, off_t offset) {
  static const auto real = Real<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
  return Count(fd, [&] { return real(fd, buffer, size, offset); });
}

extern "C" ssize_t pwrite64(int fd, const void* buffer, size_t size, off64_t offset) {
  static const auto real = Real<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64");
  return Count(fd, [&] { return real(fd, buffer, size, offset); });
}
