#include "osctl/fleet/inventory/selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/osctl/fleet/inventory/reading.h"

namespace matic::fleet {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr char kFleet[] =
    "machines:\n  a: {host: a, tags: [red, big]}\n  b: {host: b, tags: [red]}\n"
    "  c: {host: c, tags: [big]}\n  d: {host: d}\n"
    "groups: {one: {machines: [c, a]}, two: {machines: [b]}}\n";

std::vector<std::string> Selected(const Selection& selection) {
  const Inventory inventory = Read(kFleet).inventory;
  const auto machines = SelectMachines(inventory, selection);
  if (!machines) return {machines.error().message};
  std::vector<std::string> names;
  for (const Machine* machine : *machines) names.push_back(machine->name);
  return names;
}

TEST(Selection, NothingIsEverything) { EXPECT_THAT(Selected({}), ElementsAre("a", "b", "c", "d")); }

TEST(Selection, NamesInOneListAddUpAndListsNarrowEachOther) {
  EXPECT_THAT(Selected({.groups = {"two", "one"}}), ElementsAre("a", "b", "c"));
  EXPECT_THAT(Selected({.machines = {"d", "a"}}), ElementsAre("a", "d"));
  EXPECT_THAT(Selected({.tags = {"red", "big"}}), ElementsAre("a", "b", "c"));
  EXPECT_THAT(Selected({.groups = {"one"}, .tags = {"red"}}), ElementsAre("a"));
  EXPECT_THAT(Selected({.groups = {"one"}, .machines = {"b"}}), IsEmpty());
}

TEST(Selection, WhatIsNotThereIsNamed) {
  EXPECT_THAT(Selected({.groups = {"x"}}), ElementsAre("the inventory has no group 'x'"));
  EXPECT_THAT(Selected({.machines = {"x"}}), ElementsAre("the inventory has no machine 'x'"));
  EXPECT_THAT(Selected({.tags = {"x"}}),
              ElementsAre("no machine of the inventory has the tag 'x'"));
}

}  // namespace
}  // namespace matic::fleet
