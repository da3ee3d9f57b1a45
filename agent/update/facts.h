// What the state machine is told about the machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace matic::update {

struct StagedImage {
  std::string target;   // "slot-b"
  std::string digest;   // SHA-256 of the image, 64 lower-case hex digits
  std::string version;  // what the image calls itself; may be empty
  uint64_t size_bytes = 0;

  bool operator==(const StagedImage&) const = default;
};

// A slot or a generation.
struct Target {
  std::string name;    // "slot-a"
  std::string device;  // "/dev/vda2"
  uint64_t size_bytes = 0;
  bool running = false;
  bool next = false;  // what the next start chooses, as the table stands
  bool bootable = false;
  bool successful = false;
  uint8_t priority = 0;
  uint8_t tries = 0;
  std::string version;  // empty where it cannot be read
  std::string digest;   // of the image in it, where the agent put it there; the engine knows

  // Marked successful, and nothing keeps it from being started again.
  bool Confirmed() const { return successful && bootable; }

  bool operator==(const Target&) const = default;
};

struct Facts {
  std::string boot_id;
  std::vector<Target> targets;

  const Target* Running() const;
  const Target* Find(const std::string& name) const;
};

}  // namespace matic::update
