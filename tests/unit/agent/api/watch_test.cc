// WatchSchedule: what it tells, how often, and to how many.
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "tests/unit/agent/api/served.h"

namespace matic::api {
namespace {

using namespace std::chrono_literals;

TEST_F(ServerTest, AWatchTellsEveryPhaseAndEndsWithTheFinalState) {
  Start();
  const std::string id = Schedule();
  const auto stub = Local();
  grpc::ClientContext context;
  auto reader = stub->WatchSchedule(&context, {});
  v1::WatchScheduleResponse message;
  ASSERT_TRUE(reader->Read(&message));
  EXPECT_EQ(message.schedule().id(), id);
  EXPECT_EQ(message.schedule().state(), v1::SCHEDULE_STATE_PENDING);

  engine_.Advance(id, [](engine::Schedule& s) {
    s.state = engine::ScheduleState::kInProgress;
    s.phase = engine::Phase::kFetching;
  });
  ASSERT_TRUE(reader->Read(&message));
  EXPECT_EQ(message.schedule().phase(), v1::PHASE_FETCHING);

  engine_.Advance(id, [](engine::Schedule& s) {
    s.state = engine::ScheduleState::kFailed;
    s.phase = engine::Phase::kNone;
    s.reason = "sha256 does not match \xff";
  });
  ASSERT_TRUE(reader->Read(&message));
  EXPECT_EQ(message.schedule().state(), v1::SCHEDULE_STATE_FAILED);
  EXPECT_EQ(message.schedule().reason(), "sha256 does not match \uFFFD");
  EXPECT_FALSE(reader->Read(&message));
  EXPECT_TRUE(reader->Finish().ok());
}

TEST_F(ServerTest, AWatchSaysAtMostFourThingsASecond) {
  Start();
  const std::string id = Schedule();
  const auto stub = Local();
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + 1100ms);
  std::jthread busy([&](const std::stop_token& stop) {
    for (uint64_t i = 0; !stop.stop_requested(); ++i) {
      engine_.Advance(id, [i](engine::Schedule& s) { s.progress.bytes_done = i; });
      std::this_thread::sleep_for(5ms);
    }
  });
  auto reader = stub->WatchSchedule(&context, {});
  v1::WatchScheduleResponse message;
  int messages = 0;
  while (reader->Read(&message)) ++messages;
  EXPECT_GE(messages, 2);
  EXPECT_LE(messages, 5);
  EXPECT_EQ(engine_.GetSchedule(id)->state, engine::ScheduleState::kPending);  // nothing cancelled
}

TEST_F(ServerTest, ShutsDownWhileSomebodyWatches) {
  Start();
  Schedule();
  const auto stub = Local();
  grpc::ClientContext context;
  auto reader = stub->WatchSchedule(&context, {});
  v1::WatchScheduleResponse message;
  ASSERT_TRUE(reader->Read(&message));
  const auto begin = std::chrono::steady_clock::now();
  std::thread shutdown([&] { server_->Shutdown(); });
  while (reader->Read(&message)) {
  }
  const grpc::Status status = reader->Finish();
  shutdown.join();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
  EXPECT_EQ(rpc::FromStatus(status, context).code, ErrorCode::kUnavailable);
}

TEST_F(ServerTest, TheSeventeenthWatcherIsToldToComeBack) {
  Start();
  Schedule();
  struct Watcher {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReader<v1::WatchScheduleResponse>> reader;
  };
  const auto stub = Local();
  std::vector<std::unique_ptr<Watcher>> watchers;
  v1::WatchScheduleResponse message;
  for (int i = 0; i < 16; ++i) {
    watchers.push_back(std::make_unique<Watcher>());
    watchers.back()->reader = stub->WatchSchedule(&watchers.back()->context, {});
    ASSERT_TRUE(watchers.back()->reader->Read(&message)) << i;
  }
  grpc::ClientContext context;
  auto reader = stub->WatchSchedule(&context, {});
  EXPECT_FALSE(reader->Read(&message));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  // The rest of the API is not starved by them.
  grpc::ClientContext status_context;
  v1::GetStatusResponse status;
  EXPECT_TRUE(stub->GetStatus(&status_context, {}, &status).ok());
  for (auto& watcher : watchers) watcher->context.TryCancel();
}

}  // namespace
}  // namespace matic::api
