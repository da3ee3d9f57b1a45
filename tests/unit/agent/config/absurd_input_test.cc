// What no person writes: each ends in an error that names the file, and none takes long or crashes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/unit/agent/config/config_folder.h"

namespace matic::config {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::StartsWith;

class AbsurdInputTest : public ConfigFolder {};

std::string Repeated(const std::string& text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i) result += text;
  return result;
}

TEST_F(AbsurdInputTest, BytesThatAreNoTextAreToldWithTheirLine) {
  const struct {
    std::string text;
    const char* complaint;
  } cases[] = {
      {std::string("tries: 3\n\0", 10), "agent.yaml:2: a zero byte is in the text"},
      {std::string("name: a\0b\n", 10), "agent.yaml:1: a zero byte is in the text"},
      {"tries: 3\n\nname: \xff\n", "agent.yaml:3: the text is not UTF-8"},
      {"# \xc3\x28\n", "agent.yaml:1: the text is not UTF-8"},
      {"# overlong \xc0\xaf\n", "agent.yaml:1: the text is not UTF-8"},
      {"# surrogate \xed\xa0\x80\n", "agent.yaml:1: the text is not UTF-8"},
      {"# cut short \xe2\x82", "agent.yaml:1: the text is not UTF-8"},
      {std::string("\xff\xfet\0r\0", 6), "agent.yaml:1: the text is not UTF-8"},  // UTF-16
  };
  for (const auto& [text, complaint] : cases) EXPECT_EQ(Complaint(text), complaint);
  EXPECT_EQ(Complaint("# grün\n"), "taken");
  EXPECT_EQ(Complaint("\xef\xbb\xbftries: 3\n"), "taken");  // a byte order mark of UTF-8
}

TEST_F(AbsurdInputTest, AMillionLaughsAreNotLaughed) {
  std::string text = "a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c <= 'z'; ++c) {
    const std::string before = std::string("*") + static_cast<char>(c - 1);
    text += std::string(1, c) + ": &" + c + " [" + Repeated(before + ",", 9) + "]\n";
  }
  EXPECT_EQ(Complaint(text), "agent.yaml:1: anchors are not taken here");
  EXPECT_EQ(Complaint("health: &h {retries: 3}\n"), "agent.yaml:1: anchors are not taken here");
  EXPECT_THAT(Complaint("health: {<<: *defaults}\n"), StartsWith("agent.yaml:1: "));
}

TEST_F(AbsurdInputTest, DepthEndsInAnError) {
  const std::string texts[] = {
      Repeated("[", 200000),
      Repeated("{", 200000),
      Repeated("{a: ", 200000),
      Repeated("- ", 200000),
      Repeated("? ", 200000),
      Repeated("[{a: ", 100000),
      "health: " + Repeated("[", 500) + Repeated("]", 500),
      Repeated("a: ", 1000),
      Repeated("!t ", 100000) + "x",
  };
  for (const std::string& text : texts) {
    EXPECT_THAT(Complaint(text), StartsWith("agent.yaml")) << text.substr(0, 20);
  }
  std::string stairs;
  for (int i = 0; i < 1200; ++i) stairs += std::string(static_cast<size_t>(i), ' ') + "a:\n";
  EXPECT_THAT(Complaint(stairs), StartsWith("agent.yaml"));
}

TEST_F(AbsurdInputTest, SizeEndsInAnError) {
  EXPECT_EQ(Complaint(std::string(10 << 20, '#')),
            "read " + (folder_ / "agent.yaml").string() + ": larger than 1048576 bytes");
  EXPECT_THAT(Complaint("name: " + std::string(1000000, 'x')),
              AllOf(StartsWith("agent.yaml:1: name: must be a name of"), HasSubstr("xx…'")));
  EXPECT_THAT(Complaint(std::string(1000, 'k') + ": 1"),
              AllOf(StartsWith("agent.yaml:1: "), HasSubstr("no such key")));
  std::string many;
  for (int i = 0; i < 60000; ++i) many += "k" + std::to_string(i) + ": 1\n";
  EXPECT_THAT(Complaint(many), HasSubstr("far more values than there are keys"));
}

TEST_F(AbsurdInputTest, NumbersThatNoMachineHasAreRefused) {
  for (const std::string number :
       {"1e9", "0x10", "+3", "3.0", "-0", "00000000000000000000000003x", "18446744073709551616",
        "NaN", ".inf", "~", "3 3", "三", "1_000"}) {
    EXPECT_THAT(Complaint("tries: " + number + "\n"), StartsWith("agent.yaml:1: tries: must be"))
        << number;
  }
  EXPECT_THAT(Complaint("tries: " + std::string(500000, '9') + "\n"),
              StartsWith("agent.yaml:1: tries: must be a number from 1 to 15, is '999"));
}

TEST_F(AbsurdInputTest, AKeyGivenTwiceIsRefusedAtAnyDepth) {
  EXPECT_EQ(Complaint("health: {retries: 3}\nhealth: {retries: 4}\n"),
            "agent.yaml:2: health: is given twice");
  EXPECT_EQ(Complaint("health:\n  checks:\n    boot: {critical: true}\n    boot: {}\n"),
            "agent.yaml:4: health.checks.boot: is given twice");
  EXPECT_EQ(Complaint("notifications:\n  channels:\n    - name: a\n      name: b\n"),
            "agent.yaml:4: notifications.channels[0].name: is given twice");
}

TEST_F(AbsurdInputTest, KeysThatAreNoNamesAreRefused) {
  for (const std::string key :
       {"'': 1", "{a: b}: 1", "[]: 1", "? [a, b]\n: 1", "'health.retries': 3x", "~: 1",
        "\"a\\0b\": 1", ".: 1", "health.: {}"}) {
    EXPECT_THAT(Complaint(key + "\n"), StartsWith("agent.yaml:1: ")) << key;
  }
}

TEST_F(AbsurdInputTest, AGoodFileWithAnyByteChangedIsTakenOrRefusedInWords) {
  const std::string good =
      "name: node-7\ntries: 2\nhealth:\n  retries: 4\n  checks:\n    service: {units: "
      "[a.service]}\n"
      "notifications:\n  channels:\n    - {name: ops, type: command, command: [/bin/tell]}\n"
      "maintenance: {windows: ['Sun 02:00-05:00']}\n";
  ASSERT_EQ(Complaint(good), "taken");
  std::mt19937 random(7);  // the same bytes each time
  for (int round = 0; round < 4000; ++round) {
    std::string text = good;
    for (auto changes = 1 + random() % 3; changes > 0; --changes) {
      const size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = static_cast<char>(random());
          break;
        case 1:
          text.erase(at, 1 + random() % 4);
          break;
        default:
          text.insert(at, 1, "{}[]:,-#&*!|>'\"%@`\n\t ?"[random() % 22]);
      }
    }
    EXPECT_THAT(Complaint(text), AnyOf("taken", StartsWith("agent.yaml"))) << text;
  }
}

}  // namespace
}  // namespace matic::config
