#include "agent/ab/booted_system.h"

#include <nlohmann/json.hpp>

#include "lib/os/boot_id.h"
#include "lib/os/durable_file.h"
#include "lib/os/os_release.h"

namespace matic::ab {
namespace {

constexpr size_t kFactsLimit = 64 * 1024;

// IMAGE_VERSION is the image's; VERSION_ID at least the distribution's.
std::string VersionOf(const OsRelease& release) {
  const std::string image = Lookup(release, "IMAGE_VERSION");
  return image.empty() ? Lookup(release, "VERSION_ID") : image;
}

}  // namespace

Result<Booted> LinuxBootedSystem::Find(const gpt::GptTable& table) {
  MATIC_ASSIGN(const RootPartition root, FindRootPartition(folders_));
  MATIC_ASSIGN(const StartedSlot started, ReadStartedSlot(folders_));
  MATIC_ASSIGN(const boot::Slot slot, IdentifyRunningSlot(table, root, started));
  MATIC_ASSIGN(const std::string boot_id, ReadBootId());
  const auto release = ReadOsRelease(os_release_);
  return Booted{slot, boot_id, release ? VersionOf(*release) : ""};
}

Result<Booted> FileBootedSystem::Find(const gpt::GptTable& table) {
  // On a real disk a file's word must not decide which slot is written.
  std::error_code error;
  if (std::filesystem::is_block_file(table.device, error)) {
    return Fail(ErrorCode::kRefused,
                "boot_facts is for a disk that is a plain file; " + table.device + " is a device");
  }
  MATIC_ASSIGN(const std::string text, ReadFile(facts_, kFactsLimit));
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  const auto string = [&](const char* key) -> std::string {
    if (!json.is_object()) return "";
    const auto found = json.find(key);
    return found != json.end() && found->is_string() ? found->get<std::string>() : "";
  };
  const std::string boot_id = string("boot_id");
  const auto slot = boot::ParseSlotName(string("slot"));
  if (boot_id.empty() || !slot) {
    return Fail(ErrorCode::kCorrupt,
                facts_.string() + R"(: must be {"boot_id": "…", "slot": "slot-a" or "slot-b"})");
  }
  MATIC_TRY(gpt::FindSlot(table, *slot));
  return Booted{*slot, boot_id, std::nullopt};
}

}  // namespace matic::ab
