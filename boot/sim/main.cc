// matic-bootsim: which slot the selector would start from a disk image.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "boot/sim/simulation.h"

namespace {

using matic::boot::Consume;
using matic::boot::DiskAccess;
using matic::boot::DiskFile;
using matic::boot::SimulatedStart;

enum class Output { kText, kJson };

struct Options {
  std::string disk;
  bool consume = false;
  std::optional<uint32_t> sector_bytes;
  Output output = Output::kText;
};

constexpr int kStarted = 0;
constexpr int kNothingToStart = 1;
constexpr int kUsage = 2;

nlohmann::json ToJson(const SimulatedStart& result) {
  nlohmann::json json = {{"slot", nullptr}, {"lines", result.lines}};
  if (!result.started) return json;
  const auto& start = *result.started;
  const auto& attributes = start.attributes;
  json["slot"] = matic::boot::SlotName(start.slot);
  json["partition"] = start.partition.number;
  json["priority"] = attributes.priority;
  json["tries"] = attributes.tries;
  json["successful"] = attributes.successful;
  json["last_resort"] = start.last_resort;
  json["on_trial"] = start.needs_hand_over;
  return json;
}

int Simulate(const Options& options) {
  const DiskAccess access = options.consume ? DiskAccess::kReadWrite : DiskAccess::kReadOnly;
  auto disk = DiskFile::Open(options.disk, access, options.sector_bytes);
  if (!disk) {
    std::cerr << "matic-bootsim: " << disk.error().message << "\n";
    return kNothingToStart;
  }
  const SimulatedStart result =
      SimulateStart(*disk, options.consume ? Consume::kTry : Consume::kNothing);
  for (const std::string& line : result.lines) std::cerr << line << "\n";
  if (options.output == Output::kJson) {
    std::cout << ToJson(result).dump() << "\n";
  } else if (result.started) {
    std::cout << matic::boot::SlotName(result.started->slot) << "\n";
  }
  return result.started ? kStarted : kNothingToStart;
}

int ParseAndSimulate(int argc, char** argv) {
  static const std::map<std::string, Output> kOutputs = {{"text", Output::kText},
                                                         {"json", Output::kJson}};
  CLI::App app("Prints the slot that the boot selector would start from DISK, and on stderr why.");
  app.footer("Exit codes: 0 a slot was found, 1 nothing can be started, 2 wrong usage.");
  Options options;
  app.add_option("DISK", options.disk, "A disk image or a block device")->required();
  app.add_flag("--consume", options.consume,
               "Write what a start writes: take the try, record refusals, restore the table");
  app.add_option("--sector-size", options.sector_bytes, "Bytes in a sector of an image file")
      ->check(CLI::IsMember({512, 4096}));
  app.add_option("--output", options.output, "text or json")
      ->transform(CLI::CheckedTransformer(kOutputs))
      ->option_text("text|json");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kStarted : kUsage;
  }
  return Simulate(options);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return ParseAndSimulate(argc, argv);
  } catch (const std::exception& error) {
    // A kernel for which there is no memory, for one.
    std::fprintf(stderr, "matic-bootsim: %s\n", error.what());
    return kNothingToStart;
  }
}
