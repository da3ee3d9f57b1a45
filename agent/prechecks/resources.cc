// Space, load, memory and uptime.
#include <cmath>
#include <cstdio>
#include <memory>
#include <sstream>

#include "agent/health/memory_check.h"
#include "agent/health/room.h"
#include "agent/prechecks/checks.h"
#include "lib/os/durable_file.h"

namespace matic::prechecks {
namespace {

constexpr size_t kMaxProcFile = 1u << 20;
constexpr uint64_t kMiB = 1u << 20;
constexpr std::chrono::seconds kRoomLimit{5};

std::string Decimal(double number) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.2f", number);
  return text;
}

// As df(1) has it: of what is there for who is not root, rounded up. No product of sizes: those may
// be as large as 64 bits hold.
uint64_t UsedPercent(const health::Room& room) {
  const double whole = static_cast<double>(room.used_bytes) + static_cast<double>(room.free_bytes);
  if (whole == 0) return 0;
  return static_cast<uint64_t>(std::ceil(static_cast<double>(room.used_bytes) * 100 / whole));
}

}  // namespace

std::function<Result<health::Room>(const std::filesystem::path&)> RoomMeasure() {
  return [gauge = std::make_shared<health::RoomGauge>()](const std::filesystem::path& path) {
    return gauge->Read(path, kRoomLimit, {});
  };
}

Reason Space(const Situation& now) {
  if (now.wanted.space_min_mib == 0) return std::nullopt;
  const auto room = now.machine.measure_room(now.machine.state_dir);
  if (!room) return room.error().message;
  const uint64_t free_mib = room->free_bytes / kMiB;
  if (free_mib >= now.wanted.space_min_mib) return std::nullopt;
  return std::to_string(free_mib) + " MiB are free at " + now.machine.state_dir.string() +
         ", at least " + std::to_string(now.wanted.space_min_mib) + " are needed: make room there";
}

Reason Disk(const Situation& now) {
  const config::DiskUse& wanted = now.wanted.disk;
  if (wanted.max_percent == 0) return std::nullopt;
  std::string full;
  for (const std::filesystem::path& path : wanted.paths) {
    const auto room = now.machine.measure_room(path);
    if (!room && room.error().code == ErrorCode::kNotFound) continue;
    const uint64_t percent = room ? UsedPercent(*room) : 0;
    if (room && percent <= wanted.max_percent) continue;
    if (!full.empty()) full += "; ";
    if (!room) {
      full += room.error().message;
    } else {
      full += path.string() + " is full to " + std::to_string(percent) + " %, at most " +
              std::to_string(wanted.max_percent) + " are allowed: make room there";
    }
  }
  return full.empty() ? std::nullopt : Reason(full);
}

// proc_loadavg(5): the average of the last minute comes first.
Reason Load(const Situation& now) {
  if (now.wanted.load_max_percent == 0 || now.machine.processors == 0) return std::nullopt;
  const auto text = ReadFile(now.machine.proc / "loadavg", kMaxProcFile);
  if (!text) return text.error().message;
  double load = 0;
  if (!(std::istringstream(*text) >> load)) return "/proc/loadavg cannot be read";
  const double most = now.machine.processors * (now.wanted.load_max_percent / 100.0);
  if (load <= most) return std::nullopt;
  return "the load is " + Decimal(load) + ", at most " + Decimal(most) + " is allowed on " +
         std::to_string(now.machine.processors) + " processors: wait, or end what keeps it busy";
}

Reason Memory(const Situation& now) {
  if (now.wanted.memory_min_mib == 0) return std::nullopt;
  const auto text = ReadFile(now.machine.proc / "meminfo", kMaxProcFile);
  if (!text) return text.error().message;
  const auto memory = health::ParseMemory(*text);
  if (!memory) return memory.error().message;
  const uint64_t available_mib = memory->available_bytes / kMiB;
  if (available_mib >= now.wanted.memory_min_mib) return std::nullopt;
  return std::to_string(available_mib) + " MiB of memory are available, at least " +
         std::to_string(now.wanted.memory_min_mib) + " are needed: end what takes it";
}

Reason Uptime(const Situation& now) {
  const auto up = std::chrono::floor<std::chrono::seconds>(now.clock.SinceBoot());
  if (up >= now.wanted.min_uptime) return std::nullopt;
  return "the machine is up for " + std::to_string(up.count()) + " s, at least " +
         std::to_string(now.wanted.min_uptime.count()) + " s are wanted: wait";
}

}  // namespace matic::prechecks
