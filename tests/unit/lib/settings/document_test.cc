#include "lib/settings/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace matic::settings {
namespace {

using testing::HasSubstr;

std::string Complaint(const std::string& text, const Limits& limits = {}) {
  const auto root = ParseDocument("a.yaml", text, limits);
  return root ? "taken" : root.error().message;
}

TEST(Document, IsATreeOfValuesWithTheirPlaces) {
  const auto root =
      ParseDocument("a.yaml", "# first\nname: web\nlist:\n  - 'a b'\n  - {x: 1}\nnone:\n");
  ASSERT_TRUE(root) << root.error().message;
  ASSERT_TRUE(root->IsSection());
  ASSERT_EQ(root->entries.size(), 3u);
  EXPECT_EQ(root->line, 2u);
  const Entry& name = root->entries[0];
  EXPECT_EQ(name.key.text, "name");
  EXPECT_EQ(name.value.text, "web");
  EXPECT_EQ(name.value.line, 2u);
  EXPECT_EQ(name.value.offset, 14u);
  const Value& list = root->entries[1].value;
  ASSERT_TRUE(list.IsList());
  ASSERT_EQ(list.items.size(), 2u);
  EXPECT_EQ(list.items[0].text, "a b");
  EXPECT_EQ(list.items[0].line, 4u);
  ASSERT_TRUE(list.items[1].IsSection());
  EXPECT_EQ(list.items[1].entries[0].key.text, "x");
  EXPECT_TRUE(root->entries[2].value.IsEmpty());
}

TEST(Document, NothingIsEmptyAndAQuotedNothingIsAText) {
  EXPECT_TRUE(ParseDocument("a.yaml", "")->IsEmpty());
  EXPECT_TRUE(ParseDocument("a.yaml", "# only a comment\n")->IsEmpty());
  EXPECT_TRUE(ParseDocument("a.yaml", "~")->IsEmpty());
  const auto text = ParseDocument("a.yaml", "''");
  EXPECT_TRUE(text->IsText());
  EXPECT_EQ(text->text, "");
}

TEST(Document, AKeyThatComesTwiceIsThereTwice) {
  const auto root = ParseDocument("a.yaml", "a: 1\na: 2\n");
  ASSERT_TRUE(root) << root.error().message;
  EXPECT_EQ(root->entries.size(), 2u);
}

TEST(Document, WhatIsNoneIsToldWithItsPlace) {
  EXPECT_EQ(Complaint("a: 1\n\nb: \xff\n"), "a.yaml:3: the text is not UTF-8");
  EXPECT_EQ(Complaint(std::string("a: \0", 4)), "a.yaml:1: a zero byte is in the text");
  EXPECT_EQ(Complaint("a: &x 1\n"), "a.yaml:1: anchors are not taken here");
  EXPECT_THAT(Complaint("a: 1\n---\nb: 2\n"), HasSubstr("more than one YAML document"));
  EXPECT_THAT(Complaint("a: [1\n"), HasSubstr("a.yaml:"));
}

TEST(Document, EveryLimitHolds) {
  EXPECT_EQ(Complaint("a: 12345\n", {.bytes = 8}), "a.yaml: larger than 8 bytes");
  EXPECT_EQ(Complaint("a: 12345\n", {.bytes = 9}), "taken");
  EXPECT_EQ(Complaint("[1, 2]", {.values = 3}), "taken");
  EXPECT_EQ(Complaint("[1, 2]", {.values = 2}), "a.yaml:1: far more values than there are keys");
}

}  // namespace
}  // namespace matic::settings
