#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "osctl/fleet/planner/event.h"

namespace matic::fleet {
namespace {

using testing::HasSubstr;

const WallTime kAt{std::chrono::nanoseconds(1'772'000'000'123'456'789)};

TEST(EventJson, EveryKindComesBackAsItWas) {
  const std::vector<Happening> all = {
      Started{},
      Begun{Step::kReboot, "web1", 3},
      Begun{Step::kPostScript, "", 1},
      Seen{"web1", true, true, true, UnderWay::kOnTrial, "2.0", "a \"quoted\"\nline"},
      Failed{"web1", "no answer", true},
      GroupDone{Step::kCheckHealth, 2, false, {"web1", "web2"}, "not healthy"},
      Tick{},
      TakenUp{},
      Approved{"web"},
      Paused{},
      Unpaused{},
      Stopped{true, "by alice"},
      Notified{7},
  };
  std::set<size_t> kinds;
  for (const Happening& what : all) {
    const Event event{kAt, what};
    const auto back = ParseEvent(ToJson(event));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(*back, event) << ToJson(event);
    kinds.insert(what.index());
  }
  EXPECT_EQ(kinds.size(), std::variant_size_v<Happening>) << "a kind is missing here";
}

TEST(EventJson, IsOneLineThatPeopleCanRead) {
  EXPECT_EQ(ToJson({WallTime(std::chrono::nanoseconds(5)), Begun{Step::kRollBack, "db", 0}}),
            R"({"at_ns":5,"event":"begun","group":0,"machine":"db","step":"roll-back"})");
}

TEST(EventJson, TextThatIsNotUtf8IsMadeReadable) {
  const auto back = ParseEvent(ToJson({kAt, Failed{"web1", "bad \xff byte", false}}));
  ASSERT_TRUE(back);
  EXPECT_EQ(std::get<Failed>(back->what).why, "bad \xEF\xBF\xBD byte");
}

TEST(EventJson, FieldsThatAreMissingHaveTheirDefaults) {
  const auto event = ParseEvent(R"({"event":"group-done","at_ns":0})");
  ASSERT_TRUE(event);
  EXPECT_EQ(event->what, Happening(GroupDone{}));
}

TEST(EventJson, WhatIsNotAnEventIsRefusedByItsField) {
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"", "parse"},
      {"[]", "event of a run"},
      {R"({"at_ns":1})", "event"},
      {R"({"event":"tick"})", "at_ns"},
      {R"({"event":"boom","at_ns":1})", "'boom'"},
      {R"({"event":"begun","at_ns":1,"step":"jump"})", "step: 'jump'"},
      {R"({"event":"seen","at_ns":1,"under_way":"x"})", "under_way: 'x'"},
      {R"({"event":"stopped","at_ns":1,"revert":"yes"})", "boolean"},
  };
  for (const auto& [text, part] : wrong) {
    const auto event = ParseEvent(text);
    ASSERT_FALSE(event) << text;
    EXPECT_EQ(event.error().code, ErrorCode::kCorrupt) << text;
    EXPECT_THAT(event.error().message, HasSubstr(part)) << text;
  }
}

}  // namespace
}  // namespace matic::fleet
