#include "lib/http/rate_limiter.h"

#include <gmock/gmock.h>

#include <atomic>
#include <stop_token>

#include "lib/http/curl_http_client.h"
#include "tests/unit/lib/http/http_server.h"
#include "tests/unit/lib/http/memory_sink.h"

namespace matic::http {
namespace {

using namespace std::chrono_literals;

class RateLimiterTest : public testing::Test {
 protected:
  // Bytes that one who takes 1000 at a time has after `duration`.
  uint64_t TakenIn(std::chrono::seconds duration) {
    const RateLimiter::Time end = now_ + duration;
    uint64_t taken = 0;
    while (now_ < end) {
      const auto pause = limiter_.Pause(now_);
      now_ += pause;
      if (pause.count() > 0) continue;
      limiter_.Take(1000, now_);
      taken += 1000;
      if (rate_ == 0 && taken > 1'000'000) break;  // as fast as it comes
    }
    return taken;
  }

  uint64_t rate_ = 0;
  RateLimiter limiter_{[this] { return rate_; }};
  RateLimiter::Time now_{1h};
};

TEST_F(RateLimiterTest, KeepsToTheRate) {
  for (const uint64_t rate : {2000u, 50'000u, 10'000'000u}) {
    rate_ = rate;
    (void)TakenIn(2s);  // what is left of the rate before
    const uint64_t taken = TakenIn(100s);
    EXPECT_GE(taken, rate * 99) << rate;
    EXPECT_LE(taken, rate * 101) << rate;
  }
}

TEST_F(RateLimiterTest, WithoutALimitNothingWaits) {
  EXPECT_GT(TakenIn(1s), 1'000'000u);
  RateLimiter none(nullptr);
  none.Take(1 << 30, now_);
  EXPECT_EQ(none.Pause(now_), 0ns);
}

TEST_F(RateLimiterTest, ALimitThatIsLiftedHoldsNothingBack) {
  rate_ = 1024;
  limiter_.Take(1 << 20, now_);
  EXPECT_EQ(limiter_.Pause(now_), 1s) << "then it is looked at again";
  rate_ = 0;
  now_ += 1s;
  EXPECT_EQ(limiter_.Pause(now_), 0ns);
}

TEST_F(RateLimiterTest, IdleTimeIsNoSavings) {
  rate_ = 1000;
  limiter_.Take(1000, now_);
  now_ += 1h;
  EXPECT_LE(TakenIn(10s), 12'000u);
}

// With a server behind it: bytes by bytes, not by the clock.

class LimitedDownloadTest : public testing::Test {
 protected:
  HttpServer server_;
  MemorySink sink_;
};

TEST_F(LimitedDownloadTest, WhatIsHeldBackArrivesWhole) {
  CurlHttpClient client({.ca_file = server_.ca_file(), .rate = [] { return 2'000'000; }});
  const auto head = client.Get({.url = server_.Https("/image"), .max_bytes = 1'000'000}, sink_, {});
  ASSERT_TRUE(head) << head.error().message;
  EXPECT_EQ(sink_.body, HttpServer::Content());
}

TEST_F(LimitedDownloadTest, ALimitIsNoStall) {
  // The server is fast enough; that we hold it back is not held against it.
  CurlHttpClient client({.ca_file = server_.ca_file(),
                         .low_speed_time = 1s,
                         .low_speed_bytes = 10'000'000,
                         .rate = [] { return 300'000; }});
  const auto head = client.Get({.url = server_.Https("/image"), .max_bytes = 1'000'000}, sink_, {});
  ASSERT_TRUE(head) << head.error().message;
  EXPECT_EQ(sink_.body, HttpServer::Content());
}

TEST_F(LimitedDownloadTest, AStallIsFoundUnderALimitToo) {
  CurlHttpClient client(
      {.ca_file = server_.ca_file(), .low_speed_time = 1s, .rate = [] { return 1'000'000; }});
  const auto head = client.Get({.url = server_.Https("/stall"), .max_bytes = 1'000'000}, sink_, {});
  ASSERT_FALSE(head);
  EXPECT_EQ(head.error().code, ErrorCode::kUnavailable) << head.error().message;
}

TEST_F(LimitedDownloadTest, TheLimitChangesWhileItRuns) {
  // Without the change it would take a quarter of an hour, so that the whole body is the proof.
  std::atomic<uint64_t> rate = 1024;
  std::atomic<int> asked = 0;
  CurlHttpClient client({.ca_file = server_.ca_file(), .rate = [&] {
                           if (++asked == 3) rate = 0;
                           return rate.load();
                         }});
  const auto head = client.Get(
      {.url = server_.Https("/image"), .max_bytes = 1'000'000, .deadline = 60s}, sink_, {});
  ASSERT_TRUE(head) << head.error().message;
  EXPECT_EQ(sink_.body, HttpServer::Content());
  EXPECT_GE(asked, 3);
}

class CountingSink final : public BodySink {
 public:
  Result<> Begin(const ResponseHead&) override { return {}; }
  Result<> Write(std::span<const uint8_t> bytes) override {
    count += bytes.size();
    return {};
  }
  uint64_t count = 0;
};

TEST_F(LimitedDownloadTest, ALimitThatComesWhileItRunsHolds) {
  constexpr uint64_t kBefore = 5'000'000, kAfter = 50'000;
  CountingSink sink;
  std::stop_source stop;
  uint64_t at_change = 0;
  std::chrono::steady_clock::time_point changed;
  int asked = 0;
  CurlHttpClient client({.ca_file = server_.ca_file(), .rate = [&]() -> uint64_t {
                           ++asked;
                           if (asked == 3) {
                             at_change = sink.count;
                             changed = std::chrono::steady_clock::now();
                           }
                           if (asked == 6) stop.request_stop();
                           return asked < 3 ? kBefore : kAfter;
                         }});
  const auto head = client.Get({.url = server_.Https("/endless"), .max_bytes = UINT64_MAX}, sink,
                               stop.get_token());
  ASSERT_FALSE(head);
  EXPECT_EQ(head.error().code, ErrorCode::kCancelled) << head.error().message;
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - changed;
  const auto since = static_cast<double>(sink.count - at_change);
  EXPECT_LT(since, 1.5 * static_cast<double>(kAfter) * passed.count());
  EXPECT_GT(static_cast<double>(at_change), 3 * since) << "in two seconds, and in three after them";
}

}  // namespace
}  // namespace matic::http
