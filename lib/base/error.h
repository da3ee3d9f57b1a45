// The one error type: a code that callers branch on and a message for people.
#pragma once

#include <string>
#include <string_view>

namespace matic {

enum class ErrorCode {
  kInvalidArgument,  // the request or the file is wrong; trying again as it is cannot help
  kNotFound,         // what was named does not exist
  kRefused,          // understood, but the state of the machine forbids it (running, quarantined)
  kPermission,       // the caller may not, or could not prove who it is
  kUnavailable,      // a peer, server or device does not answer; trying again may help
  kCorrupt,          // content does not match its checksum, digest or format
  kIo,               // the operating system refused a read, a write or a call
  kDeadline,         // it took longer than it may
  kCancelled,        // somebody asked to stop
  kInternal,         // a bug of ours, or a library's exception nobody expected
};

// "invalid-argument", "not-found", …: the code that machines read.
std::string_view CodeName(ErrorCode code);

struct Error {
  ErrorCode code;
  std::string message;

  // The same error with "`where`: " before its message, added on the way up:
  // "write slot b at 41943040: No space left on device".
  Error Context(std::string_view where) const;
};

// An operating system error: "`what`: No such file or directory". EACCES and EPERM are
// kPermission, ENOENT kNotFound, the rest kIo.
Error OsError(std::string_view what, int error_number);

}  // namespace matic
