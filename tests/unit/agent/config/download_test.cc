#include <gmock/gmock.h>

#include "tests/unit/agent/config/config_folder.h"

namespace matic::config {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class DownloadConfigTest : public ConfigFolder {};

TEST_F(DownloadConfigTest, WhatIsNotSaidIsNotDone) {
  const auto config = LoadText("name: n");
  ASSERT_TRUE(config);
  const Download& download = config->download;
  EXPECT_EQ(download.proxy, "");
  EXPECT_TRUE(download.client_certificate.empty());
  EXPECT_TRUE(download.headers.empty());
  EXPECT_EQ(download.rate, 0u);
  EXPECT_TRUE(download.limits.empty());
}

TEST_F(DownloadConfigTest, EveryKeyIsRead) {
  const auto config = LoadText(R"(
download:
  ca_file: /srv/ca.pem
  allow_http: false
  connect_timeout_seconds: 5
  low_speed_seconds: 6
  retries: 7
  retry_backoff_seconds: 8
  buffer_bytes: 1048576
  read_back: false
  low_speed_bytes: 2048
  document_timeout_seconds: 30
  client_certificate: /srv/node.pem
  client_key_secret: node-key
  proxy: http://proxy.example.com:3128
  proxy_secret: /srv/proxy
  no_proxy: [intern.example.com, 10.0.0.0/8]
  headers: [{host: 'cdn.example.com:8443', secret: cdn-token}]
  rate: 2M
  limits:
    - {window: "Mon-Fri 08:00-18:00", rate: 500K}
    - {window: "22:00-04:00", rate: 0}
  file_dirs: [/srv/incoming]
)");
  ASSERT_TRUE(config) << config.error().message;
  Download expected;
  expected.ca_file = "/srv/ca.pem";
  expected.allow_http = false;
  expected.connect_timeout = std::chrono::seconds(5);
  expected.low_speed = std::chrono::seconds(6);
  expected.retries = 7;
  expected.retry_backoff = std::chrono::seconds(8);
  expected.buffer_bytes = 1048576;
  expected.read_back = false;
  expected.low_speed_bytes = 2048;
  expected.document_timeout = std::chrono::seconds(30);
  expected.client_certificate = "/srv/node.pem";
  expected.client_key_secret = "node-key";
  expected.proxy = "http://proxy.example.com:3128";
  expected.proxy_secret = "/srv/proxy";
  expected.no_proxy = {"intern.example.com", "10.0.0.0/8"};
  expected.headers = {{"cdn.example.com:8443", "cdn-token"}};
  expected.rate = 2u << 20;
  expected.limits = {{calendar::ParseWindow("Mon-Fri 08:00-18:00").value(), 512'000},
                     {calendar::ParseWindow("22:00-04:00").value(), 0}};
  expected.file_dirs = {"/srv/incoming"};
  EXPECT_EQ(config->download, expected);
}

TEST_F(DownloadConfigTest, RatesAreWrittenAsForCurl) {
  const std::pair<const char*, uint64_t> rates[] = {{"0", 0},         {"1024", 1024},
                                                    {"1K", 1024},     {"500K", 512'000},
                                                    {"3M", 3u << 20}, {"1G", 1u << 30}};
  for (const auto& [text, rate] : rates) {
    const auto config = LoadText("download: {rate: " + std::string(text) + "}");
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->download.rate, rate) << text;
  }
  for (const char* text : {"1023", "-1", "''", "K", "1.5M", "1 M", "5MB", "500k", "2000000G",
                           "18446744073709551616", "17179869184G", "[1]", "{}"}) {
    EXPECT_THAT(Complaint("download: {rate: " + std::string(text) + "}"),
                HasSubstr("download.rate: must be bytes a second"))
        << text;
  }
}

TEST_F(DownloadConfigTest, WhatCannotBeIsRefused) {
  const struct {
    const char* text;
    const char* complaint;
  } cases[] = {
      {"{low_speed_bytes: 0}", "download.low_speed_bytes: must be a number from 1"},
      {"{document_timeout_seconds: 0}", "must be a number from 1 to 3600"},
      {"{client_certificate: node.pem}", "download.client_certificate: must be an absolute path"},
      {"{client_certificate: /n.pem}", "download.client_certificate: needs `download.client_key"},
      {"{client_key_secret: key}", "download.client_key_secret: needs `download.client_cert"},
      {"{client_key_secret: ../key}", "download.client_key_secret: must be the absolute path"},
      {"{proxy: 'proxy:3128'}", "download.proxy: must be http://HOST:PORT"},
      {"{proxy: 'http://proxy'}", "download.proxy: must be http://HOST:PORT"},
      {"{proxy: 'http://proxy:0'}", "download.proxy: must be http://HOST:PORT"},
      {"{proxy: 'http://proxy:3128/x'}", "download.proxy: must be http://HOST:PORT"},
      {"{proxy_secret: p}", "download.proxy_secret: needs `download.proxy`"},
      {"{no_proxy: [h]}", "download.no_proxy: needs `download.proxy`"},
      {"{proxy: 'http://p:1', no_proxy: ['a,b']}", "download.no_proxy: each item must be a host"},
      {"{headers: [{host: h}]}", "download.headers[0]: needs `secret`"},
      {"{headers: [{secret: s}]}", "download.headers[0]: needs `host`"},
      {"{headers: [{host: 'https://h', secret: s}]}", "download.headers[0].host: must be a host"},
      {"{headers: [{host: 'h:99999', secret: s}]}", "download.headers[0].host: must be a host"},
      {"{headers: [{host: 'h/x', secret: s}]}", "download.headers[0].host: must be a host"},
      {"{limits: [{rate: 1M}]}", "download.limits[0]: needs `window`"},
      {"{limits: [{window: '02:00-05:00'}]}", "download.limits[0]: needs `rate`"},
      {"{limits: [{window: 'Son 02:00-05:00', rate: 1M}]}", "no such weekday: 'Son'"},
      {"{limits: [{window: [], rate: 1M}]}", "download.limits[0].window: must be a window"},
      {"{file_dirs: [incoming]}", "download.file_dirs: each item must be an absolute path"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(Complaint("download: " + std::string(c.text)), HasSubstr(c.complaint)) << c.text;
  }
}

TEST_F(DownloadConfigTest, APasswordInTheProxysUrlIsRefusedAndNotShown) {
  const std::string complaint = Complaint("download: {proxy: 'http://alice:hunter2@proxy:3128'}");
  EXPECT_THAT(complaint, HasSubstr("download.proxy_secret"));
  EXPECT_THAT(complaint, Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace matic::config
