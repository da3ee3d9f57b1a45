// Who has how many calls at once.
#include "agent/api/places.h"

#include <gtest/gtest.h>

#include <vector>

namespace matic::api {
namespace {

struct Held {
  Places places{16, "watches"};
  std::vector<std::unique_ptr<Places::Place>> taken;

  // How many of `count` are given to somebody; each is held.
  int Take(int count, rpc::Role role, const std::string& name) {
    int given = 0;
    for (int i = 0; i < count; ++i) {
      auto place = places.Take({.role = role, .name = name});
      if (!place) {
        refusal = place.error();
        continue;
      }
      taken.push_back(*std::move(place));
      ++given;
    }
    return given;
  }

  Error refusal{ErrorCode::kInternal, ""};
};

TEST(PlacesTest, AReaderHasAQuarterAndReadersHalf) {
  Held held;
  EXPECT_EQ(held.Take(16, rpc::Role::kReader, "alice"), 4);
  EXPECT_EQ(held.refusal.code, ErrorCode::kUnavailable);
  EXPECT_EQ(held.refusal.message,
            "4 watches of alice are under way already; ask again in a moment");
  EXPECT_EQ(held.Take(16, rpc::Role::kReader, ""), 4);
  EXPECT_EQ(held.Take(16, rpc::Role::kReader, "carol"), 0);
  EXPECT_EQ(held.refusal.message,
            "8 watches of readers are under way already; ask again in a moment");
  EXPECT_EQ(held.Take(16, rpc::Role::kOperator, "alice"), 8);
}

TEST(PlacesTest, AnOperatorHasAllAndGivesThemBack) {
  Held held;
  EXPECT_EQ(held.Take(17, rpc::Role::kOperator, "bob"), 16);
  EXPECT_EQ(held.refusal.message, "16 watches are under way already; ask again in a moment");
  EXPECT_EQ(held.Take(1, rpc::Role::kReader, "alice"), 0);
  held.taken.clear();
  EXPECT_EQ(held.Take(1, rpc::Role::kReader, "alice"), 1);
}

}  // namespace
}  // namespace matic::api
