// A node's health as it changes: drawn anew in its place on a terminal, a line for each change in a
// pipe.
#pragma once

#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "matic/v1/node.pb.h"
#include "osctl/render/terminal.h"

namespace matic::osctl {

// Tells a change from the mere passing of time: of the overall state, of a check's result, or of
// what a failed check says.
class HealthChange {
 public:
  // The checks that differ from those of the last call; all of them at the first.
  std::vector<v1::HealthCheck> Take(const v1::GetHealthResponse& health);
  // Whether the last call brought a change.
  bool any() const { return any_; }

 private:
  struct Seen {
    v1::CheckResult result;
    std::string problem;
    bool operator==(const Seen&) const = default;
  };

  bool any_ = false;
  std::optional<v1::HealthState> state_;
  std::map<std::string, Seen> checks_;
};

class HealthView {
 public:
  HealthView(std::ostream& out, const Terminal& terminal);

  void Update(const v1::GetHealthResponse& health);
  // The node gave no answer.
  void Lost(const std::string& why);

 private:
  std::ostream& out_;
  Terminal terminal_;
  Block block_;
  HealthChange change_;
  std::string text_;      // what the node said last
  std::string lost_why_;  // empty while it answers
};

}  // namespace matic::osctl
