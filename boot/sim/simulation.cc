#include "boot/sim/simulation.h"

#include <algorithm>
#include <memory>

namespace matic::boot {
namespace {

class SimulatedMachine {
 public:
  SimulatedMachine(DiskFile& disk, Consume consume, SimulatedStart& result)
      : disk_(disk), consume_(consume), result_(result) {}

  bool Read(uint64_t lba, std::span<uint8_t> into) {
    if (!disk_.Read(lba, into)) return false;
    const size_t sector = disk_.geometry().sector_bytes;
    for (size_t at = 0; at < into.size(); at += sector) {
      const auto written = not_written_.find(lba + at / sector);
      if (written == not_written_.end()) continue;
      std::copy(written->second.begin(), written->second.end(),
                into.begin() + static_cast<ptrdiff_t>(at));
    }
    return true;
  }

  bool Write(uint64_t lba, std::span<const uint8_t> bytes) {
    if (consume_ == Consume::kTry) return disk_.Write(lba, bytes).has_value();
    const size_t sector = disk_.geometry().sector_bytes;
    for (size_t at = 0; at < bytes.size(); at += sector) {
      const auto content = bytes.subspan(at, sector);
      not_written_[lba + at / sector].assign(content.begin(), content.end());
    }
    return true;
  }

  bool Flush() { return consume_ == Consume::kNothing || disk_.Flush().has_value(); }

  void Show(std::string_view line) { result_.lines.emplace_back(line); }

  Outcome Start(const StartStep& start, std::string_view line) {
    std::vector<uint8_t> kernel(UkiBufferBytes(start));
    const Outcome outcome = ReadUki(*this, start, disk_.geometry(), kernel);
    if (outcome != Outcome::kDone) return outcome;
    Show(line);
    result_.started = start;
    return Outcome::kDone;
  }

 private:
  DiskFile& disk_;
  Consume consume_;
  SimulatedStart& result_;
  std::map<uint64_t, std::vector<uint8_t>> not_written_;  // what a start would have written
};

}  // namespace

SimulatedStart SimulateStart(DiskFile& disk, Consume consume) {
  SimulatedStart result;
  SimulatedMachine machine(disk, consume, result);
  const auto selector = std::make_unique<Selector>(disk.geometry());
  Run(*selector, machine, disk.geometry());
  return result;
}

}  // namespace matic::boot
