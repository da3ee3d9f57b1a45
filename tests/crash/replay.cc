#include "tests/crash/replay.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <span>

#include "lib/base/hex.h"

namespace matic::crash {
namespace {

using Json = nlohmann::json;

constexpr size_t kSector = 512;

Json DiskJson(std::span<const uint8_t> disk) {
  Json sectors = Json::object();
  for (size_t at = 0; at < disk.size(); at += kSector) {
    const auto sector = disk.subspan(at, std::min(kSector, disk.size() - at));
    const auto is_zero = [](uint8_t byte) { return byte == 0; };
    if (!std::ranges::all_of(sector, is_zero)) sectors[std::to_string(at)] = HexEncode(sector);
  }
  return {{"bytes", disk.size()}, {"sectors", sectors}};
}

Result<std::vector<uint8_t>> DiskFrom(const Json& json) {
  std::vector<uint8_t> disk(json.at("bytes").get<size_t>());
  for (const auto& [at, hex] : json.at("sectors").items()) {
    MATIC_ASSIGN(const std::vector<uint8_t> sector, HexDecode(hex.get<std::string>()));
    const size_t offset = std::stoul(at);
    if (offset > disk.size() || sector.size() > disk.size() - offset) {
      return Fail(ErrorCode::kCorrupt, "a sector is not on the disk");
    }
    std::ranges::copy(sector, disk.begin() + static_cast<ptrdiff_t>(offset));
  }
  return disk;
}

Json StartJson(const Start& start) {
  return {{"slot", boot::SlotName(start.slot)},
          {"priority", start.attributes.priority},
          {"tries", start.attributes.tries},
          {"successful", start.attributes.successful},
          {"number", start.number}};
}

Start StartFrom(const Json& json) {
  Start start;
  start.slot = boot::ParseSlotName(json.at("slot").get<std::string>()).value_or(boot::Slot::kA);
  start.attributes = {json.at("priority"), json.at("tries"), json.at("successful")};
  start.number = json.at("number");
  return start;
}

Result<Failure> FailureFrom(const Json& json) {
  Failure failure{json.at("story"), json.at("what"), json.at("where"), {}, {}};
  MATIC_ASSIGN(failure.medium.disk, DiskFrom(json.at("disk")));
  for (const auto& [name, hex] : json.at("files").items()) {
    MATIC_ASSIGN(const std::vector<uint8_t> content, HexDecode(hex.get<std::string>()));
    failure.medium.files[name] = {content.begin(), content.end()};
  }
  failure.past.starts = json.at("starts");
  failure.past.table_written = json.at("table_written");
  if (json.contains("last_start")) failure.past.last_start = StartFrom(json.at("last_start"));
  return failure;
}

}  // namespace

Result<> SaveFailure(const Failure& failure, const std::filesystem::path& path) {
  Json files = Json::object();
  for (const auto& [name, content] : failure.medium.files) {
    files[name] = HexEncode({reinterpret_cast<const uint8_t*>(content.data()), content.size()});
  }
  Json json = {{"story", failure.story},
               {"what", failure.what},
               {"where", failure.where},
               {"starts", failure.past.starts},
               {"table_written", failure.past.table_written},
               {"disk", DiskJson(failure.medium.disk)},
               {"files", files}};
  if (failure.past.last_start) json["last_start"] = StartJson(*failure.past.last_start);
  std::ofstream file(path);
  file << json.dump(1) << "\n";
  file.close();
  if (file) return {};
  return Fail(ErrorCode::kIo, "write " + path.string());
}

Result<Failure> LoadFailure(const std::filesystem::path& path) {
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  try {
    return FailureFrom(Json::parse(text));
  } catch (const std::exception& error) {
    return Fail(ErrorCode::kCorrupt, path.string() + ": " + error.what());
  }
}

Result<> Replay(const Failure& failure, const std::filesystem::path& folder) {
  const Story* story = FindStory(failure.story);
  if (story == nullptr) return Fail(ErrorCode::kNotFound, "no story is named " + failure.story);
  if (failure.medium.disk.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "it is about an order, and no state: sweep the story");
  }
  std::filesystem::create_directories(folder);
  MATIC_ASSIGN(const FactoryDisk factory, MakeDisk(story->factory, folder));
  Layout layout = factory.layout;
  layout.disk_bytes = failure.medium.disk.size();
  Machine machine(folder, story->machine, layout);
  return RunToRest(machine, failure.medium, failure.past);
}

}  // namespace matic::crash
