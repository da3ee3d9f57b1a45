#include "osctl/disk/disk_image.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <span>

#include "lib/gpt/create_gpt.h"
#include "lib/image/image_reader.h"
#include "lib/image/work_folder.h"
#include "lib/os/linux_block_device.h"
#include "osctl/disk/esp.h"
#include "osctl/disk/layout.h"
#include "osctl/disk/sparse_copy.h"
#include "osctl/disk/state_filesystem.h"

namespace matic::osctl {
namespace {

namespace fs = std::filesystem;

// A version 4 UUID in the GPT's byte order.
Result<boot::Guid> RandomGuid() {
  boot::Guid guid;
  if (::getrandom(guid.bytes.data(), guid.bytes.size(), 0) !=
      static_cast<ssize_t>(guid.bytes.size())) {
    return Fail(OsError("get random bytes", errno));
  }
  guid.bytes[7] = static_cast<uint8_t>((guid.bytes[7] & 0x0f) | 0x40);
  guid.bytes[8] = static_cast<uint8_t>((guid.bytes[8] & 0x3f) | 0x80);
  return guid;
}

struct SlotPlan {
  SlotContent content;
  fs::path file;
  uint64_t image_bytes = 0;
};

Result<SlotPlan> CheckSlotImage(boot::Slot slot, const fs::path& file, image::PeMachine machine) {
  MATIC_ASSIGN(auto device, LinuxBlockDevice::Open(file, LinuxBlockDevice::Access::kReadOnly));
  const auto info = image::InspectImage(*device);
  if (!info) return Fail(info.error().Context(file.string()));
  const auto digest = image::VerifyImage(*device, *info);
  if (!digest) return Fail(digest.error().Context(file.string()));
  if (info->machine != static_cast<uint16_t>(machine)) {
    return Fail(ErrorCode::kInvalidArgument,
                file.string() + ": its kernel is for another kind of machine than the selector");
  }
  return SlotPlan{{slot, info->version, *digest}, file, info->image_bytes};
}

// Two factory images: A is chosen, B is the way back.
boot::SlotAttributes FactoryAttributes(boot::Slot slot, std::span<const SlotPlan> plans) {
  const bool filled = std::ranges::any_of(
      plans, [slot](const SlotPlan& plan) { return plan.content.slot == slot; });
  if (!filled) return boot::kUnbootable;
  const bool first_of_two = plans.size() > 1 && slot == boot::Slot::kA;
  return {.priority = first_of_two ? boot::kActivatedPriority : boot::kRunningPriority,
          .tries = 0,
          .successful = true};
}

Result<gpt::GptTable> CreateTable(const fs::path& disk, const DiskLayout& layout,
                                  std::span<const SlotPlan> plans, image::PeMachine machine) {
  std::vector<gpt::NewPartition> partitions;
  partitions.push_back({std::string(boot::kEspName), boot::kEspType, {}, kEspBytes, 0});
  const boot::Guid root_type =
      machine == image::PeMachine::kArm64 ? boot::kRootTypeArm64 : boot::kRootTypeX64;
  for (boot::Slot slot : boot::kSlots) {
    partitions.push_back({std::string(boot::SlotName(slot)),
                          root_type,
                          {},
                          layout.slot,
                          boot::EncodeSlotAttributes(FactoryAttributes(slot, plans),
                                                     boot::kReadOnlyBit | boot::kNoAutoBit)});
  }
  partitions.push_back({std::string(boot::kStateName), boot::kStateType, {}, 0, 0});
  for (gpt::NewPartition& partition : partitions) {
    MATIC_ASSIGN(partition.unique, RandomGuid());
  }
  gpt::NewGpt table;
  MATIC_ASSIGN(table.disk_guid, RandomGuid());
  table.alignment_bytes = kPartitionAlignment;
  table.partitions = partitions;
  return gpt::CreateGpt(disk, table);
}

const boot::Partition& Named(const gpt::GptTable& table, std::string_view name) {
  return *std::ranges::find_if(table.partitions, [name](const boot::Partition& partition) {
    return boot::HasName(partition, name);
  });
}

Result<> FillPartitions(ProcessRunner& runner, const DiskSpec& spec, const gpt::GptTable& table,
                        std::span<const SlotPlan> plans, const EspSpec& esp_program,
                        const image::WorkFolder& work) {
  const fs::path disk = work.File("disk");
  const boot::Partition& esp = Named(table, boot::kEspName);
  EspSpec esp_spec = esp_program;
  esp_spec.start_bytes = table.StartBytes(esp);
  esp_spec.size_bytes = table.SizeBytes(esp);
  MATIC_TRY(MakeEsp(runner, esp_spec, work.File("esp")));
  MATIC_TRY(CopySparse(work.File("esp"), disk, table.StartBytes(esp)));
  for (const SlotPlan& plan : plans) {
    const boot::Partition& partition = Named(table, boot::SlotName(plan.content.slot));
    MATIC_TRY(CopySparse(plan.file, disk, table.StartBytes(partition)));
  }
  const boot::Partition& state = Named(table, boot::kStateName);
  MATIC_TRY(MakeStateFilesystem(runner, {spec.state, table.SizeBytes(state)}, work.File("state"),
                                work.File("owners")));
  return CopySparse(work.File("state"), disk, table.StartBytes(state));
}

// The selector as it gets onto the ESP.
Result<fs::path> PrepareSelector(ProcessRunner& runner, const DiskSpec& spec,
                                 const image::WorkFolder& work) {
  if (!spec.boot_key) return spec.selector;
  const fs::path signed_selector = work.File("selector.efi");
  MATIC_TRY(image::SignEfiProgram(runner, *spec.boot_key, spec.selector, signed_selector));
  return signed_selector;
}

Result<std::vector<SlotPlan>> CheckImages(const DiskSpec& spec, image::PeMachine machine) {
  std::vector<SlotPlan> plans;
  MATIC_ASSIGN(auto first, CheckSlotImage(boot::Slot::kA, spec.slot_a, machine));
  plans.push_back(std::move(first));
  if (!spec.slot_b.empty()) {
    MATIC_ASSIGN(auto second, CheckSlotImage(boot::Slot::kB, spec.slot_b, machine));
    plans.push_back(std::move(second));
  }
  return plans;
}

}  // namespace

Result<DiskImage> MakeDiskImage(ProcessRunner& system, const DiskSpec& spec) {
  std::error_code error;
  if (!spec.state.empty() && !fs::is_directory(spec.state, error)) {
    return Fail(ErrorCode::kNotFound, "the state folder " + spec.state.string() + " is no folder");
  }
  if (spec.boot_key) MATIC_TRY(image::CheckBootKey(*spec.boot_key));
  EspSpec esp;
  MATIC_ASSIGN(esp.machine, SelectorMachine(spec.selector));
  MATIC_ASSIGN(const auto plans, CheckImages(spec, esp.machine));
  DiskSizes sizes{spec.size_bytes, spec.slot_bytes, 0};
  for (const SlotPlan& plan : plans) {
    sizes.largest_image = std::max(sizes.largest_image, plan.image_bytes);
  }
  MATIC_ASSIGN(const auto layout, PlanDisk(sizes));

  StoppableProcessRunner runner(system, spec.stop);
  MATIC_ASSIGN(const auto work, image::WorkFolder::Beside(spec.output));
  MATIC_ASSIGN(esp.selector, PrepareSelector(runner, spec, work));
  MATIC_TRY(CreateSparseFile(work.File("disk"), spec.size_bytes));
  DiskImage disk;
  MATIC_ASSIGN(disk.table, CreateTable(work.File("disk"), layout, plans, esp.machine));
  MATIC_TRY(FillPartitions(runner, spec, disk.table, plans, esp, work));
  for (const SlotPlan& plan : plans) disk.slots.push_back(plan.content);
  MATIC_TRY(work.Publish(work.File("disk"), spec.output, spec.stop));
  disk.table.device = spec.output.string();
  return disk;
}

}  // namespace matic::osctl
