#include "lib/rpc/status.h"

#include <array>
#include <optional>
#include <string>

#include "lib/base/utf8.h"

namespace matic::rpc {
namespace {

constexpr std::array kCodes = {
    ErrorCode::kInvalidArgument, ErrorCode::kNotFound, ErrorCode::kRefused, ErrorCode::kPermission,
    ErrorCode::kUnavailable,     ErrorCode::kCorrupt,  ErrorCode::kIo,      ErrorCode::kDeadline,
    ErrorCode::kCancelled,       ErrorCode::kInternal};

std::optional<ErrorCode> FindCode(std::string_view name) {
  for (ErrorCode code : kCodes) {
    if (CodeName(code) == name) return code;
  }
  return std::nullopt;
}

// Not in the middle of a UTF-8 sequence: protobuf and terminals reject half of one.
std::string Shorten(const std::string& message) {
  if (message.size() <= kMaxErrorMessageBytes) return message;
  size_t end = kMaxErrorMessageBytes;
  while (end > 0 && IsContinuation(message[end])) --end;
  return message.substr(0, end) + " …";
}

}  // namespace

grpc::StatusCode ToStatusCode(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return grpc::StatusCode::INVALID_ARGUMENT;
    case ErrorCode::kNotFound:
      return grpc::StatusCode::NOT_FOUND;
    case ErrorCode::kRefused:
      return grpc::StatusCode::FAILED_PRECONDITION;
    case ErrorCode::kPermission:
      return grpc::StatusCode::PERMISSION_DENIED;
    case ErrorCode::kUnavailable:
      return grpc::StatusCode::UNAVAILABLE;
    case ErrorCode::kCorrupt:
      return grpc::StatusCode::DATA_LOSS;
    case ErrorCode::kIo:
      return grpc::StatusCode::INTERNAL;
    case ErrorCode::kDeadline:
      return grpc::StatusCode::DEADLINE_EXCEEDED;
    case ErrorCode::kCancelled:
      return grpc::StatusCode::CANCELLED;
    case ErrorCode::kInternal:
      return grpc::StatusCode::INTERNAL;
  }
  return grpc::StatusCode::INTERNAL;
}

ErrorCode FromStatusCode(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::OUT_OF_RANGE:
    case grpc::StatusCode::UNIMPLEMENTED:
      return ErrorCode::kInvalidArgument;
    case grpc::StatusCode::NOT_FOUND:
      return ErrorCode::kNotFound;
    case grpc::StatusCode::ALREADY_EXISTS:
    case grpc::StatusCode::FAILED_PRECONDITION:
    case grpc::StatusCode::ABORTED:
      return ErrorCode::kRefused;
    case grpc::StatusCode::PERMISSION_DENIED:
    case grpc::StatusCode::UNAUTHENTICATED:
      return ErrorCode::kPermission;
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return ErrorCode::kUnavailable;
    case grpc::StatusCode::DATA_LOSS:
      return ErrorCode::kCorrupt;
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return ErrorCode::kDeadline;
    case grpc::StatusCode::CANCELLED:
      return ErrorCode::kCancelled;
    case grpc::StatusCode::OK:
    case grpc::StatusCode::UNKNOWN:
    case grpc::StatusCode::INTERNAL:
    case grpc::StatusCode::DO_NOT_USE:
      return ErrorCode::kInternal;
  }
  return ErrorCode::kInternal;
}

grpc::Status ToStatus(const Error& error, grpc::ServerContextBase& context) {
  context.AddTrailingMetadata(kErrorCodeKey, std::string(CodeName(error.code)));
  return {ToStatusCode(error.code), Shorten(error.message)};
}

Error FromStatus(const grpc::Status& status, const grpc::ClientContext& context) {
  ErrorCode code = FromStatusCode(status.error_code());
  const auto& metadata = context.GetServerTrailingMetadata();
  if (auto it = metadata.find(kErrorCodeKey); it != metadata.end()) {
    code = FindCode({it->second.data(), it->second.size()}).value_or(code);
  }
  return Error{code, status.error_message()};
}

}  // namespace matic::rpc
