#include "agent/fleetlock/protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace matic::fleetlock {
namespace {

using ::testing::Contains;
using ::testing::Not;

const Target kTarget{"https://lock.example.com/base", "workers",
                     "c988d2509fdf5cdcbed39037c56406fb"};

TEST(ProtocolTest, ARequestIsWhatTheProtocolSays) {
  const http::PostRequest request =
      MakeRequest(kTarget, Call::kPreReboot, std::chrono::seconds(30));
  EXPECT_EQ(request.url, "https://lock.example.com/base/v1/pre-reboot");
  EXPECT_THAT(request.headers, Contains("fleet-lock-protocol: true"));
  EXPECT_EQ(nlohmann::json::parse(request.body),
            nlohmann::json::parse(R"({"client_params": {"group": "workers",
                                      "id": "c988d2509fdf5cdcbed39037c56406fb"}})"));
  EXPECT_EQ(MakeRequest(kTarget, Call::kSteadyState, std::chrono::seconds(30)).url,
            "https://lock.example.com/base/v1/steady-state");
}

TEST(ProtocolTest, AnIdMayHoldAnything) {
  Target target = kTarget;
  target.id = "a \"quoted\" id\xff";
  const auto body =
      nlohmann::json::parse(MakeRequest(target, Call::kPreReboot, std::chrono::seconds(1)).body);
  EXPECT_EQ(body["client_params"]["id"], "a \"quoted\" id\xef\xbf\xbd");
}

TEST(ProtocolTest, OnlyA200Grants) {
  EXPECT_TRUE(IsGranted({200, "<html>anything</html>"}));
  for (const int status : {0, 201, 204, 301, 302, 400, 404, 409, 500, 503}) {
    EXPECT_FALSE(IsGranted({status, R"({"kind": "ok", "value": "granted"})"})) << status;
  }
}

TEST(ProtocolTest, ARefusalIsToldInTheServersWords) {
  EXPECT_EQ(Explain({409, R"({"kind": "failed_lock_semaphore_full", "value": "all are locked"})"}),
            "held by others (all are locked)");
  EXPECT_EQ(Explain({423, ""}), "held by others");
  EXPECT_EQ(Explain({500, R"({"kind": "failed_lock", "value": "no database"})"}),
            "the server answered HTTP 500 (no database)");
}

TEST(ProtocolTest, GarbageIsNotShown) {
  for (const char* body : {"", "<html>", "[1, 2", "null", "[]", "7", R"({"value": 7})",
                           R"({"value": ["x"]})", "{\"value\": \"\\ud800\"}"}) {
    EXPECT_EQ(Explain({409, body}), "held by others") << body;
  }
  EXPECT_EQ(Explain({502, std::string(4096, '[')}), "the server answered HTTP 502");
}

TEST(ProtocolTest, WhatAServerSaysStaysALine) {
  EXPECT_EQ(Explain({409, R"({"value": "one\ntwo\u001b[31m"})"}), "held by others (one two [31m)");
  const std::string longer = Explain({409, R"({"value": ")" + std::string(3000, 'x') + "\"}"});
  EXPECT_LT(longer.size(), 300u);
}

TEST(ProtocolTest, ASlotIsNamedWithoutSecrets) {
  EXPECT_EQ(SlotOf(kTarget), "a reboot slot of https://lock.example.com/base (group workers)");
  EXPECT_THAT(SlotOf({"https://u:secret@lock.example.com", "g", "i"}),
              Not(testing::HasSubstr("secret")));
}

}  // namespace
}  // namespace matic::fleetlock
