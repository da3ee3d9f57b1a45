#include "lib/rpc/status.h"

#include <gtest/gtest.h>

#include <string>

namespace matic::rpc {
namespace {

constexpr ErrorCode kAll[] = {
    ErrorCode::kInvalidArgument, ErrorCode::kNotFound, ErrorCode::kRefused, ErrorCode::kPermission,
    ErrorCode::kUnavailable,     ErrorCode::kCorrupt,  ErrorCode::kIo,      ErrorCode::kDeadline,
    ErrorCode::kCancelled,       ErrorCode::kInternal};

// Without the metadata two codes share INTERNAL; every other comes back as it was.
TEST(StatusTest, CodesSurviveTheirStatus) {
  for (ErrorCode code : kAll) {
    const ErrorCode expected = code == ErrorCode::kIo ? ErrorCode::kInternal : code;
    EXPECT_EQ(FromStatusCode(ToStatusCode(code)), expected) << CodeName(code);
  }
}

TEST(StatusTest, ForeignStatusesGetTheNearestCode) {
  EXPECT_EQ(FromStatusCode(grpc::StatusCode::UNAUTHENTICATED), ErrorCode::kPermission);
  EXPECT_EQ(FromStatusCode(grpc::StatusCode::RESOURCE_EXHAUSTED), ErrorCode::kUnavailable);
  EXPECT_EQ(FromStatusCode(grpc::StatusCode::UNIMPLEMENTED), ErrorCode::kInvalidArgument);
  EXPECT_EQ(FromStatusCode(grpc::StatusCode::UNKNOWN), ErrorCode::kInternal);
}

}  // namespace
}  // namespace matic::rpc
