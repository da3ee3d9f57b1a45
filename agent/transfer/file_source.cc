#include "agent/transfer/file_source.h"

#include <unistd.h>

#include <cerrno>
#include <vector>

namespace matic::transfer {
namespace {

constexpr size_t kReadBytes = 256 * 1024;

// The errors of a medium that is gone, or going.
bool IsGone(int error_number) {
  return error_number == EIO || error_number == ENXIO || error_number == ENODEV ||
         error_number == ESTALE;
}

Error ReadError(const std::string& path, uint64_t at, int error_number) {
  Error error = OsError("read " + path + " at " + std::to_string(at), error_number);
  if (!IsGone(error_number)) return error;
  error.code = ErrorCode::kUnavailable;
  error.message +=
      "; was the medium pulled out? Put it back, or another, and start the update anew";
  return error;
}

}  // namespace

Result<> FileSource::Fetch(const FetchFrom& from, uint64_t max_bytes, ImageSink& sink,
                           std::stop_token stop) {
  const std::string path = path_.string();
  MATIC_ASSIGN(const PlainFile file, folders_.Open(path_));
  if (file.size > max_bytes) {
    return Fail(ErrorCode::kInvalidArgument, path + " is " + std::to_string(file.size) +
                                                 " bytes, more than the " +
                                                 std::to_string(max_bytes) + " that fit");
  }
  if (from.offset > 0) sink.Restart();
  sink.SetTotal(file.size, "");
  std::vector<uint8_t> buffer(kReadBytes);
  for (uint64_t done = 0;;) {
    if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped while reading " + path);
    const ssize_t got = read(file.fd.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Fail(ReadError(path, done, errno));
    done += static_cast<uint64_t>(got);
    if (done > file.size || (got == 0 && done < file.size)) {
      return Fail(ErrorCode::kCorrupt, path + " changed its length while it was read");
    }
    if (got == 0) return {};
    MATIC_TRY(sink.Write(std::span(buffer).first(static_cast<size_t>(got))));
  }
}

}  // namespace matic::transfer
