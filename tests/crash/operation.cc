#include "tests/crash/operation.h"

namespace matic::crash {
namespace {

std::string What(const Operation& operation) {
  const std::string file = "file " + std::to_string(operation.file);
  const std::string bytes =
      std::to_string(operation.bytes.size()) + " bytes at " + std::to_string(operation.offset);
  switch (operation.kind) {
    case Kind::kDiskWrite:
      return "write " + bytes + " of the disk";
    case Kind::kDiskFlush:
      return "flush the disk";
    case Kind::kCreate:
      return "create " + operation.name + " (" + file + ")";
    case Kind::kFileWrite:
      return "write " + bytes + " of " + file;
    case Kind::kTruncate:
      return "truncate " + file + " to " + std::to_string(operation.offset);
    case Kind::kFileSync:
      return "sync " + file;
    case Kind::kRename:
      return "rename " + operation.name + " to " + operation.new_name;
    case Kind::kUnlink:
      return "unlink " + operation.name;
    case Kind::kFolderSync:
      return "sync the folder" + (operation.name.empty() ? "" : " " + operation.name);
    case Kind::kStart:
      return "start " + std::string(boot::SlotName(operation.start.slot)) + ", tries left " +
             std::to_string(operation.start.attributes.tries);
  }
  return "nothing";
}

std::string Who(Actor actor) {
  switch (actor) {
    case Actor::kAgent:
      return "agent";
    case Actor::kSelector:
      return "selector";
    case Actor::kFirmware:
      return "firmware";
    case Actor::kNobody:
      return "damage";
  }
  return "unknown";
}

}  // namespace

std::string FolderOf(const std::string& name) {
  const size_t last = name.find_last_not_of('/');
  const size_t slash = name.rfind('/', last);
  return slash == std::string::npos ? "" : name.substr(0, slash + 1);
}

std::string Describe(const Operation& operation) {
  return Who(operation.actor) + ": " + What(operation);
}

}  // namespace matic::crash
