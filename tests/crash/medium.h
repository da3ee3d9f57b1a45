// What outlives a power loss: the disk, and the files of the state folder; and what of the writes
// before it may be there.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "tests/crash/operation.h"

namespace matic::crash {

struct Medium {
  std::vector<uint8_t> disk;
  std::map<std::string, std::string> files;  // and folders, whose names end in '/'

  bool operator==(const Medium&) const = default;
};

// What becomes of one operation that nothing has made durable yet.
struct Fate {
  enum class Kind : uint8_t {
    kLost,
    kKept,
    // Of writes:
    kHead,     // the first `amount` bytes only
    kTail,     // all but the first `amount` bytes
    kHole,     // of a file: its new size is there, its content is zeros
    kSectors,  // each sector of 512 bytes by chance, `amount` is the seed
  };
  Kind kind = Kind::kLost;
  uint32_t amount = 0;

  bool operator==(const Fate&) const = default;
};

// Walks a journal and keeps apart what is durable and what is not.
//
// Stricter than most file systems: the content of a file is durable after its own sync only, names
// after that of their folder only, and whatever is not may be there or not, one without the other.
class Storage {
 public:
  explicit Storage(const Medium& start);

  // `operation` must outlive this.
  void Take(const Operation& operation);

  // In the order of the journal.
  const std::vector<const Operation*>& pending() const { return pending_; }

  // What a power loss leaves; a fate for each of pending().
  Medium After(std::span<const Fate> fates) const;
  // Without a power loss.
  Medium Live() const;

 private:
  struct Content {
    std::vector<uint8_t> disk;
    std::map<std::string, uint32_t> names;
    std::map<uint32_t, std::string> files;

    void Apply(const Operation& operation, const Fate& fate);
    Medium ToMedium() &&;
  };
  template <typename Predicate>
  void MakeDurable(Predicate covers);

  Content durable_;
  std::vector<const Operation*> pending_;
};

}  // namespace matic::crash
