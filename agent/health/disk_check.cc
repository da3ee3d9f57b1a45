#include "agent/health/disk_check.h"

#include <algorithm>
#include <utility>

namespace matic::health {
namespace {

constexpr std::chrono::seconds kLimit{5};

// Rounded down. No product of sizes: those may be as large as 64 bits hold.
uint64_t Percent(uint64_t part, uint64_t whole) {
  if (whole == 0) return 100;
  return static_cast<uint64_t>(static_cast<double>(part) / static_cast<double>(whole) * 100);
}

std::string Mebibytes(uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

}  // namespace

DiskCheck::DiskCheck(const config::DiskCheck& check, RoomGauge::Measure measure)
    : ConfiguredCheck("disk", check.settings), check_(check), gauge_(std::move(measure)) {}

Finding DiskCheck::Judge(const std::vector<Room>& rooms) const {
  std::string good;
  std::string bad;
  const auto complain = [&](const Room& room, const std::string& what) {
    bad += (bad.empty() ? "" : "; ") + room.path.string() + ": " + what;
  };
  for (const Room& room : rooms) {
    const uint64_t free = Percent(room.free_bytes, room.bytes);
    const uint64_t free_inodes = Percent(room.free_inodes, room.inodes);
    const std::string least =
        " %, must be at least " + std::to_string(check_.min_free_percent) + " %";
    if (free < check_.min_free_percent) {
      complain(room, "free of " + Mebibytes(room.bytes) + " are " + std::to_string(free) + least);
    } else if (room.free_bytes < check_.min_free_bytes) {
      complain(room, Mebibytes(room.free_bytes) + " free, must be at least " +
                         Mebibytes(check_.min_free_bytes));
    } else if (free_inodes < check_.min_free_percent) {
      complain(room, "free of " + std::to_string(room.inodes) + " inodes are " +
                         std::to_string(free_inodes) + least);
    } else {
      good +=
          (good.empty() ? "" : ", ") + room.path.string() + ": " + std::to_string(free) + " % free";
    }
  }
  return bad.empty() ? Finding{true, good} : Finding{false, bad};
}

Finding DiskCheck::Run(std::stop_token stop) {
  const auto end = std::chrono::steady_clock::now() + LimitOr(kLimit);
  std::vector<Room> rooms;
  for (const std::filesystem::path& path : check_.paths) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        std::max<std::chrono::nanoseconds>(end - std::chrono::steady_clock::now(), {}));
    const Result<Room> room = gauge_.Read(path, left, stop);
    if (!room) return {false, room.error().message};
    rooms.push_back(*room);
  }
  return Judge(rooms);
}

}  // namespace matic::health
