// fleet.yaml. No program is run: one that a file names fails to start. The input is the file, or,
// where it begins with '=', a key, a value and an address in a line each before it.

#include <nlohmann/json.hpp>

#include "lib/os/process_runner.h"
#include "lib/settings/edit.h"
#include "osctl/fleet/inventory/address.h"
#include "osctl/fleet/inventory/describe.h"
#include "osctl/fleet/inventory/load.h"
#include "tests/fuzz/input.h"

namespace {

using namespace matic;

class NoPrograms : public ProcessRunner {
 public:
  Result<ProcessOutcome> RunToEnd(const Command&, std::chrono::milliseconds) override {
    return Fail(ErrorCode::kNotFound, "there are no programs here");
  }
};

constexpr const char* kFile = "/srv/fleet.yaml";

void TryAddress(const std::string& text) {
  const auto address = fleet::ParseAddress(text);
  if (!address) return;
  const auto back = fleet::ParseAddress(fleet::FormatAddress(*address));
  FUZZ_CLAIM(back && *back == *address);
  // ssh must not take it for an option.
  if (const auto* ssh = std::get_if<fleet::SshAddress>(&*address)) {
    FUZZ_CLAIM(!ssh->host.starts_with('-') && !ssh->user.starts_with('-'));
  }
}

void TryInventory(const std::string& text) {
  NoPrograms programs;
  const fleet::Checked checked = fleet::CheckInventory(kFile, text, programs);
  FUZZ_CLAIM(checked.problems.size() <= 101);
  for (const Error& problem : checked.problems) FUZZ_CLAIM(!problem.message.empty());
  if (!checked.problems.empty()) return;
  const fleet::Inventory& inventory = checked.inventory;
  for (const fleet::Group& group : inventory.groups) {
    for (const std::string& name : group.machines) FUZZ_CLAIM(inventory.FindMachine(name));
    for (const std::string& name : group.dependencies) FUZZ_CLAIM(inventory.FindGroup(name));
  }
  // What is shown of it is an inventory, and the same one; as YAML too.
  const auto described = fleet::Describe(inventory);
  for (const std::string& shown : {described.dump(), fleet::ToYaml(described)}) {
    const fleet::Checked back = fleet::CheckInventory(kFile, shown, programs);
    FUZZ_CLAIM(back.problems.empty());
    FUZZ_CLAIM(back.inventory == inventory);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  if (size == 0 || data[0] != '=') {
    TryInventory(input.Text());
    return 0;
  }
  input.Byte();
  const std::string key = input.Line();
  const std::string value = input.Line();
  TryAddress(input.Line());
  const std::string text = input.Text();
  const auto changed =
      settings::SetValue(kFile, text, {"settings", key}, value, settings::Spelling::kAlsoSnakeCase);
  if (!changed) return 0;
  // Setting it again changes nothing.
  const auto again = settings::SetValue(kFile, *changed, {"settings", key}, value,
                                        settings::Spelling::kAlsoSnakeCase);
  FUZZ_CLAIM(again && *again == *changed);
  return 0;
}
