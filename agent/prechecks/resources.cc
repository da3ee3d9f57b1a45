// Space, load, memory and uptime.
#include <sys/statvfs.h>

#include <cerrno>
#include <cstdio>
#include <sstream>

#include "agent/prechecks/checks.h"
#include "lib/os/durable_file.h"

namespace matic::prechecks {
namespace {

constexpr size_t kMaxProcFile = 1u << 20;
constexpr uint64_t kMiB = 1u << 20;

std::string Decimal(double number) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.2f", number);
  return text;
}

}  // namespace

Reason Space(const Situation& now) {
  if (now.wanted.space_min_mib == 0) return std::nullopt;
  struct statvfs room {};
  const std::string where = now.machine.state_dir.string();
  if (::statvfs(where.c_str(), &room) != 0) {
    return OsError("free space of " + where, errno).message;
  }
  const uint64_t free_mib = room.f_bavail * room.f_frsize / kMiB;
  if (free_mib >= now.wanted.space_min_mib) return std::nullopt;
  return std::to_string(free_mib) + " MiB are free at " + where + ", at least " +
         std::to_string(now.wanted.space_min_mib) + " are needed: make room there";
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

// proc_meminfo(5): "MemAvailable:   123456 kB".
Reason Memory(const Situation& now) {
  if (now.wanted.memory_min_mib == 0) return std::nullopt;
  const auto text = ReadFile(now.machine.proc / "meminfo", kMaxProcFile);
  if (!text) return text.error().message;
  constexpr std::string_view kKey = "MemAvailable:";
  const size_t at = text->find(kKey);
  uint64_t available_kib = 0;
  if (at == std::string::npos ||
      !(std::istringstream(text->substr(at + kKey.size())) >> available_kib)) {
    return "/proc/meminfo does not tell how much memory is available";
  }
  if (available_kib / 1024 >= now.wanted.memory_min_mib) return std::nullopt;
  return std::to_string(available_kib / 1024) + " MiB of memory are available, at least " +
         std::to_string(now.wanted.memory_min_mib) + " are needed: end what takes it";
}

Reason Uptime(const Situation& now) {
  const auto up = std::chrono::floor<std::chrono::seconds>(now.clock.SinceBoot());
  if (up >= now.wanted.min_uptime) return std::nullopt;
  return "the machine is up for " + std::to_string(up.count()) + " s, at least " +
         std::to_string(now.wanted.min_uptime.count()) + " s are wanted: wait";
}

}  // namespace matic::prechecks
