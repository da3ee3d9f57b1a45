// libfdisk on a descriptor that the caller owns and keeps locked.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "lib/base/result.h"

struct fdisk_context;

namespace matic::gpt {

class FdiskContext {
 public:
  // `fd` is open for reading and writing and outlives this. `sector_size` is used for plain files.
  static Result<FdiskContext> Open(int fd, const std::string& path, uint32_t sector_size);

  FdiskContext(FdiskContext&&) noexcept;
  FdiskContext& operator=(FdiskContext&&) noexcept;
  ~FdiskContext();

  fdisk_context* get() const;

  // kIo "`what` /dev/vda: reason", with what libfdisk had to say, for a negative `code` of
  // libfdisk; success for others.
  Result<> Check(int code, const std::string& what) const;

  // Backup entries, backup header, primary entries, primary header, protective MBR, an fsync after
  // each. A backup that is not at the disk's end is moved there.
  Result<> WriteTable();

 private:
  struct State;
  explicit FdiskContext(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace matic::gpt
