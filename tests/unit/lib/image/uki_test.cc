#include "lib/image/uki.h"

#include <gtest/gtest.h>

#include <vector>

namespace matic::image {
namespace {

PeHeaders Stub() {
  PeHeaders stub;
  stub.image_base = 0x140000000;
  stub.section_alignment = 0x200;
  stub.sections = {{".text", 0x4000, 0xbff0, 0x400, 0xc000}, {".sdmagic", 0x19100, 0x34, 0, 0x200}};
  return stub;
}

std::vector<UkiSection> Sections(uint64_t kernel, uint64_t initrd) {
  return {{".osrel", "os-release", 100, 0},
          {".cmdline", "cmdline", 4096, 0},
          {".linux", "vmlinuz", kernel, 0},
          {".initrd", "initrd", initrd, 0}};
}

TEST(PlaceSections, NoneTouchesAnother) {
  for (uint64_t kernel :
       {uint64_t{1}, uint64_t{4095}, uint64_t{4096}, uint64_t{14'000'001}, uint64_t{1} << 30}) {
    for (uint64_t initrd : {uint64_t{1}, uint64_t{23'000'333}, uint64_t{1} << 30}) {
      std::vector<UkiSection> sections = Sections(kernel, initrd);
      ASSERT_TRUE(PlaceSections(Stub(), sections));
      uint64_t end = 0x140000000 + 0x19100 + 0x200;
      for (const UkiSection& section : sections) {
        EXPECT_EQ(section.address % 4096, 0u) << section.name;
        EXPECT_GE(section.address, end) << section.name;
        EXPECT_LT(section.address - end, 4096u) << section.name;
        end = section.address + section.size;
      }
    }
  }
}

TEST(PlaceSections, KeepsTheStubsAlignmentWhereItIsLarger) {
  PeHeaders stub = Stub();
  stub.section_alignment = 0x10000;
  std::vector<UkiSection> sections = Sections(70'000, 70'000);
  ASSERT_TRUE(PlaceSections(stub, sections));
  for (const UkiSection& section : sections) EXPECT_EQ(section.address % 0x10000, 0u);
}

TEST(PlaceSections, RefusesWhatAPeFileCannotHold) {
  for (uint64_t initrd : {uint64_t{1} << 32, UINT64_MAX}) {
    std::vector<UkiSection> sections = Sections(14'000'000, initrd);
    const auto placed = PlaceSections(Stub(), sections);
    ASSERT_FALSE(placed);
    EXPECT_EQ(placed.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(placed.error().message.find("initrd"), std::string::npos);
  }
}

}  // namespace
}  // namespace matic::image
