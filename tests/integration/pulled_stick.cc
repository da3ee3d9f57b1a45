// A stick that is pulled out while it is read: preloaded into a program, it ends all reading of the
// file $PULLED_FILE after $PULLED_AFTER bytes, as a block device does that is gone.
#include <dlfcn.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <string>

namespace {

std::atomic<long> already_read = 0;

bool IsOnTheStick(int fd) {
  const char* file = std::getenv("PULLED_FILE");
  if (file == nullptr) return false;
  char name[4096];
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t length = ::readlink(link.c_str(), name, sizeof name);
  return length > 0 && std::string(name, static_cast<size_t>(length)) == file;
}

}  // namespace

extern "C" ssize_t read(int fd, void* buffer, size_t size) {
  using Read = ssize_t (*)(int, void*, size_t);
  static const auto real = reinterpret_cast<Read>(::dlsym(RTLD_NEXT, "read"));
  if (!IsOnTheStick(fd)) return real(fd, buffer, size);
  const long left = std::atol(std::getenv("PULLED_AFTER")) - already_read;
  if (left <= 0) {
    errno = EIO;
    return -1;
  }
  const ssize_t got =
      real(fd, buffer, size < static_cast<size_t>(left) ? size : static_cast<size_t>(left));
  if (got > 0) already_read += got;
  return got;
}
