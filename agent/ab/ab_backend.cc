#include "agent/ab/ab_backend.h"

#include <algorithm>
#include <cctype>

#include "agent/ab/hash_image.h"
#include "agent/ab/stage_on.h"
#include "lib/http/url.h"
#include "lib/image/image_reader.h"
#include "lib/os/partition_device.h"

namespace matic::ab {
namespace {

Result<boot::Slot> ParseTarget(const std::string& name) {
  const auto slot = boot::ParseSlotName(name);
  if (slot) return *slot;
  return Fail(ErrorCode::kNotFound, "no slot is called \"" + name + "\"");
}

// "/dev/vda" and 3 → "/dev/vda3"; "/dev/nvme0n1" → "/dev/nvme0n1p3". A plain file has no partition
// devices: "disk.img#3".
std::string PartitionPath(const std::string& disk, uint32_t number) {
  const std::string digits = std::to_string(number);
  if (!disk.starts_with("/dev/")) return disk + "#" + digits;
  const bool ends_in_digit = std::isdigit(static_cast<unsigned char>(disk.back())) != 0;
  return disk + (ends_in_digit ? "p" : "") + digits;
}

Result<PartitionDevice> OpenSlot(BlockDevice& disk, const gpt::GptTable& table, boot::Slot slot) {
  MATIC_ASSIGN(const boot::Partition partition, gpt::FindSlot(table, slot));
  return PartitionDevice::Create(disk, std::string(boot::SlotName(slot)),
                                 table.StartBytes(partition), table.SizeBytes(partition));
}

uint64_t MaxBytes(const engine::StageSpec& spec, const BlockDevice& slot) {
  return spec.size_bytes == 0 ? slot.size() : std::min(spec.size_bytes, slot.size());
}

// Hangs up once the size is known, or cannot be any more.
class SizeOnly final : public transfer::ImageSink {
 public:
  void SetTotal(std::optional<uint64_t> bytes, const std::string&) override {
    told_ = true;
    total_ = bytes;
  }
  void Restart() override {}
  Result<> Write(std::span<const uint8_t>) override {
    told_ = true;
    return Fail(ErrorCode::kCancelled, "only the size was asked for");
  }
  Result<> WriteInPlace(std::span<const uint8_t> bytes) override { return Write(bytes); }
  bool told() const { return told_; }
  std::optional<uint64_t> total() const { return total_; }

 private:
  bool told_ = false;
  std::optional<uint64_t> total_;
};

// A table that says otherwise would have the running slot written through the other.
Result<> CheckApart(const gpt::GptTable& table) {
  MATIC_ASSIGN(const boot::Partition a, gpt::FindSlot(table, boot::Slot::kA));
  MATIC_ASSIGN(const boot::Partition b, gpt::FindSlot(table, boot::Slot::kB));
  if (a.last_lba < b.first_lba || b.last_lba < a.first_lba) return {};
  return Fail(ErrorCode::kCorrupt, table.device + ": slot-a and slot-b overlap");
}

}  // namespace

AbBackend::AbBackend(AbOptions options, gpt::PartitionTable& table, BlockDevice& disk,
                     BootedSystem& booted, http::HttpClient& http, Clock& clock)
    : options_(options), table_(table), disk_(disk), booted_(booted), http_(http), clock_(clock) {}

Result<AbBackend::View> AbBackend::Look() {
  MATIC_ASSIGN(gpt::GptTable table, table_.Load());
  MATIC_ASSIGN(Booted booted, booted_.Find(table));
  MATIC_ASSIGN(const boot::Partition running, gpt::FindSlot(table, booted.slot));
  MATIC_ASSIGN(const boot::Partition other, gpt::FindSlot(table, boot::OtherSlot(booted.slot)));
  MATIC_TRY(CheckApart(table));
  const SlotPair slots{booted.slot, boot::DecodeSlotAttributes(running.attributes),
                       boot::DecodeSlotAttributes(other.attributes)};
  return View{std::move(table), std::move(booted), slots};
}

Result<update::Target> AbBackend::DescribeSlot(const View& view, boot::Slot slot) {
  MATIC_ASSIGN(const boot::Partition partition, gpt::FindSlot(view.table, slot));
  const boot::SlotAttributes& attributes = view.slots.Of(slot);
  update::Target target;
  target.name = boot::SlotName(slot);
  target.device = PartitionPath(view.table.device, partition.number);
  target.size_bytes = view.table.SizeBytes(partition);
  target.running = slot == view.booted.slot;
  target.next = boot::ChooseSlot(view.table.partitions) == slot;
  target.bootable = boot::IsBootable(attributes);
  target.successful = attributes.successful;
  target.priority = attributes.priority;
  target.tries = attributes.tries;
  if (target.running && view.booted.version) {
    target.version = *view.booted.version;
    return target;
  }
  // An empty or half-written slot is a fact, not an error.
  auto device = OpenSlot(disk_, view.table, slot);
  if (!device) return target;
  if (const auto image = image::InspectImage(*device)) target.version = image->version;
  return target;
}

Result<update::Facts> AbBackend::GetFacts() {
  MATIC_ASSIGN(const View view, Look());
  update::Facts facts;
  facts.boot_id = view.booted.boot_id;
  facts.spare = boot::SlotName(view.slots.other());
  for (const boot::Slot slot : boot::kSlots) {
    MATIC_ASSIGN(update::Target target, DescribeSlot(view, slot));
    facts.targets.push_back(std::move(target));
  }
  return facts;
}

Result<std::vector<std::string>> AbBackend::Repair() { return table_.Repair(); }

Result<> AbBackend::CheckSource(const engine::StageSpec& spec) {
  // To stage an image is to overwrite the way back: there is no trying it out.
  if (spec.mode == update::Mode::kSwitch || spec.mode == update::Mode::kBuild) {
    return Fail(
        ErrorCode::kInvalidArgument,
        "this machine has slots, which take a reboot: the modes switch and build are for Nix "
        "hosts");
  }
  if (!spec.inputs.empty()) {
    return Fail(ErrorCode::kInvalidArgument,
                "this machine has slots: the inputs of a flake are for Nix hosts");
  }
  if (spec.source.empty()) return {};
  if (!spec.sha256.empty()) MATIC_TRY(crypto::ParseSha256Hex(spec.sha256));
  const std::string scheme = http::UrlScheme(spec.source);
  if (scheme.empty() || scheme.find('+') != std::string::npos) {
    return Fail(ErrorCode::kInvalidArgument,
                "'" + http::PublicUrl(spec.source) +
                    "' is no URL of an image: this machine has slots, and is updated with --source "
                    "(https://…, http://… or file:///…); flakes and paths in the store are for Nix "
                    "hosts");
  }
  MATIC_TRY(transfer::OpenSource(spec.source, http_, clock_, options_->sources));
  return {};
}

std::optional<DeltaStage> AbBackend::DeltaOf(const engine::StageSpec& spec, uint64_t max_bytes,
                                             BlockDevice& running, BlockDevice& target) {
  const auto options = options_.Get();
  const auto sha256 = crypto::ParseSha256Hex(spec.sha256);
  if (!options->delta || !sha256 || http::UrlScheme(spec.source) == "file") return std::nullopt;
  return DeltaStage{.wanted = {.url = spec.source,
                               .sha256 = *sha256,
                               .max_bytes = max_bytes,
                               .is_signed = spec.size_bytes > 0,
                               .files = spec.delta},
                    .slots = {running, target, options->target_index},
                    .aim = *options->delta,
                    .retry = options->sources.retry,
                    .reused = options->reused};
}

Result<engine::FetchPlan> AbBackend::PlanFetch(const engine::StageSpec& spec,
                                               std::stop_token stop) {
  MATIC_ASSIGN(const auto source,
               transfer::OpenSource(spec.source, http_, clock_, options_->sources));
  MATIC_ASSIGN(const View view, Look());
  MATIC_ASSIGN(PartitionDevice slot, OpenSlot(disk_, view.table, view.slots.other()));
  MATIC_ASSIGN(PartitionDevice running, OpenSlot(disk_, view.table, view.slots.running));
  const std::unique_lock planning(planning_, std::try_to_lock);
  if (!planning) {
    return Fail(ErrorCode::kUnavailable, "another plan is being made; ask again in a moment");
  }
  engine::FetchPlan fetch;
  if (auto delta = DeltaOf(spec, MaxBytes(spec, slot), running, slot)) {
    delta->slots.target_index.clear();  // nothing is about to be overwritten
    const auto plan = transfer::PlanDelta(http_, delta->wanted, delta->slots, delta->aim,
                                          delta->retry, clock_, stop);
    if (plan) {
      const transfer::ChunkPlan& chunks = plan->image.plan;
      return engine::FetchPlan{.bytes = chunks.fetched_bytes + plan->index_bytes,
                               .reused_bytes = chunks.reused_bytes,
                               .requests = chunks.requests + 1};
    }
    fetch.why_all = plan.error().message;
  }
  if (spec.size_bytes > 0) {
    fetch.bytes = spec.size_bytes;
    return fetch;
  }
  SizeOnly size;
  const Result<> fetched = source->Fetch({}, slot.size(), size, std::move(stop));
  if (!size.told() && !fetched) return Fail(fetched.error());
  fetch.bytes = size.total();
  return fetch;
}

Result<update::StagedImage> AbBackend::Stage(const engine::StageSpec& spec,
                                             const engine::ProgressSink& progress,
                                             std::stop_token stop) {
  MATIC_ASSIGN(const crypto::Digest sha256, crypto::ParseSha256Hex(spec.sha256));
  MATIC_ASSIGN(const auto source,
               transfer::OpenSource(spec.source, http_, clock_, options_->sources));
  MATIC_ASSIGN(const View view, Look());
  MATIC_TRY(CheckWayBack(view.slots));
  const boot::Slot target = view.slots.other();
  const std::string name(boot::SlotName(target));
  MATIC_ASSIGN(PartitionDevice slot, OpenSlot(disk_, view.table, target));
  MATIC_ASSIGN(PartitionDevice running, OpenSlot(disk_, view.table, view.slots.running));
  const auto make_unbootable = [&]() -> Result<> {
    const gpt::SlotChange change{target, boot::kUnbootable};
    return table_.UpdateAttributes({&change, 1});
  };
  const auto options = options_.Get();
  const StageJob job{.source = *source,
                     .slot = slot,
                     .sha256 = sha256,
                     .max_bytes = MaxBytes(spec, slot),
                     .buffer_bytes = options->buffer_bytes,
                     .make_unbootable = make_unbootable,
                     .clock = clock_,
                     .read_back = options->read_back};
  const PartialImageFile partial(options->partial_file);
  const StagePlace place{.slot = name, .url = spec.source};
  Result<std::optional<WrittenImage>> written = std::optional<WrittenImage>();
  if (const auto delta = DeltaOf(spec, job.max_bytes, running, slot)) {
    written = StageByParts(*delta, job, http_, partial, place, progress, stop);
  }
  if (written && !*written) written = StageOn(job, partial, place, progress, stop);
  if (!written) return Fail(written.error().Context("stage " + name));
  const WrittenImage& image = **written;
  return update::StagedImage{name, crypto::ToHex(image.digest), image.version, image.size_bytes};
}

// Between staging and activating the agent may have been away for long.
Result<> AbBackend::CheckStaged(const View& view, const update::StagedImage& staged) {
  MATIC_ASSIGN(PartitionDevice slot, OpenSlot(disk_, view.table, view.slots.other()));
  const auto image = image::InspectImage(slot);
  if (!image) return Fail(image.error().Context("activate " + staged.target));
  if (image->image_bytes == staged.size_bytes && image->version == staged.version) return {};
  return Fail(ErrorCode::kCorrupt,
              "activate " + staged.target + ": it holds version \"" + image->version + "\" (" +
                  std::to_string(image->image_bytes) + " bytes), staged was \"" + staged.version +
                  "\" (" + std::to_string(staged.size_bytes) + " bytes)");
}

Result<> AbBackend::Verify(const update::StagedImage& staged, const engine::ProgressSink& progress,
                           std::stop_token stop) {
  MATIC_ASSIGN(const boot::Slot target, ParseTarget(staged.target));
  MATIC_ASSIGN(const crypto::Digest expected, crypto::ParseSha256Hex(staged.digest));
  MATIC_ASSIGN(const View view, Look());
  MATIC_TRY(CheckStaged(view, staged));
  MATIC_ASSIGN(PartitionDevice slot, OpenSlot(disk_, view.table, target));
  const auto report = [&](uint64_t done) {
    progress({engine::StagePhase::kVerifying, done, staged.size_bytes});
  };
  MATIC_ASSIGN(const crypto::Digest got, HashImage(slot, staged.size_bytes, report, stop));
  if (got == expected) return {};
  return Fail(ErrorCode::kCorrupt, staged.target + " has changed since it was staged: sha256 " +
                                       crypto::ToHex(got) + " instead of " + staged.digest);
}

Result<> AbBackend::Activate(const update::StagedImage& staged, std::stop_token) {
  MATIC_ASSIGN(const boot::Slot target, ParseTarget(staged.target));
  MATIC_ASSIGN(const View view, Look());
  if (target == view.slots.running) {
    return Fail(ErrorCode::kRefused, "activate " + staged.target + ": it is what runs now");
  }
  MATIC_TRY(CheckStaged(view, staged));
  MATIC_ASSIGN(const SlotChanges changes, PlanActivate(view.slots, options_->tries));
  return table_.UpdateAttributes(changes);
}

Result<> AbBackend::Discard(const std::string& target) {
  MATIC_ASSIGN(const boot::Slot slot, ParseTarget(target));
  MATIC_ASSIGN(const View view, Look());
  MATIC_ASSIGN(const SlotChanges changes, PlanDiscard(view.slots, slot));
  return table_.UpdateAttributes(changes);
}

Result<> AbBackend::Confirm() {
  MATIC_ASSIGN(const View view, Look());
  return table_.UpdateAttributes(PlanConfirm(view.slots));
}

Result<std::string> AbBackend::Revert(const std::string& previous, std::stop_token) {
  MATIC_ASSIGN(const boot::Slot slot, ParseTarget(previous));
  MATIC_ASSIGN(const View view, Look());
  MATIC_ASSIGN(const SlotChanges changes, PlanRevert(view.slots, slot));
  MATIC_TRY(table_.UpdateAttributes(changes));
  return std::string();
}

Result<> AbBackend::GiveTryBack() {
  MATIC_ASSIGN(const View view, Look());
  return table_.UpdateAttributes(PlanGiveTryBack(view.slots, options_->tries));
}

}  // namespace matic::ab
