#include "lib/base/error.h"

#include <cerrno>
#include <system_error>

namespace matic {

std::string_view CodeName(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return "invalid-argument";
    case ErrorCode::kNotFound:
      return "not-found";
    case ErrorCode::kRefused:
      return "refused";
    case ErrorCode::kPermission:
      return "permission";
    case ErrorCode::kUnavailable:
      return "unavailable";
    case ErrorCode::kCorrupt:
      return "corrupt";
    case ErrorCode::kIo:
      return "io";
    case ErrorCode::kDeadline:
      return "deadline";
    case ErrorCode::kCancelled:
      return "cancelled";
    case ErrorCode::kInternal:
      return "internal";
  }
  return "internal";
}

Error Error::Context(std::string_view where) const {
  return Error{code, std::string(where) + ": " + message};
}

Error OsError(std::string_view what, int error_number) {
  ErrorCode code = ErrorCode::kIo;
  if (error_number == EACCES || error_number == EPERM) code = ErrorCode::kPermission;
  if (error_number == ENOENT) code = ErrorCode::kNotFound;
  return Error{code, std::string(what) + ": " + std::generic_category().message(error_number)};
}

}  // namespace matic
