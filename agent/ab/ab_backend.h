// Two slots of one disk: the running one, and one to stage into.
#pragma once

#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/ab/booted_system.h"
#include "agent/ab/slot_changes.h"
#include "agent/ab/stage_delta.h"
#include "agent/engine/backend.h"
#include "agent/transfer/image_source.h"
#include "lib/base/replaceable.h"
#include "lib/gpt/partition_table.h"
#include "lib/http/http_client.h"
#include "lib/os/block_device.h"
#include "lib/os/clock.h"

namespace matic::ab {

struct AbOptions {
  uint8_t tries = boot::kDefaultTries;  // 1 to 15: an activated slot's starts
  transfer::SourceOptions sources;
  size_t buffer_bytes = 8 * 1024 * 1024;
  // Where a download that is cut short leaves word of how far it came; empty: nowhere.
  std::filesystem::path partial_file = {};
  bool read_back = true;  // StageJob's
  // Whether and how images are put together of what the slots hold; nothing: they are fetched
  // whole.
  std::optional<transfer::Aim> delta = transfer::Aim::kLeastTime;
  std::filesystem::path target_index = {};  // transfer::DeltaSlots'
  // Told of bytes of images that were here already.
  std::function<void(uint64_t)> reused = [](uint64_t) {};
};

// The table is read anew for every verb, and the running slot found anew: kRefused where that
// cannot be done beyond doubt (agent/ab/running_slot.h), kNotFound where a slot or the GPT is
// missing. The running slot's content is never written; the order of writes to the other is
// SlotWriter's.
class AbBackend final : public engine::Backend {
 public:
  // All must outlive this. `disk` is the whole disk that `table` is the table of.
  AbBackend(AbOptions options, gpt::PartitionTable& table, BlockDevice& disk, BootedSystem& booted,
            http::HttpClient& http, Clock& clock);

  // Thread-safe; for verbs that begin from now on.
  void Configure(AbOptions options) { options_.Replace(std::move(options)); }

  Result<update::Facts> GetFacts() override;
  Result<std::vector<std::string>> Repair() override;
  // Without a digest there is nothing that would tell a wrong image from the right one.
  Result<> CheckSource(const engine::StageSpec& spec) override;
  Result<engine::FetchPlan> PlanFetch(const engine::StageSpec& spec, std::stop_token stop) override;
  Result<update::StagedImage> Stage(const engine::StageSpec& spec,
                                    const engine::ProgressSink& progress,
                                    std::stop_token stop) override;
  Result<> Verify(const update::StagedImage& staged, const engine::ProgressSink& progress,
                  std::stop_token stop) override;
  Result<> Activate(const update::StagedImage& staged, std::stop_token stop) override;
  Result<> Discard(const std::string& target) override;
  Result<> Confirm() override;
  Result<std::string> Revert(const std::string& previous, std::stop_token stop) override;
  Result<> GiveTryBack() override;

 private:
  // What a verb starts from.
  struct View {
    gpt::GptTable table;
    Booted booted;
    SlotPair slots;
  };
  Result<View> Look();
  // Whether and how `spec` may be put together of what the slots hold.
  std::optional<DeltaStage> DeltaOf(const engine::StageSpec& spec, uint64_t max_bytes,
                                    BlockDevice& running, BlockDevice& target);
  Result<update::Target> DescribeSlot(const View& view, boot::Slot slot);
  Result<> CheckStaged(const View& view, const update::StagedImage& staged);

  Replaceable<AbOptions> options_;
  std::mutex planning_;  // one at a time reads the slots for somebody who asks
  gpt::PartitionTable& table_;
  BlockDevice& disk_;
  BootedSystem& booted_;
  http::HttpClient& http_;
  Clock& clock_;
};

}  // namespace matic::ab
