// What a call meets, wherever it comes from.
#include "agent/api/server.h"

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/unit/agent/api/served.h"

namespace matic::api {
namespace {

using testing::HasSubstr;

TEST_F(ServerTest, SchedulesAnUpdateForTheLocalAdmin) {
  Start();
  grpc::ClientContext context;
  v1::ScheduleUpdateRequest request;
  request.set_source("https://bob:secret@cdn.example.com/os-2.0.squashfs");
  request.set_sha256(std::string(64, 'A'));
  v1::ScheduleUpdateResponse response;
  const grpc::Status status = Local()->ScheduleUpdate(&context, request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.schedule().id(), "sched-20260127-001");
  EXPECT_EQ(response.schedule().state(), v1::SCHEDULE_STATE_PENDING);
  EXPECT_EQ(response.schedule().source(), "https://cdn.example.com/os-2.0.squashfs");
  EXPECT_THAT(response.schedule().requested_by(),
              HasSubstr("(uid " + std::to_string(::getuid()) + ", unix socket)"));
  const auto kept = engine_.GetSchedule("sched-20260127-001");
  EXPECT_EQ(kept->request.source, "https://bob:secret@cdn.example.com/os-2.0.squashfs");
  EXPECT_EQ(kept->request.sha256, std::string(64, 'a'));
}

TEST_F(ServerTest, ErrorsArriveAsTheEngineGaveThem) {
  Start();
  const Error unknown = ErrorOf([&](grpc::ClientContext& context) {
    v1::GetScheduleStatusRequest request;
    request.set_schedule_id("sched-20260127-009");
    v1::GetScheduleStatusResponse response;
    return Local()->GetScheduleStatus(&context, request, &response);
  });
  EXPECT_EQ(unknown.code, ErrorCode::kNotFound);
  EXPECT_EQ(unknown.message, "there is no schedule 'sched-20260127-009'");

  Schedule();
  const Error second = ErrorOf([&](grpc::ClientContext& context) {
    v1::ScheduleUpdateRequest request;
    request.set_source("https://h/os");
    request.set_sha256(std::string(64, 'a'));
    v1::ScheduleUpdateResponse response;
    return Local()->ScheduleUpdate(&context, request, &response);
  });
  EXPECT_EQ(second.code, ErrorCode::kRefused);

  const Error invalid = ErrorOf([&](grpc::ClientContext& context) {
    v1::ScheduleUpdateRequest request;
    request.set_source("https://h/a\nb");
    v1::ScheduleUpdateResponse response;
    return Local()->ScheduleUpdate(&context, request, &response);
  });
  EXPECT_EQ(invalid.code, ErrorCode::kInvalidArgument);
}

TEST_F(ServerTest, ARequestLargerThanAMebibyteIsRefused) {
  Start();
  auto channel = rpc::OpenUnixChannel(options_.socket);
  const auto stub = v1::Node::NewStub(*channel);
  grpc::ClientContext context;
  v1::RebootRequest request;
  request.set_reason(std::string(rpc::kMaxMessageBytes + 1, 'x'));
  v1::RebootResponse response;
  EXPECT_EQ(stub->Reboot(&context, request, &response).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(engine_.requests().empty());
}

TEST_F(ServerTest, TheStatusHasTheChannelAndTheEventsThatWereAskedFor) {
  options_.channel = [] {
    return ChannelLook{"https://h/stable.json", *ParseTime("2026-01-27T01:00:00Z"), "up to date"};
  };
  Start();
  Schedule();
  v1::GetStatusRequest request;
  request.set_events(5);
  v1::GetStatusResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(Local()->GetStatus(&context, request, &response).ok());
  EXPECT_EQ(response.channel().url(), "https://h/stable.json");
  EXPECT_EQ(response.channel().next_look().seconds(), 1769475600);
  EXPECT_EQ(response.channel().last_result(), "up to date");
  const auto events = *engine_.GetHistory(5, std::nullopt);
  ASSERT_EQ(response.events_size(), static_cast<int>(events.size()));

  request.set_events(101);
  const Error error = ErrorOf(
      [&](grpc::ClientContext& again) { return Local()->GetStatus(&again, request, &response); });
  EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(error.message, "events is 101; at most 100 come with the status");
}

TEST_F(ServerTest, HealthServiceAnswers) {
  Start();
  auto channel = rpc::OpenUnixChannel(options_.socket);
  grpc::GenericStub stub(*channel);
  grpc::ClientContext context;
  const grpc::Slice whole_server;  // HealthCheckRequest{service: ""}
  const grpc::ByteBuffer request(&whole_server, 1);
  grpc::ByteBuffer response;
  grpc::CompletionQueue queue;
  auto call = stub.PrepareUnaryCall(&context, "/grpc.health.v1.Health/Check", request, &queue);
  call->StartCall();
  grpc::Status status;
  call->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  ASSERT_TRUE(queue.Next(&tag, &ok));
  EXPECT_TRUE(status.ok()) << status.error_message();
  grpc::Slice slice;
  ASSERT_TRUE(response.DumpToSingleSlice(&slice).ok());
  // HealthCheckResponse{status: SERVING}.
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(slice.begin()), slice.size()), "\x08\x01");
}

}  // namespace
}  // namespace matic::api
