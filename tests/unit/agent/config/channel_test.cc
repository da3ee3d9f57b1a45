#include <gmock/gmock.h>

#include "tests/unit/agent/config/config_folder.h"

namespace matic::config {
namespace {

using ::testing::HasSubstr;

class ChannelConfigTest : public ConfigFolder {};

TEST_F(ChannelConfigTest, NothingIsFollowedUnlessSaid) {
  const auto config = LoadText("name: n");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->trust.root, "/etc/matic/root.json");
  EXPECT_EQ(config->trust.product, "");
  EXPECT_FALSE(config->trust.required);
  EXPECT_EQ(config->channel.url, "");
}

TEST_F(ChannelConfigTest, EveryKeyIsRead) {
  const auto config = LoadText(R"(
trust: {root: /usr/share/shop/root.json, product: shop:edge_2, required: true}
channel:
  url: https://user@updates.example.com/edge/stable.json?site=7
  poll: false
  interval_seconds: 10
  jitter_seconds: 0
  enable_auto_rollback: false
)");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->trust, (Trust{"/usr/share/shop/root.json", "shop:edge_2", true}));
  EXPECT_EQ(config->channel,
            (Channel{"https://user@updates.example.com/edge/stable.json?site=7", false,
                     std::chrono::seconds(10), std::chrono::seconds(0), false}));
}

TEST_F(ChannelConfigTest, WhatCannotBeFollowedIsRefused) {
  const struct {
    const char* text;
    const char* complaint;
  } cases[] = {
      {"trust: {root: root.json}", "trust.root: must be an absolute path"},
      {"trust: {product: shop edge}", "trust.product: must be at most 64 letters"},
      {"channel: {url: 'ftp://h/stable.json'}", "channel.url: must be the https://"},
      {"channel: {url: 'https://h/os.squashfs'}", "channel.url: must be the https://"},
      {"channel: {url: 'https://h/os?stable.json'}", "channel.url: must be the https://"},
      {"channel: {url: 'file://h/stable.json'}", "channel.url: must be the https://"},
      {"channel: {url: 'https://h/a b.json'}", "channel.url: must be the https://"},
      {"channel: {interval_seconds: 9}", "channel.interval_seconds: must be a number from 10"},
      {"channel: {jitter_seconds: 2592001}", "channel.jitter_seconds: must be a number from 0"},
      {"channel: {branch: stable}", "channel.branch: no such key"},
      {"trust: {required: true}", "trust.required: needs `trust.product`"},
      {"backend: nixos\ntrust: {product: p, required: true}",
       "agent.yaml:2: trust.required: is about images, and would do nothing with `backend: nixos`"},
      {"channel: {url: 'https://h/stable.json'}", "channel.url: needs `trust.product`"},
  };
  for (const auto& c : cases) EXPECT_THAT(Complaint(c.text), HasSubstr(c.complaint)) << c.text;
}

}  // namespace
}  // namespace matic::config
