// A recording, and every state that a power loss in it may leave.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/crash/disk.h"
#include "tests/crash/judge.h"
#include "tests/crash/medium.h"

namespace matic::crash {

// What the last write before the power failed was for.
enum class StateClass : uint8_t { kTable, kFirstBlock, kPayload, kStateFolder };
inline constexpr size_t kStateClasses = 4;
std::string_view ClassName(StateClass state_class);

// Which one, of those of one recording.
struct CutId {
  size_t operations = 0;  // that came before it
  std::vector<Fate> fates;
};

struct CutState {
  CutId id;
  Medium medium;
  Past past;
  StateClass state_class = StateClass::kTable;
  std::string where;  // the last operation before it
};

// All that it is made of must outlive it.
class Walk {
 public:
  Walk(const Medium& start, const Past& past, const Journal& journal, const Layout& layout,
       uint32_t seed)
      : start_(start), past_(past), journal_(journal), layout_(layout), seed_(seed) {}

  // Hands every state on, and stops where `visit` returns false. An error is what does not hold of
  // the order of the operations themselves: nothing is staged whose intent is not on disk.
  Result<> Run(const std::function<bool(CutState)>& visit) const;
  CutState At(const CutId& id) const;

 private:
  const Medium& start_;
  const Past& past_;
  const Journal& journal_;
  const Layout& layout_;
  const uint32_t seed_;
};

}  // namespace matic::crash
