// A machine with two slots, made of fakes: slot-a runs, successful; slot-b holds an older image.
#pragma once

#include <string>
#include <vector>

#include "agent/ab/ab_backend.h"
#include "tests/fakes/fake_block_device.h"
#include "tests/fakes/fake_http_client.h"
#include "tests/fakes/fake_partition_table.h"
#include "tests/fakes/manual_clock.h"
#include "tests/unit/agent/ab/tiny_image.h"

namespace matic::ab {

inline constexpr uint64_t kSlotBytes = 4 * 1024 * 1024;
inline constexpr char kUrl[] = "https://cdn.example.com/os-2.0.squashfs";

class FakeBootedSystem final : public BootedSystem {
 public:
  Result<Booted> Find(const gpt::GptTable&) override {
    if (error) return Fail(*error);
    return Booted{slot, "boot-1", "1.9"};
  }
  boot::Slot slot = boot::Slot::kA;
  std::optional<Error> error;
};

struct AbMachine {
  AbMachine();

  // Serves `image` at kUrl and asks for it with its digest.
  engine::StageSpec Serve(const std::vector<uint8_t>& image);
  Result<update::StagedImage> Stage(const engine::StageSpec& spec, std::stop_token stop = {});
  Result<update::StagedImage> StageBytes(const std::vector<uint8_t>& image) {
    return Stage(Serve(image));
  }

  std::vector<http::Request> RequestsFor(const std::string& url) const;
  // As the disk has it now.
  std::vector<uint8_t> SlotContent(boot::Slot slot) const;
  uint64_t SlotStart(boot::Slot slot) const;
  boot::SlotAttributes Attributes(boot::Slot slot) const { return table.Attributes(slot); }
  update::Target Target(const std::string& name);
  bool WroteOutside(boot::Slot slot) const;

  fakes::FakePartitionTable table;
  fakes::FakeBlockDevice disk;
  FakeBootedSystem booted;
  fakes::FakeHttpClient http;
  fakes::ManualClock clock{fakes::ManualClock::Waits::kPass};
  std::vector<engine::StageProgress> progress;
  AbBackend backend;
};

}  // namespace matic::ab
