// One story, and the machine run from every state that a power loss in it may leave.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/crash/faults.h"
#include "tests/crash/key.h"
#include "tests/crash/stories.h"
#include "tests/crash/walk.h"

namespace matic::crash {

struct SweepOptions {
  uint32_t seed = 1;
  // After every state of the story itself the power fails once more, while the machine comes to
  // rest from one of them: until there are so many distinct states.
  size_t wanted_states = 0;
  // Of the states one in so many is run a second time from its beginning, and one is updated after
  // it came to rest.
  uint32_t again_every = 16;
  uint32_t update_every = 32;
  // Of those that differ from another one in payload alone one in so many is run.
  uint32_t payload_every = 1;
  std::optional<Fault> fault;  // planted into the recording
  bool stop_at_failure = false;
};

// A state that something does not hold in; all that it takes to see that again.
struct Failure {
  std::string story;
  std::string what;
  std::string where;  // how many operations came before the power failed, and the last of them
  Medium medium;
  Past past;
};

struct SweepResult {
  size_t operations = 0;    // recorded while the story was played
  size_t first_order = 0;   // distinct states of the story itself
  size_t runs = 0;          // states that a machine was run to rest from
  size_t payload_only = 0;  // of them those that differed from another one in payload alone
  // The distinct states; those that differ in payload only count once.
  std::unordered_map<Key, StateClass, KeyHash> states;
  std::vector<Failure> failures;
};

// An error is a story that could not be played. `folder` is made, best on a tmpfs, and deleted.
Result<SweepResult> Sweep(const Story& story, const SweepOptions& options,
                          const std::filesystem::path& folder);

// A machine with that medium, from the moment when the power comes back; then started once more,
// which must change nothing. An error is what does not hold.
Result<> RunToRest(Machine& machine, const Medium& medium, const Past& past);

}  // namespace matic::crash
