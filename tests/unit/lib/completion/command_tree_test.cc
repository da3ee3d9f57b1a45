#include "lib/completion/command_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

#include "lib/completion/completion.h"

namespace matic::completion {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const OptionFacts* Find(const Command& command, const std::string& name) {
  for (const OptionFacts& option : command.options) {
    if (option.names.back() == name) return &option;
  }
  return nullptr;
}

class CommandTree : public ::testing::Test {
 protected:
  CommandTree() : app_("Feeds animals", "zoo") {
    app_.fallthrough();
    TakesOneOf(app_.add_option("--output", output_, "How"), {"text", "json"});
    app_.add_option("--token", token_, "Not for people")->group("");
    feed_ = app_.add_subcommand("feed", "Feed one\nor two");
    feed_->add_option("--from", from_, "A bowl's folder")->type_name("DIR");
    feed_->add_option("-n,--name", name_, "It's name")->type_name("NAME");
    feed_->add_flag("--all", all_, "Everybody");
    feed_->add_option("MENU", menu_, "The menu")->type_name("FILE");
    app_.add_subcommand("secret", "Not for people")->group("");
  }

  CLI::App app_;
  CLI::App* feed_ = nullptr;
  std::string output_, token_, from_, name_, menu_;
  bool all_ = false;
};

TEST_F(CommandTree, HasWhatHelpShowsAndNothingElse) {
  const Command root = ReadCommands(app_);
  EXPECT_EQ(root.name, "zoo");
  ASSERT_EQ(root.commands.size(), 1U);
  EXPECT_EQ(root.commands[0].path, " feed");
  EXPECT_EQ(root.commands[0].description, "Feed one");
  EXPECT_EQ(Find(root, "--token"), nullptr);
  ASSERT_NE(Find(root, "--help"), nullptr);
}

TEST_F(CommandTree, KnowsWhatAValueIsCompletedWith) {
  const Command root = ReadCommands(app_);
  const Command& feed = root.commands[0];
  EXPECT_EQ(feed.operand, ValueKind::kFile);
  EXPECT_EQ(Find(feed, "--from")->value, ValueKind::kFolder);
  EXPECT_EQ(Find(feed, "--name")->value, ValueKind::kFreeText);
  EXPECT_THAT(Find(feed, "--name")->names, ElementsAre("-n", "--name"));
  EXPECT_EQ(Find(feed, "--all")->value, ValueKind::kNone);
  EXPECT_THAT(Find(root, "--output")->choices, ElementsAre("text", "json"));
}

TEST_F(CommandTree, AnOptionOfTheProgramIsTakenAfterItsCommandsToo) {
  const Command root = ReadCommands(app_);
  ASSERT_NE(Find(root.commands[0], "--output"), nullptr);
  EXPECT_THAT(Find(root.commands[0], "--output")->choices, ElementsAre("text", "json"));
}

TEST_F(CommandTree, WithoutFallthroughItIsNot) {
  CLI::App strict("Feeds animals", "zoo");
  strict.add_option("--output", output_);
  strict.add_subcommand("feed", "Feed one");
  EXPECT_EQ(Find(ReadCommands(strict).commands[0], "--output"), nullptr);
}

TEST_F(CommandTree, AValueThatIsNotOfferedIsRefused) {
  EXPECT_NO_THROW(app_.parse("--output json"));
  EXPECT_EQ(output_, "json");
  try {
    app_.parse("--output yaml");
    FAIL() << "yaml was taken";
  } catch (const CLI::ValidationError& error) {
    EXPECT_THAT(error.what(), HasSubstr("'yaml' is not text or json"));
  }
}

TEST_F(CommandTree, AQuoteInADescriptionEndsNoWordOfTheScript) {
  EXPECT_THAT(Script(app_, Shell::kZsh), HasSubstr(R"(It'\''s name)"));
  EXPECT_THAT(Script(app_, Shell::kFish), HasSubstr(R"(It\'s name)"));
  EXPECT_THAT(Script(app_, Shell::kBash), Not(HasSubstr("secret")));
}

TEST(ParseShell, RefusesAShellThatIsNotKnown) {
  EXPECT_TRUE(ParseShell("fish").has_value());
  const auto unknown = ParseShell("tcsh");
  ASSERT_FALSE(unknown.has_value());
  EXPECT_THAT(unknown.error().message, HasSubstr("bash, zsh or fish"));
}

}  // namespace
}  // namespace matic::completion
