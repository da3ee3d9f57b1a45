#include "tests/unit/agent/ab/ab_machine.h"

#include <algorithm>

namespace matic::ab {
namespace {

// Small, so that an image takes many chunks.
constexpr size_t kBufferBytes = 256 * 1024;

// A factory's disk with hardly anything beside the slots: it is copied at every flush.
gpt::GptTable SmallTable() {
  gpt::GptTable table = fakes::FactoryTable(kSlotBytes);
  uint64_t next = table.partitions.front().first_lba;
  for (boot::Partition& partition : table.partitions) {
    const bool slot = partition.type == boot::kRootType;
    const uint64_t sectors = (slot ? kSlotBytes : 4096) / table.sector_size;
    partition.first_lba = next;
    partition.last_lba = next + sectors - 1;
    next += sectors;
  }
  table.size_bytes = (next + 34) * table.sector_size;
  return table;
}

}  // namespace

AbMachine::AbMachine()
    : table(SmallTable()),
      disk(table.table().size_bytes),
      backend(AbOptions{.tries = 3,
                        .sources = {.retry = {.retries = 3}, .files = AllowedFolders({"/"})},
                        .buffer_bytes = kBufferBytes,
                        .delta = std::nullopt},
              table, disk, booted, http, clock) {
  disk.Put(SlotStart(boot::Slot::kA), MakeImage({.version = "1.9", .seed = 9}));
  disk.Put(SlotStart(boot::Slot::kB), MakeImage({.version = "1.8", .seed = 8}));
  table.SetAttributes(boot::Slot::kA, {2, 0, true});
  table.SetAttributes(boot::Slot::kB, {1, 0, true});
}

engine::StageSpec AbMachine::Serve(const std::vector<uint8_t>& image) {
  http.Put(kUrl, image);
  return {kUrl, DigestOf(image)};
}

Result<update::StagedImage> AbMachine::Stage(const engine::StageSpec& spec, std::stop_token stop) {
  return backend.Stage(
      spec, [this](const engine::StageProgress& step) { progress.push_back(step); },
      std::move(stop));
}

std::vector<http::Request> AbMachine::RequestsFor(const std::string& url) const {
  std::vector<http::Request> requests = http.requests();
  std::erase_if(requests, [&](const http::Request& request) { return request.url != url; });
  return requests;
}

uint64_t AbMachine::SlotStart(boot::Slot slot) const {
  const auto now = table.table();
  return now.StartBytes(*gpt::FindSlot(now, slot));
}

std::vector<uint8_t> AbMachine::SlotContent(boot::Slot slot) const {
  const auto content = disk.content();
  const auto begin = content.begin() + static_cast<ptrdiff_t>(SlotStart(slot));
  return {begin, begin + static_cast<ptrdiff_t>(kSlotBytes)};
}

update::Target AbMachine::Target(const std::string& name) {
  const auto facts = backend.GetFacts();
  return facts ? *facts->Find(name) : update::Target();
}

bool AbMachine::WroteOutside(boot::Slot slot) const {
  const uint64_t start = SlotStart(slot);
  return std::ranges::any_of(disk.operations(), [&](const auto& operation) {
    return operation.kind == fakes::FakeBlockDevice::Kind::kWrite &&
           (operation.offset < start || operation.offset + operation.length > start + kSlotBytes);
  });
}

}  // namespace matic::ab
