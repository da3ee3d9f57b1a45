#include "osctl/exit_code.h"

namespace matic::osctl {

ExitCode RemoteExitCode(ErrorCode code) {
  switch (code) {
    case ErrorCode::kPermission:
    case ErrorCode::kUnavailable:
    case ErrorCode::kDeadline:
      return ExitCode::kUnreachable;
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kNotFound:
    case ErrorCode::kRefused:
    case ErrorCode::kCorrupt:
    case ErrorCode::kIo:
    case ErrorCode::kCancelled:
    case ErrorCode::kInternal:
      return LocalExitCode(code);
  }
  return ExitCode::kFailed;
}

ExitCode LocalExitCode(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return ExitCode::kUsage;
    case ErrorCode::kRefused:
      return ExitCode::kRefused;
    case ErrorCode::kNotFound:
    case ErrorCode::kPermission:
    case ErrorCode::kUnavailable:
    case ErrorCode::kCorrupt:
    case ErrorCode::kIo:
    case ErrorCode::kDeadline:
    case ErrorCode::kCancelled:
    case ErrorCode::kInternal:
      return ExitCode::kFailed;
  }
  return ExitCode::kFailed;
}

}  // namespace matic::osctl
