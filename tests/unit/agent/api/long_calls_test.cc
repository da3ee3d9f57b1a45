// Calls that ask servers and programs: how many at once, and what ends them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "tests/unit/agent/api/served.h"

namespace matic::api {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class LongCallsTest : public ServerTest {
 protected:
  struct Call {
    grpc::ClientContext context;
    grpc::Status status;
    std::thread thread;
  };

  LongCallsTest() {
    engine_.HoldPlans();
    Start();
  }
  ~LongCallsTest() override {
    for (const auto& call : calls_) call->context.TryCancel();
    Join();
  }

  void BeginPlan() {
    auto& call = *calls_.emplace_back(std::make_unique<Call>());
    call.thread = std::thread([this, &call] {
      v1::PlanUpdateRequest request;
      request.mutable_update()->set_source("https://updates.example/os.squashfs");
      request.mutable_update()->set_sha256(std::string(64, 'a'));
      v1::PlanUpdateResponse response;
      call.status = Local()->PlanUpdate(&call.context, request, &response);
    });
  }
  void AwaitHeld(int count) {
    while (engine_.held_plans() != count) std::this_thread::sleep_for(1ms);
  }
  void Join() {
    for (const auto& call : calls_) {
      if (call->thread.joinable()) call->thread.join();
    }
  }
  grpc::Status Health() {
    grpc::ClientContext context;
    v1::GetHealthResponse response;
    return Local()->GetHealth(&context, {}, &response);
  }

  std::vector<std::unique_ptr<Call>> calls_;
};

TEST_F(LongCallsTest, BeyondSomeAreToldToComeBackAndWhoHangsUpHoldsNothing) {
  for (int i = 0; i < 8; ++i) BeginPlan();
  AwaitHeld(8);
  const grpc::Status refused = Health();
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(refused.error_message(), HasSubstr("under way already"));
  calls_.front()->context.TryCancel();
  AwaitHeld(7);
  while (!Health().ok()) std::this_thread::sleep_for(1ms);
}

TEST_F(LongCallsTest, TheServerStopsAllTheSame) {
  BeginPlan();
  AwaitHeld(1);
  server_->Shutdown();
  EXPECT_EQ(engine_.held_plans(), 0);
  Join();
  EXPECT_EQ(calls_.front()->status.error_code(), grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace matic::api
