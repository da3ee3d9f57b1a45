#include "lib/settings/edit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/broken_text.h"

namespace matic::settings {
namespace {

using testing::HasSubstr;

std::string Set(const std::string& text, const std::vector<std::string>& path,
                const std::string& value, Spelling spelling = Spelling::kAlsoSnakeCase) {
  const auto changed = SetValue("a.yaml", text, path, value, spelling);
  return changed ? *changed : changed.error().message;
}

TEST(SetValue, ChangesAValueInItsPlace) {
  const struct {
    std::string text;
    std::vector<std::string> path;
    const char* value;
    std::string changed;
  } cases[] = {
      {"# top\na: 1  # one\nb: 2\n", {"a"}, "7", "# top\na: 7  # one\nb: 2\n"},
      {"a: '1' # one\n", {"a"}, "x y", "a: x y # one\n"},
      {"a: \"1 # \\\" no\" # one\n", {"a"}, "2", "a: 2 # one\n"},
      {"a: 'it''s'\n", {"a"}, "2", "a: 2\n"},
      {"s:\n  # of a\n  a: 1\n\n  b: 2\n", {"s", "a"}, "9", "s:\n  # of a\n  a: 9\n\n  b: 2\n"},
      {"s: {a: 1, b: 2}\n", {"s", "a"}, "9", "s: {a: 9, b: 2}\n"},
      {"s: {a: [1, ']'], b: 2} # end\n", {"s", "a"}, "[3]", "s: {a: [3], b: 2} # end\n"},
      {"s: {a: [it 's, x' ], b: 2}\n", {"s", "a"}, "[3]", "s: {a: [3], b: 2}\n"},
      {"s: {a: [ # it's ]\n ']', !!str ']', {k: ']'}, {\"k\":']'}], b: 2}\n",
       {"s", "a"},
       "[3]",
       "s: {a: [3], b: 2}\n"},
      {"a: [#]\n 1,#]\n 2#]\nb: 3\n", {"a"}, "[4]", "a: [4]\nb: 3\n"},
      {"a:\n  - 1 # one\n  - 2 # two\nb: 3\n", {"a"}, "[4, 5]", "a: [4, 5] # two\nb: 3\n"},
      {"a:\n- 1\n- 2\nb: 3\n", {"a"}, "[4]", "a: [4]\nb: 3\n"},
      {"a: [1] # one\n", {"a"}, "[4]\t # four", "a: [4] # one\n"},
      {"l:\n  - name: x\n    a: 1\n  - name: y\n    a: 1\n",
       {"l", "y", "a"},
       "2",
       "l:\n  - name: x\n    a: 1\n  - name: y\n    a: 2\n"},
      {"max_parallel: 3\n", {"maxParallel"}, "4", "max_parallel: 4\n"},
      {"a: ~ # none\n", {"a"}, "4", "a: 4 # none\n"},
      {"a: 1\r\nb: 2\r\n", {"a"}, "4", "a: 4\r\nb: 2\r\n"},
  };
  for (const auto& [text, path, value, changed] : cases) {
    EXPECT_EQ(Set(text, path, value), changed) << text;
  }
}

TEST(SetValue, AddsWhatIsMissing) {
  const struct {
    std::string text;
    std::vector<std::string> path;
    std::string changed;
  } cases[] = {
      {"a: 1\n", {"b"}, "a: 1\nb: 5\n"},
      {"a: 1", {"b"}, "a: 1\nb: 5\n"},
      {"", {"s", "b"}, "s:\n  b: 5\n"},
      {"# nothing yet\n", {"b"}, "# nothing yet\nb: 5\n"},
      {"a: 1\n", {"s", "t", "b"}, "a: 1\ns:\n  t:\n    b: 5\n"},
      {"s:\n    a: 1 # one\nz: 0\n", {"s", "b"}, "s:\n    a: 1 # one\n    b: 5\nz: 0\n"},
      {"s:\n  a: [1,\n      2]\nz: 0\n", {"s", "b"}, "s:\n  a: [1,\n      2]\n  b: 5\nz: 0\n"},
      {"s:\n  a:\n    - 1\nz: 0\n", {"s", "b"}, "s:\n  a:\n    - 1\n  b: 5\nz: 0\n"},
      {"s:\n  a:\nz: 0\n", {"s", "b"}, "s:\n  a:\n  b: 5\nz: 0\n"},
      {"s: {a: 1}\n", {"s", "b"}, "s: {a: 1, b: 5}\n"},
      {"s: {}\n", {"s", "b"}, "s: {b: 5}\n"},
      {"s: {a: 1}\n", {"s", "t", "b"}, "s: {a: 1, t: {b: 5}}\n"},
      {"s:  # empty\nz: 0\n", {"s", "b"}, "s:  # empty\n  b: 5\nz: 0\n"},
      {"a:\nz: 0\n", {"a"}, "a: 5\nz: 0\n"},
      {"l:\n  - name: x\n    a: 1\n  - name: y\n",
       {"l", "x", "b"},
       "l:\n  - name: x\n    a: 1\n    b: 5\n  - name: y\n"},
  };
  for (const auto& [text, path, changed] : cases) EXPECT_EQ(Set(text, path, "5"), changed) << text;
}

TEST(SetValue, AValueReadsBackAsItWasGiven) {
  for (const std::string value : {"plain",
                                  "10%",
                                  "22:00-04:00",
                                  "Mon-Fri 22:00-04:00",
                                  "a: b",
                                  "a #b",
                                  "it's",
                                  "- x",
                                  "null",
                                  "~",
                                  "",
                                  "*x",
                                  "&x",
                                  "{a}",
                                  "x, y",
                                  "\"q\"",
                                  "/a/b",
                                  "ssh://root@nas:22",
                                  "-1",
                                  "key:"}) {
    for (const std::string text : {"a: 1\n", "s: {a: 1}\n"}) {
      const bool inner = text.starts_with('s');
      const auto path = inner ? std::vector<std::string>{"s", "a"} : std::vector<std::string>{"a"};
      const auto changed = SetValue("a.yaml", text, path, value, Spelling::kAsFields);
      ASSERT_TRUE(changed) << value << ": " << changed.error().message;
      const auto root = ParseDocument("a.yaml", *changed);
      const Value& at = root->entries.at(0).value;
      EXPECT_EQ((inner ? at.entries.at(0).value : at).text, value) << *changed;
    }
  }
}

TEST(SetValue, WhatItCannotDoItLeaves) {
  EXPECT_THAT(Set("a: |\n  one\n  two\n", {"a"}, "1"), HasSubstr("edit the file"));
  EXPECT_THAT(Set("a: one\n   two\n", {"a"}, "1"), HasSubstr("edit the file"));
  EXPECT_EQ(Set("a: 1\n", {"a", "b"}, "1"),
            "`a` is not a section of keys, and has no place for `b`");
  EXPECT_EQ(Set("- 1\n", {"a"}, "1"),
            "the file is not a section of keys, and has no place for `a`");
  EXPECT_THAT(Set("a: 1\n", {"a"}, "[1"), HasSubstr("the value:"));
  EXPECT_EQ(Set("a: 1\n", {"a"}, "1\nb: 2"), "the value must be one line");
  EXPECT_THAT(Set("a: [1\n", {"a"}, "1"), HasSubstr("a.yaml:"));
}

// Whatever the text: nothing but the value is changed, which is compared before it is returned.
TEST(SetValue, TakesDamagedTexts) {
  const std::string good =
      "# fleet\ns:\n  a: 1 # one\n  b: {c: [1, 2], d: 'x'}\nl:\n  - name: x\n    a: 1\nz: "
      "\"end\"\n";
  for (const std::string& text : fakes::Broken(good, 2000)) {
    for (const std::vector<std::string>& path :
         {std::vector<std::string>{"s", "a"}, {"s", "b", "d"}, {"l", "x", "new"}, {"t", "u"}}) {
      const auto changed = SetValue("a.yaml", text, path, "7", Spelling::kAsFields);
      if (!changed) {
        EXPECT_EQ(changed.error().code, ErrorCode::kInvalidArgument);
        continue;
      }
      const auto again = SetValue("a.yaml", *changed, path, "7", Spelling::kAsFields);
      EXPECT_TRUE(again && *again == *changed) << text.substr(0, 200);
    }
  }
}

}  // namespace
}  // namespace matic::settings
