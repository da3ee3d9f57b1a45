#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "agent/api/server.h"
#include "lib/rpc/channel.h"
#include "matic/v1/node.grpc.pb.h"
#include "tests/unit/agent/engine/machine.h"

namespace matic::engine {
namespace {

using namespace std::chrono_literals;

constexpr int kCallers = 6;
constexpr int kCalls = 150;  // of each

// What an agent may answer to a call that comes at the wrong moment.
const std::set<grpc::StatusCode> kExpected = {
    grpc::StatusCode::OK,        grpc::StatusCode::FAILED_PRECONDITION,
    grpc::StatusCode::NOT_FOUND, grpc::StatusCode::UNAVAILABLE,
    grpc::StatusCode::CANCELLED, grpc::StatusCode::DEADLINE_EXCEEDED,
    grpc::StatusCode::ABORTED,   grpc::StatusCode::ALREADY_EXISTS,
};

// Somebody with a connection of their own, who wants everything in no order.
class CallerOfEverything {
 public:
  CallerOfEverything(const std::filesystem::path& socket, unsigned seed)
      : socket_(socket), random_(seed) {
    Connect();
  }

  void Call() {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + 30s);
    const grpc::Status status = Ask(context);
    answers[status.error_code()] += 1;
    EXPECT_THAT(kExpected, testing::Contains(status.error_code())) << status.error_message();
    if (status.error_code() == grpc::StatusCode::UNAVAILABLE) Connect();
  }

  std::map<grpc::StatusCode, int> answers;

 private:
  // Over a connection that ends with the agent.
  void Connect() {
    const auto limit = std::chrono::steady_clock::now() + 60s;
    auto channel = rpc::OpenUnixChannel(socket_);
    while (!channel && std::chrono::steady_clock::now() < limit) {
      std::this_thread::sleep_for(1ms);
      channel = rpc::OpenUnixChannel(socket_);
    }
    ASSERT_TRUE(channel) << channel.error().message;
    stub_ = v1::Node::NewStub(*channel);
  }

  grpc::Status Ask(grpc::ClientContext& context) {
    switch (random_() % 12) {
      case 0:
      case 1:
        return Schedule(context);
      case 2: {
        v1::CancelScheduleRequest request;
        request.set_schedule_id(newest_);
        request.set_reason("changed my mind");
        v1::CancelScheduleResponse response;
        return stub_->CancelSchedule(&context, request, &response);
      }
      case 3:
      case 4:
        return Watch(context);
      case 5:
      case 6: {
        v1::GetHealthRequest request;
        request.set_refresh(random_() % 2 == 0);
        v1::GetHealthResponse response;
        return stub_->GetHealth(&context, request, &response);
      }
      case 7: {
        v1::TriggerRollbackRequest request;
        request.set_reason("better before");
        v1::TriggerRollbackResponse response;
        return stub_->TriggerRollback(&context, request, &response);
      }
      case 8: {
        v1::ListSchedulesResponse response;
        const grpc::Status listed = stub_->ListSchedules(&context, {}, &response);
        if (response.schedules_size() > 0) newest_ = response.schedules(0).id();
        return listed;
      }
      case 9: {
        v1::GetHistoryResponse response;
        return stub_->GetHistory(&context, {}, &response);
      }
      case 10: {
        v1::GetRollbackHistoryResponse response;
        return stub_->GetRollbackHistory(&context, {}, &response);
      }
      default: {
        v1::GetStatusResponse response;
        return stub_->GetStatus(&context, {}, &response);
      }
    }
  }

  grpc::Status Schedule(grpc::ClientContext& context) {
    v1::ScheduleUpdateRequest request;
    const char version = random_() % 2 == 0 ? '2' : '3';
    request.set_source(std::string("https://example.com/") + version + ".0.squashfs");
    request.set_sha256(std::string(64, version));
    request.set_enable_auto_rollback(true);
    v1::ScheduleUpdateResponse response;
    return stub_->ScheduleUpdate(&context, request, &response);
  }

  // For a moment, or to the end.
  grpc::Status Watch(grpc::ClientContext& context) {
    const std::chrono::milliseconds patience(random_() % 50);
    context.set_deadline(std::chrono::system_clock::now() + patience);
    const auto reader = stub_->WatchSchedule(&context, {});
    v1::WatchScheduleResponse message;
    while (reader->Read(&message)) EXPECT_NE(message.schedule().id(), "");
    return reader->Finish();
  }

  const std::filesystem::path socket_;
  std::unique_ptr<v1::Node::Stub> stub_;
  std::mt19937 random_;
  std::string newest_ = "sched-20200101-001";  // that it has heard of
};

class StressTest : public testing::Test {
 protected:
  StressTest() {
    options_.socket = machine_.folder.File("run/agent.sock");
    options_.socket_group = "";
    options_.audit_file = machine_.folder.File("audit.jsonl");
    machine_.backend.Offer("https://example.com/3.0.squashfs", "3.0", true);
    machine_.SetCheck("service", "3.0", Found::kFail);
    machine_.StartAgent();
    Serve();
  }

  void Serve() {
    auto server = api::Server::Start(options_, machine_.engine());
    ASSERT_TRUE(server) << server.error().message;
    server_ = *std::move(server);
  }

  // The machine reboots when it wants to, and its agent is started again now and then.
  void LiveUntil(const std::atomic<int>& left) {
    auto restart = std::chrono::steady_clock::now() + 500ms;
    while (left > 0) {
      std::this_thread::sleep_for(1ms);
      const bool tired = std::chrono::steady_clock::now() > restart;
      if (!tired && !machine_.AsksForReboot()) continue;
      server_.reset();
      if (machine_.AsksForReboot()) {
        machine_.Reboot();
      } else {
        machine_.StopAgent();
        machine_.StartAgent();
      }
      ++starts_;
      Serve();
      restart = std::chrono::steady_clock::now() + 500ms;
    }
    server_.reset();
  }

  Machine machine_;
  api::ApiOptions options_;
  std::unique_ptr<api::Server> server_;
  int starts_ = 0;
};

TEST_F(StressTest, WhateverIsAskedAtOnceTheAgentComesToRestAndUpdates) {
  std::atomic<int> left = kCallers;
  std::vector<std::unique_ptr<CallerOfEverything>> callers;
  std::vector<std::jthread> threads;
  for (unsigned seed = 0; seed < kCallers; ++seed) {
    callers.push_back(std::make_unique<CallerOfEverything>(options_.socket, seed));
    threads.emplace_back([&left, &caller = *callers.back()] {
      for (int i = 0; i < kCalls; ++i) caller.Call();
      --left;
    });
  }
  LiveUntil(left);
  threads.clear();
  int answered = 0;
  for (const auto& caller : callers) answered += caller->answers[grpc::StatusCode::OK];
  EXPECT_GT(answered, kCallers * kCalls / 4) << "most were turned away";
  EXPECT_GT(starts_, 2);

  machine_.RunToRest();
  for (const engine::Schedule& schedule : machine_.engine().ListSchedules(1000)) {
    EXPECT_NE(schedule.state, ScheduleState::kPending) << schedule.id;
    EXPECT_NE(schedule.state, ScheduleState::kInProgress) << schedule.id;
  }
  EXPECT_NE(machine_.backend.slot(machine_.backend.running()).version, "3.0") << "a sick one";
  // One that nobody has had yet.
  machine_.backend.Offer("https://example.com/4.0.squashfs", "4.0", true);
  ScheduleRequest request = machine_.Request();
  request.source = "https://example.com/4.0.squashfs";
  request.sha256 = std::string(64, '4');
  const std::string id = machine_.Schedule(request);
  machine_.RunToRest();
  EXPECT_EQ(machine_.Get(id).state, ScheduleState::kCompleted) << machine_.Get(id).reason;
  EXPECT_EQ(machine_.backend.slot(machine_.backend.running()).version, "4.0");
}

}  // namespace
}  // namespace matic::engine
