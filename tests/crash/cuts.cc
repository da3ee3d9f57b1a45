#include "tests/crash/cuts.h"

#include <random>

namespace matic::crash {
namespace {

using FateKind = Fate::Kind;

// With so many pending operations every subset is tried.
constexpr size_t kFew = 4;
constexpr size_t kSomeSubsets = 8;
constexpr uint32_t kSector = 512;
constexpr uint32_t kTornAt[] = {kSector, 4096};
constexpr uint32_t kSectorSeeds = 2;

std::vector<Fate> TornFates(const Operation& operation, uint32_t seed) {
  std::vector<Fate> fates;
  const bool of_file = operation.kind == Kind::kFileWrite;
  if (operation.kind != Kind::kDiskWrite && !of_file) return fates;
  for (const uint32_t at : kTornAt) {
    if (operation.bytes.size() <= at) continue;
    fates.push_back({FateKind::kHead, at});
    fates.push_back({FateKind::kTail, at});
  }
  // What is appended to a file seldom begins with a sector.
  const auto left_of_sector = static_cast<uint32_t>(kSector - operation.offset % kSector);
  if (of_file && left_of_sector < kSector && left_of_sector < operation.bytes.size()) {
    fates.push_back({FateKind::kHead, left_of_sector});
  }
  if (of_file) fates.push_back({FateKind::kHole, 0});
  // Fewer bytes than a sector: file systems allocate late.
  if (of_file) fates.push_back({FateKind::kHead, 0});
  for (uint32_t n = 0; n < kSectorSeeds && operation.bytes.size() > 2 * kSector; ++n) {
    fates.push_back({FateKind::kSectors, seed + n});
  }
  return fates;
}

class Builder {
 public:
  Builder(std::span<const Operation* const> pending, uint32_t seed)
      : pending_(pending), seed_(seed) {}

  std::vector<std::vector<Fate>> Build() {
    Add(All(FateKind::kLost));
    if (pending_.empty()) return std::move(fates_);
    Add(All(FateKind::kKept));
    AddSubsets();
    for (size_t i = 0; i < pending_.size(); ++i) AddOne(i);
    return std::move(fates_);
  }

 private:
  std::vector<Fate> All(FateKind kind) const {
    return std::vector<Fate>(pending_.size(), Fate{kind, 0});
  }

  void Add(std::vector<Fate> fates) { fates_.push_back(std::move(fates)); }

  void AddSubsets() {
    const size_t count = pending_.size();
    if (count == 1) return;
    std::mt19937 random(seed_);
    const bool few = count <= kFew;
    const size_t subsets = few ? (size_t{1} << count) : kSomeSubsets;
    for (size_t n = 0; n < subsets; ++n) {
      std::vector<Fate> fates = All(FateKind::kLost);
      for (size_t i = 0; i < count; ++i) {
        const bool kept = few ? ((n >> i) & 1) != 0 : random() % 2 == 0;
        if (kept) fates[i].kind = FateKind::kKept;
      }
      Add(std::move(fates));
    }
  }

  void AddOne(size_t i) {
    std::vector<Fate> alone = All(FateKind::kLost);
    alone[i].kind = FateKind::kKept;
    Add(std::move(alone));
    std::vector<Fate> missing = All(FateKind::kKept);
    missing[i].kind = FateKind::kLost;
    Add(std::move(missing));
    for (const Fate& torn : TornFates(*pending_[i], seed_)) {
      std::vector<Fate> only = All(FateKind::kLost);
      only[i] = torn;
      Add(std::move(only));
      std::vector<Fate> last = All(FateKind::kKept);
      last[i] = torn;
      Add(std::move(last));
    }
  }

  std::span<const Operation* const> pending_;
  uint32_t seed_;
  std::vector<std::vector<Fate>> fates_;
};

}  // namespace

std::vector<std::vector<Fate>> Fates(std::span<const Operation* const> pending, uint32_t seed) {
  return Builder(pending, seed).Build();
}

}  // namespace matic::crash
