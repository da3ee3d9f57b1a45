// osctl image disk
#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "osctl/disk/disk_image.h"
#include "osctl/image_commands.h"
#include "osctl/render/names.h"
#include "osctl/render/table.h"
#include "osctl/render/units.h"
#include "osctl/session.h"

namespace matic::osctl {
namespace {

namespace fs = std::filesystem;

#if defined(__aarch64__)
constexpr char kSelectorName[] = "matic-bootaa64.efi";
#else
constexpr char kSelectorName[] = "matic-bootx64.efi";
#endif

struct DiskOptions {
  std::string slot_a;
  std::string slot_b;
  uint64_t size_bytes = 0;
  uint64_t slot_bytes = 0;
  std::string state;
  std::string selector;
  std::string sign_key;
  std::string sign_certificate;
  std::string out;
};

// AsSizeValue takes "-5" for what is left of 2^64.
CLI::Validator NotNegative() {
  return CLI::Validator(
      [](std::string& text) {
        const bool negative = text.find('-') != std::string::npos;
        return negative ? "'" + text + "' is no size; 2G, 512M, or bytes" : std::string();
      },
      "");
}

Result<fs::path> FindSelector(const std::string& given) {
  std::error_code error;
  std::vector<fs::path> places;
  if (!given.empty()) {
    places.emplace_back(given);
  } else {
    const fs::path program = fs::read_symlink("/proc/self/exe", error);
    if (!error) places.push_back(program.parent_path() / kSelectorName);
    places.push_back(fs::path("/usr/lib/matic") / kSelectorName);
  }
  std::string tried;
  for (const fs::path& place : places) {
    if (fs::is_regular_file(place, error)) return place;
    tried += (tried.empty() ? "" : " or ") + place.string();
  }
  return Fail(ErrorCode::kNotFound, "there is no boot selector at " + tried +
                                        (given.empty() ? "; --selector names one" : ""));
}

// The slot's image, or null.
const SlotContent* ContentOf(const DiskImage& disk, std::string_view name) {
  for (const SlotContent& content : disk.slots) {
    if (boot::SlotName(content.slot) == name) return &content;
  }
  return nullptr;
}

void PrintJson(const Session& session, const DiskOptions& options, const DiskImage& disk) {
  nlohmann::json partitions = nlohmann::json::array();
  for (const boot::Partition& partition : disk.table.partitions) {
    const std::string name = gpt::PartitionName(partition);
    nlohmann::json object = {{"number", partition.number},
                             {"name", name},
                             {"offset", disk.table.StartBytes(partition)},
                             {"size_bytes", disk.table.SizeBytes(partition)},
                             {"partuuid", gpt::GuidToText(partition.unique)}};
    if (const SlotContent* content = ContentOf(disk, name)) {
      object["version"] = content->version;
      object["sha256"] = crypto::ToHex(content->sha256);
    }
    partitions.push_back(std::move(object));
  }
  const nlohmann::json object = {
      {"path", options.out}, {"size_bytes", disk.table.size_bytes}, {"partitions", partitions}};
  session.out() << ToJson(object) << "\n";
}

void PrintText(const Session& session, const DiskOptions& options, const DiskImage& disk) {
  session.out() << "Disk  " << options.out << " (" << FormatBytes(disk.table.size_bytes) << ")\n\n";
  Table table({"NUMBER", "NAME", "SIZE", "HOLDS"});
  for (const boot::Partition& partition : disk.table.partitions) {
    const std::string name = gpt::PartitionName(partition);
    std::string holds;
    if (name == boot::kEspName) holds = "boot selector";
    if (name == boot::kStateName) {
      holds = options.state.empty() ? "nothing yet" : "the content of " + options.state;
    }
    if (boot::ParseSlotName(name)) {
      const SlotContent* content = ContentOf(disk, name);
      holds = content == nullptr ? "nothing, not bootable" : "version " + content->version;
    }
    table.AddRow({std::to_string(partition.number), name,
                  FormatBytes(disk.table.SizeBytes(partition)), Shown(holds)});
  }
  session.out() << table.Render(session.terminal());
}

Result<> MakeDisk(const Session& session, const DiskOptions& options, std::stop_token stop) {
  DiskSpec spec;
  spec.slot_a = options.slot_a;
  spec.slot_b = options.slot_b;
  spec.size_bytes = options.size_bytes;
  spec.slot_bytes = options.slot_bytes;
  spec.state = options.state;
  spec.output = options.out;
  spec.stop = std::move(stop);
  MATIC_ASSIGN(spec.selector, FindSelector(options.selector));
  if (!options.sign_key.empty()) {
    spec.boot_key = image::BootKey{options.sign_key, options.sign_certificate};
  }
  SystemProcessRunner runner;
  MATIC_ASSIGN(const auto disk, MakeDiskImage(runner, spec));
  if (session.json()) {
    PrintJson(session, options, disk);
  } else {
    PrintText(session, options, disk);
  }
  return {};
}

}  // namespace

void AddImageDiskCommand(CLI::App& image, Session& session) {
  CLI::App* command = image.add_subcommand("disk", "Make a whole disk, as a new node starts from");
  auto options = std::make_shared<DiskOptions>();
  command->add_option("--slot-a", options->slot_a, "The image in slot-a")
      ->type_name("IMAGE")
      ->required();
  command->add_option("--slot-b", options->slot_b, "The image in slot-b [empty, not bootable]")
      ->type_name("IMAGE");
  command->add_option("--size", options->size_bytes, "The disk's size: 2G, 512M, or bytes")
      ->transform(CLI::AsSizeValue(false).description(""))
      ->transform(NotNegative())
      ->type_name("SIZE")
      ->required();
  command
      ->add_option("--slot-size", options->slot_bytes,
                   "Each slot's size [half of what the state partition leaves]")
      ->transform(CLI::AsSizeValue(false).description(""))
      ->transform(NotNegative())
      ->type_name("SIZE");
  command
      ->add_option("--state", options->state,
                   "A folder whose content /var begins with, owned by root there")
      ->type_name("DIR");
  command
      ->add_option("--selector", options->selector,
                   std::string("The boot selector [") + kSelectorName +
                       " beside osctl, or in /usr/lib/matic]")
      ->type_name("FILE");
  AddBootKeyOptions(*command, options->sign_key, options->sign_certificate, "boot selector");
  command->add_option("--out", options->out, "The disk, a sparse file")
      ->type_name("FILE")
      ->required();
  command->footer(R"(Examples:
  osctl image disk --slot-a os-1.9.squashfs --size 2G --state var --out disk.img
  osctl image disk --slot-a os-1.9.squashfs --size 2G --sign-key boot.key \
      --sign-cert boot.pem --out disk.img)");
  command->callback([&session, options] {
    session.RunInterruptible(
        [&](std::stop_token stop) { return MakeDisk(session, *options, std::move(stop)); });
  });
}

}  // namespace matic::osctl
