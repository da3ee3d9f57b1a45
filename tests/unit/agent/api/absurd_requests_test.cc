// Requests that no honest client sends, to a real server: bytes that are no message, texts of a
// mebibyte, invalid UTF-8, numbers beyond their range. Each is answered with an error or as if it
// were good, and the server answers the next one.
#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>

#include "agent/api/rules.h"
#include "tests/fakes/broken_text.h"
#include "tests/unit/agent/api/served.h"

namespace matic::api {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr size_t kTexts = 40;  // of each call, and of each kind of damage more

class AbsurdRequests : public TlsServerTest {
 protected:
  void SetUp() override {
    Start();
    channel_ = *rpc::OpenUnixChannel(options_.socket);
    raw_ = std::make_unique<grpc::GenericStub>(channel_);
    good_ = v1::Node::NewStub(channel_);
  }

  // Sends these bytes as the request.
  grpc::Status Send(const std::string& method, const std::string& bytes) {
    grpc::ClientContext context;
    // A watch of what such a request has scheduled ends with nothing else.
    context.set_deadline(std::chrono::system_clock::now() +
                         (method == "WatchSchedule" ? 500ms : 10s));
    grpc::CompletionQueue queue;
    const grpc::Slice slice(bytes);
    const grpc::ByteBuffer request(&slice, 1);
    auto call = raw_->PrepareUnaryCall(&context, "/matic.v1.Node/" + method, request, &queue);
    call->StartCall();
    grpc::ByteBuffer response;
    grpc::Status status;
    call->Finish(&response, &status, this);
    void* tag = nullptr;
    bool ok = false;
    EXPECT_TRUE(queue.Next(&tag, &ok));
    return status;
  }

  void ExpectAlive() {
    v1::GetStatusResponse response;
    const grpc::Status status = GetStatus(*good_, response);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }

  Error Refusal(const v1::ScheduleUpdateRequest& request) {
    return ErrorOf([&](grpc::ClientContext& context) {
      v1::ScheduleUpdateResponse response;
      return good_->ScheduleUpdate(&context, request, &response);
    });
  }

  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<grpc::GenericStub> raw_;
  std::unique_ptr<v1::Node::Stub> good_;
};

v1::ScheduleUpdateRequest GoodRequest() {
  v1::ScheduleUpdateRequest request;
  request.set_source("https://cdn.example.com/os-2.0.squashfs");
  request.set_sha256(std::string(64, 'a'));
  request.add_force("quarantine");
  request.mutable_timing()->add_windows("Sat,Sun 02:00-05:00");
  request.mutable_timing()->mutable_at()->set_seconds(1'800'000'000);
  request.mutable_hooks()->add_pre("10-drain");
  return request;
}

TEST_F(AbsurdRequests, BytesThatAreNoMessageReachNobody) {
  const std::string good = GoodRequest().SerializeAsString();
  for (const MethodRule& rule : MethodRules()) {
    for (const std::string& bytes : fakes::Broken(good.substr(0, 60), kTexts)) {
      const grpc::Status status = Send(std::string(rule.method), bytes);
      EXPECT_LE(status.error_message().size(), 4096U) << rule.method;
    }
  }
  ExpectAlive();
}

TEST_F(AbsurdRequests, AMessageAboveTheLimitIsRefusedUnread) {
  for (const size_t bytes : {size_t{1} << 20, size_t{8} << 20}) {
    v1::ScheduleUpdateRequest request = GoodRequest();
    request.set_comment(std::string(bytes, 'x'));
    const Error error = Refusal(request);
    EXPECT_NE(error.code, ErrorCode::kInternal) << error.message;
    EXPECT_LE(error.message.size(), 4096U);
  }
  EXPECT_TRUE(engine_.ListSchedules(1).empty());
  ExpectAlive();
}

TEST_F(AbsurdRequests, TextsBelowTheLimitAreBoundedByTheirFields) {
  const std::string megabyte(1'000'000, 'x');
  const auto refused = [&](const auto& change, const char* field) {
    v1::ScheduleUpdateRequest request = GoodRequest();
    request.clear_timing();
    change(request);
    const Error error = Refusal(request);
    EXPECT_EQ(error.code, ErrorCode::kInvalidArgument) << error.message;
    EXPECT_THAT(error.message, HasSubstr(field));
    EXPECT_LE(error.message.size(), 4096U);
  };
  refused([&](auto& r) { r.set_source("https://" + megabyte); }, "source");
  refused([&](auto& r) { r.set_sha256(megabyte); }, "sha256");
  refused([&](auto& r) { r.set_comment(megabyte); }, "comment");
  refused([&](auto& r) { r.set_request_id(megabyte); }, "request_id");
  refused([&](auto& r) { r.add_force(megabyte); }, "force");
  refused([&](auto& r) { r.mutable_hooks()->add_rollback(megabyte); }, "hooks.rollback");
  refused([&](auto& r) { r.mutable_timing()->add_windows(megabyte); }, "window");
  refused([&](auto& r) { r.mutable_timing()->add_blackouts(megabyte); }, "blackout");
  refused([&](auto& r) { r.mutable_timing()->set_timezone(megabyte); }, "zone");
  refused(
      [&](auto& r) {
        for (int i = 0; i < 50'000; ++i) r.add_force("x");
      },
      "force");
  refused(
      [&](auto& r) {
        for (int i = 0; i < 50'000; ++i) r.mutable_hooks()->add_pre("x");
      },
      "hooks");
  refused(
      [&](auto& r) {
        for (int i = 0; i < 50'000; ++i) r.mutable_timing()->add_windows("02:00-05:00");
      },
      "window");
  EXPECT_TRUE(engine_.ListSchedules(1).empty());
}

TEST_F(AbsurdRequests, NumbersBeyondTheirRangeAreRefused) {
  const auto refused = [&](const auto& change) {
    v1::ScheduleUpdateRequest request = GoodRequest();
    request.clear_timing();
    change(request);
    EXPECT_EQ(Refusal(request).code, ErrorCode::kInvalidArgument) << request.ShortDebugString();
  };
  constexpr auto kHuge = std::numeric_limits<uint32_t>::max();
  refused([](auto& r) { r.set_health_check_timeout_seconds(kHuge); });
  refused([](auto& r) { r.set_stop_after(static_cast<v1::StopAfter>(-1)); });
  refused([](auto& r) { r.mutable_timing()->set_random_delay_seconds(kHuge); });
  refused([](auto& r) { r.mutable_timing()->set_min_uptime_seconds(kHuge); });
  refused([](auto& r) { r.mutable_timing()->set_reboot_delay_seconds(kHuge); });
  for (const int64_t seconds :
       {std::numeric_limits<int64_t>::min(), int64_t{-1}, std::numeric_limits<int64_t>::max()}) {
    refused([&](auto& r) { r.mutable_timing()->mutable_at()->set_seconds(seconds); });
    refused([&](auto& r) { r.mutable_timing()->mutable_not_before()->set_seconds(seconds); });
    refused([&](auto& r) { r.mutable_timing()->mutable_not_after()->set_seconds(seconds); });
  }
  EXPECT_TRUE(engine_.ListSchedules(1).empty());
}

TEST_F(AbsurdRequests, TextThatIsNoUtf8EndsInNoRecord) {
  // Field 1 of RebootRequest and TriggerRollbackRequest: a text of two bytes that are none.
  for (const char* method : {"Reboot", "TriggerRollback"}) {
    const grpc::Status status = Send(method, std::string("\x0a\x02\xff\xfe", 4));
    EXPECT_FALSE(status.ok()) << method;
  }
  ExpectAlive();
}

}  // namespace
}  // namespace matic::api
