#include "agent/fleetlock/held_slots.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/os/durable_file.h"
#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::fleetlock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Target kOne{"https://one.example.com", "workers", "machine-a"};
const Target kTwo{"https://two.example.com", "workers", "machine-a"};

class HeldSlotsTest : public testing::Test {
 protected:
  std::vector<Target> Reloaded() const {
    HeldSlots slots(file_);
    const Result<> loaded = slots.Load();
    EXPECT_TRUE(loaded) << loaded.error().message;
    return slots.targets();
  }

  const TemporaryFolder folder_;
  const std::filesystem::path file_ = folder_.path() / "fleet-lock.json";
};

TEST_F(HeldSlotsTest, NothingIsHeldWhereNothingIsNoted) { EXPECT_THAT(Reloaded(), IsEmpty()); }

TEST_F(HeldSlotsTest, WhatIsHeldOutlivesTheProcess) {
  HeldSlots slots(file_);
  ASSERT_TRUE(slots.Add(kOne));
  ASSERT_TRUE(slots.Add(kTwo));
  ASSERT_TRUE(slots.Add(kOne));
  EXPECT_THAT(Reloaded(), ElementsAre(kOne, kTwo));
  ASSERT_TRUE(slots.Remove(kOne));
  EXPECT_THAT(Reloaded(), ElementsAre(kTwo));
  ASSERT_TRUE(slots.Remove(kTwo));
  ASSERT_TRUE(slots.Remove(kTwo));
  EXPECT_THAT(Reloaded(), IsEmpty());
}

TEST_F(HeldSlotsTest, NoMoreIsKeptThanThereCanBe) {
  HeldSlots slots(file_);
  Target target = kOne;
  for (int i = 0; i < 8; ++i) {
    target.group = "group-" + std::to_string(i);
    ASSERT_TRUE(slots.Add(target));
  }
  const Result<> more = slots.Add(kOne);
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code, ErrorCode::kRefused);
  EXPECT_EQ(Reloaded().size(), 8u);
}

TEST_F(HeldSlotsTest, AFileThatCannotBeWrittenChangesNothing) {
  HeldSlots slots(folder_.path() / "missing" / "fleet-lock.json");
  EXPECT_FALSE(slots.Add(kOne));
  EXPECT_THAT(slots.targets(), IsEmpty());
}

TEST_F(HeldSlotsTest, WhatCannotBeUnderstoodIsSetAside) {
  for (const char* text : {"", "{", "[]", "{}", R"({"slots": {}})", R"({"slots": [7]})",
                           R"({"slots": [{"url": "https://one.example.com", "group": "g"}]})",
                           R"({"slots": [{"url": "", "group": "g", "id": "i"}]})"}) {
    ASSERT_TRUE(WriteFileDurably(file_, text));
    HeldSlots slots(file_);
    const Result<> loaded = slots.Load();
    ASSERT_FALSE(loaded) << text;
    EXPECT_THAT(loaded.error().message, HasSubstr("set aside"));
    EXPECT_THAT(slots.targets(), IsEmpty());
    EXPECT_FALSE(std::filesystem::exists(file_));
  }
}

}  // namespace
}  // namespace matic::fleetlock
