// A machine with faults to order, preloaded into a program.
//
// $FAULTY_FILE is a disk or a plain file, $FAULTS a file of a line each, read anew at every call:
//   read OFFSET LENGTH     reads that touch it fail with EIO, as those of bad sectors do
//   write OFFSET LENGTH    likewise writes
//   slow MILLISECONDS      each read and write takes so long
// $CLOCK_STARTS_AT: seconds since 1970 that the machine's clock shows when the program starts.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>
#include <string_view>

namespace {

// The C library's own, behind this one.
template <typename Function>
Function* Real(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

bool IsTheFaultyFile(int fd) {
  const char* file = std::getenv("FAULTY_FILE");
  if (file == nullptr) return false;
  struct stat that {};
  struct stat this_one {};
  return ::stat(file, &that) == 0 && ::fstat(fd, &this_one) == 0 &&
         that.st_dev == this_one.st_dev && that.st_ino == this_one.st_ino;
}

// Whether the call fails. A slow one is slow here.
bool Fails(std::string_view verb, int fd, off_t offset, size_t size) {
  if (!IsTheFaultyFile(fd)) return false;
  std::ifstream faults(std::getenv("FAULTS"));
  std::string kind;
  bool fails = false;
  while (faults >> kind) {
    if (kind == "slow") {
      unsigned milliseconds = 0;
      faults >> milliseconds;
      ::usleep(milliseconds * 1000);
      continue;
    }
    off_t begin = 0;
    off_t length = 0;
    faults >> begin >> length;
    fails |= kind == verb && offset < begin + length && begin < offset + static_cast<off_t>(size);
  }
  return fails;
}

int BadSector() {
  errno = EIO;
  return -1;
}

off_t Position(int fd) { return ::lseek(fd, 0, SEEK_CUR); }

using Gettime = int(clockid_t, timespec*);

time_t AheadBy() {
  static const time_t ahead = [] {
    const char* start = std::getenv("CLOCK_STARTS_AT");
    timespec now{};
    if (start == nullptr || Real<Gettime>("clock_gettime")(CLOCK_REALTIME, &now) != 0) {
      return time_t{0};
    }
    return static_cast<time_t>(std::atoll(start)) - now.tv_sec;
  }();
  return ahead;
}

}  // namespace

extern "C" {

ssize_t pread(int fd, void* buffer, size_t size, off_t offset) {
  static const auto real = Real<ssize_t(int, void*, size_t, off_t)>("pread");
  return Fails("read", fd, offset, size) ? BadSector() : real(fd, buffer, size, offset);
}

ssize_t pread64(int fd, void* buffer, size_t size, off64_t offset) {
  return pread(fd, buffer, size, offset);
}

ssize_t pwrite(int fd, const void* buffer, size_t size, off_t offset) {
  static const auto real = Real<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  return Fails("write", fd, offset, size) ? BadSector() : real(fd, buffer, size, offset);
}

ssize_t pwrite64(int fd, const void* buffer, size_t size, off64_t offset) {
  return pwrite(fd, buffer, size, offset);
}

ssize_t read(int fd, void* buffer, size_t size) {
  static const auto real = Real<ssize_t(int, void*, size_t)>("read");
  return Fails("read", fd, Position(fd), size) ? BadSector() : real(fd, buffer, size);
}

ssize_t write(int fd, const void* buffer, size_t size) {
  static const auto real = Real<ssize_t(int, const void*, size_t)>("write");
  return Fails("write", fd, Position(fd), size) ? BadSector() : real(fd, buffer, size);
}

int clock_gettime(clockid_t clock, timespec* time) {
  static const auto real = Real<Gettime>("clock_gettime");
  const int result = real(clock, time);
  if (result == 0 && clock == CLOCK_REALTIME) time->tv_sec += AheadBy();
  return result;
}

int gettimeofday(timeval* time, void*) {
  timespec now{};
  const int result = clock_gettime(CLOCK_REALTIME, &now);
  time->tv_sec = now.tv_sec;
  time->tv_usec = now.tv_nsec / 1000;
  return result;
}

time_t time(time_t* result) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (result != nullptr) *result = now.tv_sec;
  return now.tv_sec;
}

}  // extern "C"
