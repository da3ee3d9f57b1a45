#include "lib/notify/deliver_once.h"

#include <gtest/gtest.h>

#include "tests/fakes/fake_process_runner.h"
#include "tests/unit/lib/notify/fake_transport.h"

namespace matic::notify {
namespace {

Channel Hook(const std::string& name) {
  Channel channel;
  channel.name = name;
  channel.target = Webhook{
      .url = "https://" + name + ".example.com", .url_secret = {}, .token = {}, .ca_file = {}};
  return channel;
}

TEST(DeliverOnceTest, EachIsTriedAndSaysWhatCameOfIt) {
  FakeTransport transport;
  transport.AnswerAt("https://down.example.com", {.status = 503, .retry_after = {}, .text = ""});
  fakes::FakeProcessRunner processes;
  const Courier courier(transport, processes);
  Channel picky = Hook("picky");
  picky.min_level = Level::kError;
  picky.events = {Event::kRolledBack};
  Message message;
  message.title = "Maintenance\nat ten";
  const auto reports = DeliverOnce({Hook("down"), picky, Hook("up")}, courier, message);
  ASSERT_EQ(reports.size(), 3u);
  EXPECT_EQ(reports[0].channel, "down");
  EXPECT_EQ(reports[0].title, "Maintenance at ten");
  ASSERT_TRUE(reports[0].error);
  EXPECT_EQ(reports[0].error->code, ErrorCode::kUnavailable);
  EXPECT_TRUE(reports[0].given_up);
  EXPECT_EQ(reports[1].channel, "picky");
  EXPECT_FALSE(reports[1].error);
  EXPECT_FALSE(reports[2].error);
  EXPECT_EQ(transport.requests().size(), 3u);
}

}  // namespace
}  // namespace matic::notify
