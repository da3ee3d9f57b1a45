// What a program did to a disk and to a folder, in order, as far as a power loss could undo it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "boot/policy/slot.h"

namespace matic::crash {

enum class Kind : uint8_t {
  kDiskWrite,
  kDiskFlush,
  kCreate,  // a file or a folder, empty, under a name
  kFileWrite,
  kTruncate,
  kFileSync,
  kRename,
  kUnlink,
  kFolderSync,  // makes the names in it durable
  kStart,       // nothing is written: the selector hands over to a kernel
};

enum class Actor : uint8_t {
  kAgent,
  kSelector,
  kFirmware,  // before the selector
  kNobody,    // what goes bad by itself
};

// Of kStart.
struct Start {
  boot::Slot slot = boot::Slot::kA;
  boot::SlotAttributes attributes;  // as recorded when it starts
  uint64_t number = 0;              // of this start in the machine's life
};

struct Operation {
  Kind kind = Kind::kDiskFlush;
  Actor actor = Actor::kAgent;
  uint64_t offset = 0;  // of a write; the new size of kTruncate
  uint32_t file = 0;    // a number for the file's life, whatever its name
  std::string name{};   // within the folder; of kRename the old one. A folder's ends in '/'
  std::string new_name{};
  std::vector<uint8_t> bytes{};
  Start start{};
};

using Journal = std::vector<Operation>;

// Where a name is: "" is the folder that is recorded, "a/" a folder in it.
std::string FolderOf(const std::string& name);

// "agent: write 512 bytes at 1024", for people.
std::string Describe(const Operation& operation);

}  // namespace matic::crash
