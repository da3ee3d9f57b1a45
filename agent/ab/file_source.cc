#include "agent/ab/file_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "lib/base/unique_fd.h"

namespace matic::ab {
namespace {

constexpr size_t kReadBytes = 256 * 1024;

struct OpenFile {
  UniqueFd fd;
  uint64_t size;
};

Result<OpenFile> Open(const std::string& path) {
  // O_NONBLOCK, so that a FIFO without a writer does not hold the agent up.
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!fd.valid()) return Fail(OsError("open " + path, errno));
  struct stat status {};
  if (fstat(fd.get(), &status) != 0) return Fail(OsError("stat " + path, errno));
  if (!S_ISREG(status.st_mode)) {
    return Fail(ErrorCode::kInvalidArgument, path + " is not a plain file");
  }
  return OpenFile{std::move(fd), static_cast<uint64_t>(status.st_size)};
}

}  // namespace

Result<> FileSource::Fetch(uint64_t max_bytes, ImageSink& sink, std::stop_token stop) {
  const std::string path = path_.string();
  MATIC_ASSIGN(const OpenFile file, Open(path));
  if (file.size > max_bytes) {
    return Fail(ErrorCode::kInvalidArgument, path + " is " + std::to_string(file.size) +
                                                 " bytes, more than the " +
                                                 std::to_string(max_bytes) + " that fit");
  }
  sink.SetTotal(file.size);
  std::vector<uint8_t> buffer(kReadBytes);
  for (uint64_t done = 0;;) {
    if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped while reading " + path);
    const ssize_t got = read(file.fd.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Fail(OsError("read " + path + " at " + std::to_string(done), errno));
    done += static_cast<uint64_t>(got);
    if (done > file.size || (got == 0 && done < file.size)) {
      return Fail(ErrorCode::kCorrupt, path + " changed its length while it was read");
    }
    if (got == 0) return {};
    MATIC_TRY(sink.Write(std::span(buffer).first(static_cast<size_t>(got))));
  }
}

}  // namespace matic::ab
