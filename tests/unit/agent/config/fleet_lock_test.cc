#include <gmock/gmock.h>

#include "tests/unit/agent/config/config_folder.h"

namespace matic::config {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class FleetLockConfigTest : public ConfigFolder {};

TEST_F(FleetLockConfigTest, NobodyIsAskedUnlessItIsSaid) {
  const auto config = LoadText("name: n");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->fleet_lock.url, "");
  EXPECT_EQ(config->fleet_lock.group, "default");
  EXPECT_EQ(config->fleet_lock.deadline.count(), 0);
  EXPECT_FALSE(config->fleet_lock.live);
}

TEST_F(FleetLockConfigTest, EveryKeyIsRead) {
  const auto config = LoadText(R"(
fleet_lock:
  url: https://lock.example.com/base/
  group: workers.eu-1
  id: machine a
  live: true
  ca_file: /srv/ca.pem
  client_certificate: /srv/node.pem
  client_key_secret: node-key
  timeout_seconds: 5
  retry_seconds: 6
  deadline_seconds: 7
)");
  ASSERT_TRUE(config) << config.error().message;
  FleetLock expected;
  expected.url = "https://lock.example.com/base";
  expected.group = "workers.eu-1";
  expected.id = "machine a";
  expected.live = true;
  expected.ca_file = "/srv/ca.pem";
  expected.client_certificate = "/srv/node.pem";
  expected.client_key_secret = "node-key";
  expected.timeout = std::chrono::seconds(5);
  expected.retry = std::chrono::seconds(6);
  expected.deadline = std::chrono::seconds(7);
  EXPECT_EQ(config->fleet_lock, expected);
}

TEST_F(FleetLockConfigTest, AUrlIsABaseWithoutSecrets) {
  for (const char* url :
       {"lock.example.com", "ftp://lock.example.com", "https://", "https:///v1",
        "'https://alice:geheim@lock.example.com'", "'https://lock.example.com/?token=geheim'",
        "'https://lock.example.com/#geheim'", "'https://lock.example.com/a b'",
        "[https://lock.example.com]"}) {
    const auto config = LoadText(std::string("fleet_lock: {url: ") + url + "}");
    ASSERT_FALSE(config) << url;
    EXPECT_THAT(config.error().message, HasSubstr("fleet_lock.url: must be the https://"));
    EXPECT_THAT(config.error().message, Not(HasSubstr("geheim")));
  }
  EXPECT_TRUE(LoadText("fleet_lock: {url: 'http://10.0.0.5:3333'}"));
  EXPECT_TRUE(LoadText("fleet_lock: {url: ''}"));
}

TEST_F(FleetLockConfigTest, AGroupIsWhatTheProtocolTakes) {
  for (const char* group : {"''", "'a b'", "ä", "a_b", "a/b"}) {
    const auto config = LoadText(std::string("fleet_lock: {group: ") + group + "}");
    ASSERT_FALSE(config) << group;
    EXPECT_THAT(config.error().message, HasSubstr("fleet_lock.group"));
  }
}

TEST_F(FleetLockConfigTest, ACertificateAndItsKeyGoTogether) {
  const auto no_key = LoadText("fleet_lock: {client_certificate: /srv/node.pem}");
  ASSERT_FALSE(no_key);
  EXPECT_THAT(no_key.error().message, HasSubstr("needs `fleet_lock.client_key_secret`"));
  const auto no_certificate = LoadText("fleet_lock: {client_key_secret: node-key}");
  ASSERT_FALSE(no_certificate);
  EXPECT_THAT(no_certificate.error().message, HasSubstr("needs `fleet_lock.client_certificate`"));
}

}  // namespace
}  // namespace matic::config
