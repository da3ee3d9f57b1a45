#include "lib/settings/reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/settings/document.h"
#include "lib/settings/values.h"
#include "tests/fakes/broken_text.h"

namespace matic::settings {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

struct Shelf {
  std::string name;
  size_t line = 0;
  uint32_t boards = 0;
};

struct Room {
  std::string door_key = "none";
  bool light = false;
  std::vector<std::string> chairs;
  std::vector<Shelf> shelves;
};

std::vector<Field> ShelfFields(Shelf& shelf) {
  std::vector<Field> fields = {{"boards", Number(shelf.boards, 1, 9)}};
  if (shelf.name.empty()) fields.push_back({"name", Text(shelf.name, kHostname)});
  return fields;
}

std::optional<std::string> WrongShelf(const Shelf& shelf) {
  if (shelf.boards == 0) return "needs `boards`";
  return std::nullopt;
}

std::vector<Field> FieldsOf(Room& room, ItemForm form = ItemForm::kEither) {
  return {{"door_key", Text(room.door_key, kAnyText)},
          {"inside.light", Flag(room.light)},
          {"inside.chairs", TextList(room.chairs, kHostname, 1)},
          NamedItems("shelves", room.shelves, ShelfFields, WrongShelf, form, 3)};
}

std::string Read(Room& room, const std::string& text, Spelling spelling = Spelling::kAsFields,
                 ItemForm form = ItemForm::kEither) {
  const auto root = ParseDocument("room.yaml", text);
  if (!root) return root.error().message;
  const Result<> taken = Reader(FieldsOf(room, form), spelling).Take("room.yaml", *root);
  return taken ? "taken" : taken.error().message;
}

std::string Complaint(const std::string& text, Spelling spelling = Spelling::kAsFields,
                      ItemForm form = ItemForm::kEither) {
  Room room;
  return Read(room, text, spelling, form);
}

TEST(Reader, TakesValuesAndLeavesWhatIsNotNamed) {
  Room room;
  EXPECT_EQ(Read(room, "inside: {light: true, chairs: [red, green]}\n"), "taken");
  EXPECT_EQ(room.door_key, "none");
  EXPECT_TRUE(room.light);
  EXPECT_THAT(room.chairs, ElementsAre("red", "green"));
}

TEST(Reader, SectionsStandUnderTheirNamesOrInAList) {
  Room named;
  EXPECT_EQ(Read(named, "shelves:\n  high: {boards: 3}\n  low:\n    boards: 1\n"), "taken");
  Room listed;
  EXPECT_EQ(Read(listed, "shelves:\n  - {name: high, boards: 3}\n  - {name: low, boards: 1}\n"),
            "taken");
  for (const Room& room : {named, listed}) {
    ASSERT_EQ(room.shelves.size(), 2u);
    EXPECT_EQ(room.shelves[0].name, "high");
    EXPECT_EQ(room.shelves[0].line, 2u);
    EXPECT_EQ(room.shelves[1].boards, 1u);
    EXPECT_EQ(room.shelves[1].line, 3u);
  }
}

TEST(Reader, MistakesAreToldWithFileLineAndKey) {
  const struct {
    std::string text;
    const char* complaint;
  } cases[] = {
      {"door: x\n", "room.yaml:1: door: no such key"},
      {"\ninside: {heat: 1}\n", "room.yaml:2: inside.heat: no such key"},
      {"inside: 3\n", "room.yaml:1: inside: must be keys with values"},
      {"inside:\n  light: maybe\n", "room.yaml:2: inside.light: must be true or false, is 'maybe'"},
      {"inside: {chairs: []}\n", "room.yaml:1: inside.chairs: must have 1 to 64 items, has 0"},
      {"door_key: a\ndoor_key: b\n", "room.yaml:2: door_key: is given twice"},
      {"[door_key]\n", "room.yaml:1: must be keys with values"},
      {"[a]: 1\n", "room.yaml:1: a key must be a name"},
      {"shelves:\n  high: {boards: 10}\n",
       "room.yaml:2: shelves.high.boards: must be a number from 1 to 9, is '10'"},
      {"shelves:\n  high:\n", "room.yaml:2: shelves.high: needs `boards`"},
      {"shelves:\n  high: {boards: 1}\n  high: {boards: 2}\n",
       "room.yaml:3: shelves.high: is given twice"},
      {"shelves:\n  high: {boards: 1, name: low}\n", "room.yaml:2: shelves.high.name: no such key"},
      {"shelves:\n  - {boards: 1}\n  - 7\n", "room.yaml:3: shelves[1]: must be keys with values"},
      {"shelves: 7\n", "room.yaml:1: shelves: must be sections with names, or a list, is '7'"},
      {"shelves: {a: {boards: 1}, b: {boards: 1}, c: {boards: 1}, d: {boards: 1}}\n",
       "room.yaml:1: shelves: must have 0 to 3 items, has 4"},
  };
  for (const auto& [text, complaint] : cases) EXPECT_EQ(Complaint(text), complaint) << text;
}

TEST(Reader, AFormThatIsNotTakenIsRefused) {
  EXPECT_EQ(Complaint("shelves: [{boards: 1}]\n", Spelling::kAsFields, ItemForm::kNamed),
            "room.yaml:1: shelves: must be sections with names, is a list");
  EXPECT_EQ(Complaint("shelves: {a: {boards: 1}}\n", Spelling::kAsFields, ItemForm::kList),
            "room.yaml:1: shelves: must be a list, is a section");
}

TEST(Reader, SnakeCaseIsAnotherSpellingOnlyWhereItIsTaken) {
  EXPECT_EQ(CamelCase("door_key"), "doorKey");
  EXPECT_EQ(CamelCase("rollback_on_failure"), "rollbackOnFailure");
  EXPECT_EQ(CamelCase("doorKey"), "doorKey");
  for (const std::string odd : {"_door", "door_", "door__key", "door_Key", "Door_1", "_"}) {
    EXPECT_EQ(CamelCase(odd), odd);
  }
  struct {
    std::string door_key;
  } hall;
  const auto read = [&hall](const std::string& text, Spelling spelling) -> std::string {
    Reader reader({{"doorKey", Text(hall.door_key, kAnyText)}}, spelling);
    const Result<> taken = reader.Take("hall.yaml", *ParseDocument("hall.yaml", text));
    return taken ? "taken" : taken.error().message;
  };
  EXPECT_EQ(read("door_key: a\n", Spelling::kAlsoSnakeCase), "taken");
  EXPECT_EQ(hall.door_key, "a");
  EXPECT_EQ(read("doorKey: b\n", Spelling::kAlsoSnakeCase), "taken");
  EXPECT_EQ(hall.door_key, "b");
  EXPECT_EQ(read("door_key: a\n", Spelling::kAsFields), "hall.yaml:1: door_key: no such key");
  EXPECT_EQ(read("doorKey: a\ndoor_key: b\n", Spelling::kAlsoSnakeCase),
            "hall.yaml:2: doorKey: is given twice");
}

TEST(Reader, EveryMistakeOfADocumentIsTold) {
  Room room;
  Reader reader(FieldsOf(room));
  const auto root = ParseDocument("room.yaml",
                                  "door: x\ninside:\n  light: maybe\n  chairs: [red]\n"
                                  "shelves:\n  high: {boards: 10}\n  low:\n  mid: 3\n");
  const Result<> taken = reader.Take("room.yaml", *root);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().message, "room.yaml:1: door: no such key");
  std::vector<std::string> told;
  for (const Error& problem : reader.problems()) told.push_back(problem.message);
  EXPECT_THAT(told,
              ElementsAre("room.yaml:1: door: no such key",
                          "room.yaml:3: inside.light: must be true or false, is 'maybe'",
                          "room.yaml:6: shelves.high.boards: must be a number from 1 to 9, is '10'",
                          "room.yaml:7: shelves.low: needs `boards`",
                          "room.yaml:8: shelves.mid: must be keys with values"));
  EXPECT_THAT(room.chairs, ElementsAre("red"));
}

TEST(Reader, NotMoreIsToldThanIsOfUse) {
  std::string text;
  for (int i = 0; i < 500; ++i) text += "k" + std::to_string(i) + ": 1\n";
  Room room;
  Reader reader(FieldsOf(room));
  EXPECT_FALSE(reader.Take("room.yaml", *ParseDocument("room.yaml", text)));
  EXPECT_EQ(reader.problems().size(), 100u);
}

TEST(Reader, WhatIsTakenCanBeRefused) {
  Room room;
  std::vector<std::string> keys;
  Reader reader(FieldsOf(room), Spelling::kAsFields, [&](const Reader::Taken& taken) -> Result<> {
    keys.push_back(taken.key);
    if (taken.key == "shelves") return Fail(ErrorCode::kRefused, "no room for shelves");
    return {};
  });
  const auto root =
      ParseDocument("room.yaml", "door_key: a\ninside: {light: true}\nshelves: [{boards: 1}]\n");
  const Result<> taken = reader.Take("room.yaml", *root);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().message, "no room for shelves");
  EXPECT_THAT(keys, ElementsAre("door_key", "inside.light", "shelves"));
  EXPECT_TRUE(reader.IsSet("inside.light"));
  EXPECT_FALSE(reader.IsSet("inside.chairs"));
  EXPECT_EQ(reader.Contradiction("inside.light", "door_key", "wrong").value().message,
            "room.yaml:2: inside.light: wrong");
  EXPECT_EQ(reader.Contradiction("inside.chairs", "door_key", "wrong").value().message,
            "room.yaml:1: inside.chairs: wrong");
}

TEST(Reader, DamagedTextsAreTakenOrRefusedInWords) {
  const std::string good =
      "door_key: a\ninside: {light: true, chairs: [x, y]}\nshelves:\n  high: {boards: 3}\n"
      "  low:\n    boards: 1\n";
  ASSERT_EQ(Complaint(good), "taken");
  for (const std::string& text : fakes::Broken(good, 1000)) {
    EXPECT_THAT(Complaint(text, Spelling::kAlsoSnakeCase),
                testing::AnyOf("taken", StartsWith("room.yaml")));
  }
}

}  // namespace
}  // namespace matic::settings
