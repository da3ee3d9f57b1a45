#include "agent/notices/try_channels.h"

#include <gtest/gtest.h>

#include "tests/fakes/fake_process_runner.h"
#include "tests/unit/lib/notify/fake_transport.h"

namespace matic::notices {
namespace {

notify::Channel Hook(const std::string& name) {
  notify::Channel channel;
  channel.name = name;
  channel.target = notify::Webhook{
      .url = "https://" + name + ".example.com", .url_secret = {}, .token = {}, .ca_file = {}};
  channel.min_level = notify::Level::kError;  // which a test passes by
  return channel;
}

TEST(TryChannelsTest, EachIsTriedAndSaysWhatCameOfIt) {
  notify::FakeTransport transport;
  transport.AnswerAt("https://down.example.com", {.status = 503, .retry_after = {}, .text = ""});
  fakes::FakeProcessRunner processes;
  const notify::Courier courier(transport, processes);
  const auto reports = TryChannels({Hook("down"), Hook("up")}, courier, "edge-7", WallTime{});
  ASSERT_EQ(reports.size(), 2u);
  EXPECT_EQ(reports[0].channel, "down");
  ASSERT_TRUE(reports[0].error);
  EXPECT_EQ(reports[0].error->code, ErrorCode::kUnavailable);
  EXPECT_EQ(reports[1].channel, "up");
  EXPECT_FALSE(reports[1].error);
  EXPECT_EQ(transport.requests().size(), 2u);
}

}  // namespace
}  // namespace matic::notices
