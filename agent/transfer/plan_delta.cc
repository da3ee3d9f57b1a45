#include "agent/transfer/plan_delta.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <future>
#include <utility>

#include "agent/transfer/held_content.h"
#include "lib/http/url.h"
#include "lib/os/durable_file.h"

namespace matic::transfer {
namespace {

using Held = std::optional<delta::ChunkIndex>;

// The index is small, and all of the image is there to be had: no time is wasted on it.
constexpr uint32_t kIndexRetries = 2;

void Keep(const std::filesystem::path& path, const delta::ChunkIndex& index) {
  if (path.empty()) return;
  const auto file = delta::EncodeIndex(index);
  const Result<> kept =
      WriteFileDurably(path, {reinterpret_cast<const char*>(file.data()), file.size()});
  if (!kept) spdlog::warn("download: {}", kept.error().message);
}

// Verified when it is read: a note of no authority.
Held Load(const std::filesystem::path& path) {
  if (path.empty()) return std::nullopt;
  const Result<std::string> file = ReadFile(path, delta::kMaxIndexBytes);
  if (!file) return std::nullopt;
  auto index = delta::DecodeIndex({reinterpret_cast<const uint8_t*>(file->data()), file->size()});
  return index ? Held(*std::move(index)) : std::nullopt;
}

}  // namespace

Result<DeltaPlan> PlanDelta(http::HttpClient& http, const WantedImage& wanted,
                            const DeltaSlots& slots, Aim aim, const http::RetryPolicy& retry,
                            Clock& clock, std::stop_token stop) {
  http::RetryPolicy few = retry;
  few.retries = std::min(few.retries, kIndexRetries);
  // While the index comes, and for nothing where there is none.
  std::stop_source looking;
  const std::stop_callback forward(stop, [&looking] { looking.request_stop(); });
  const auto look = [&](BlockDevice& slot, bool image_digest) {
    return std::async(std::launch::async, [&looking, &slot, image_digest] {
      return LookAtSlot(slot, image_digest, looking.get_token());
    });
  };
  auto looked_at_running = look(slots.running, true);
  auto looked_at_target = look(slots.target, false);
  auto fetched_index = FetchIndex(http, wanted, few, clock, stop);
  if (!fetched_index) looking.request_stop();
  Result<Held> running = looked_at_running.get();
  Result<Held> target = looked_at_target.get();
  if (!fetched_index) return Fail(fetched_index.error());
  FetchedIndex& fetched = *fetched_index;
  if (!running) return Fail(running.error());
  if (!target) return Fail(target.error());
  DeltaPlan plan;
  plan.target_was_read = target->has_value();
  if (*target) {
    Keep(slots.target_index, **target);
  } else {
    *target = Load(slots.target_index);
  }
  std::vector<HeldChunk> held;
  if (*running) AddHeld(**running, Origin::kRunning, held);
  if (*target) AddHeld(**target, Origin::kTarget, held);
  plan.trusted = fetched.trusted;
  plan.index_bytes = fetched.file_bytes;
  plan.image = {.url = wanted.url,
                .index = std::move(fetched.index),
                .plan = {},
                .patch = std::nullopt,
                .aim = aim,
                .retry = retry};
  plan.image.plan = PlanChunks(plan.image.index, std::move(held));
  if (plan.image.plan.fetched_bytes > plan.image.index.image_bytes / 10 * 9) {
    return Fail(ErrorCode::kRefused, "hardly anything of it is here");
  }
  if (*running) {
    plan.image.running_sha256 = (*running)->image_sha256;
    plan.image.patch = FindPatch(wanted, plan.image.running_sha256);
  }
  return plan;
}

}  // namespace matic::transfer
