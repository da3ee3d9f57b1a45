#include "agent/health/journal_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/fake_process_runner.h"

namespace matic::health {
namespace {

using testing::Contains;
using testing::HasSubstr;

class JournalCheckTest : public testing::Test {
 protected:
  Finding Run() { return JournalCheck(check_, processes_).Run({}); }

  std::vector<std::string> Argv(const std::vector<std::string>& more) const {
    std::vector<std::string> argv = {"journalctl", "--boot",       "--quiet",
                                     "--no-pager", "--output=cat", "--priority=3"};
    if (!check_.pattern.empty()) {
      argv.insert(argv.end(), {"--case-sensitive=yes", "--grep=" + check_.pattern});
    }
    argv.insert(argv.end(), more.begin(), more.end());
    return argv;
  }

  // What journalctl prints when it is asked for at most `asked` of the messages.
  void Found(uint32_t asked, Result<ProcessOutcome> outcome) {
    processes_.Script(Argv({"--output-fields=_BOOT_ID", "--lines=" + std::to_string(asked)}),
                      std::move(outcome));
  }

  config::JournalCheck check_{.name = "oom", .settings = {}, .pattern = "Out of memory"};
  fakes::FakeProcessRunner processes_;
};

TEST_F(JournalCheckTest, WithAPatternNoMatchIsExitCodeOne) {
  Found(1, ProcessOutcome{1, ""});
  EXPECT_TRUE(Run().passed);
  EXPECT_EQ(Run().output, "no messages");
}

TEST_F(JournalCheckTest, WithoutAPatternItIsAnError) {
  check_.pattern = "";
  Found(1, ProcessOutcome{1, ""});
  EXPECT_FALSE(Run().passed);
}

TEST_F(JournalCheckTest, WithoutAPatternNothingIsNothing) {
  check_.pattern = "";
  Found(1, ProcessOutcome{0, ""});
  EXPECT_TRUE(Run().passed);
}

TEST_F(JournalCheckTest, AMessageTooManyFailsAndIsQuoted) {
  Found(1, ProcessOutcome{0, "c131009183964ca6b0c8d577012adc9b\n"});
  processes_.Script(Argv({"--lines=2"}), ProcessOutcome{0, "Out of memory: Killed process 17\n"});
  EXPECT_FALSE(Run().passed);
  EXPECT_EQ(Run().output, "there are messages: \"Out of memory: Killed process 17\"");
}

TEST_F(JournalCheckTest, SomeMessagesMayBeAllowed) {
  check_.max_matches = 2;
  Found(3, ProcessOutcome{0, "c1\nc1\n"});
  EXPECT_TRUE(Run().passed);
  EXPECT_EQ(Run().output, "2 messages, 2 are allowed");
}

TEST_F(JournalCheckTest, MoreThanAreAllowedFail) {
  check_.max_matches = 2;
  Found(3, ProcessOutcome{0, "c1\nc1\nc1\n"});
  EXPECT_FALSE(Run().passed);
  EXPECT_EQ(Run().output, "more than 2 messages");
}

TEST_F(JournalCheckTest, WithoutAnAnswerNothingIsWell) {
  Found(1, ProcessOutcome{1, "Bad pattern \"(a\": missing closing parenthesis\n"});
  EXPECT_THAT(Run().output, HasSubstr("Bad pattern"));
  EXPECT_FALSE(Run().passed);
}

TEST_F(JournalCheckTest, AUnitAndAPriorityNarrowIt) {
  check_ = {.name = "shop",
            .settings = {},
            .pattern = "",
            .priority = config::JournalPriority::kWarning,
            .unit = "shop.service"};
  Run();
  ASSERT_EQ(processes_.runs().size(), 1u);
  EXPECT_THAT(processes_.runs()[0], Contains("--priority=4"));
  EXPECT_THAT(processes_.runs()[0], Contains("--unit=shop.service"));
}

}  // namespace
}  // namespace matic::health
