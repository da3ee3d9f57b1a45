// What happens to the machines of a sweep while nothing fails.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "tests/crash/disk.h"
#include "tests/crash/machine.h"

namespace matic::crash {

struct Story {
  std::string name;
  std::string what;  // for people
  Factory factory{};
  MachineOptions machine{};
  // Done to the disk before the machine's first start.
  std::function<void(FactoryDisk&)> damage = [](FactoryDisk&) {};
  // From the first start to the last rest.
  std::function<Result<>(Machine&)> play;
  // What runs in the end.
  std::string ends_with;
};

const std::vector<Story>& Stories();
const Story* FindStory(const std::string& name);

}  // namespace matic::crash
