// What the state machine is told about the machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace matic::update {

struct StagedImage {
  std::string target;   // "slot-b"
  std::string digest;   // SHA-256 of the image, 64 lower-case hex digits; or a path in the store
  std::string version;  // what the image calls itself; may be empty
  uint64_t size_bytes = 0;
  bool live = false;                          // it can run without a reboot
  std::vector<std::string> reboot_reasons{};  // why not, for people

  bool operator==(const StagedImage&) const = default;
};

// A slot or a generation.
struct Target {
  std::string name;    // "slot-a"; of a generation the base name of its path in the store
  std::string device;  // "/dev/vda2"; or that path
  uint64_t size_bytes = 0;
  bool running = false;
  bool next = false;  // what the next start chooses, as the table stands
  bool bootable = false;
  bool successful = false;
  uint8_t priority = 0;  // of a way back the highest is taken
  uint8_t tries = 0;
  std::string version;      // empty where it cannot be read
  std::string digest;       // of the image in it, where that can be told; else the engine may know
  uint64_t generation = 0;  // the newest of the profile that holds it; 0: none, or a slot
  bool golden = false;      // known to be good for long; the last way back

  // Marked successful, and nothing keeps it from being started again.
  bool Confirmed() const { return successful && bootable; }

  bool operator==(const Target&) const = default;
};

struct Facts {
  std::string boot_id;
  std::vector<Target> targets;
  std::string spare{};  // what is staged goes here; empty: into a target of its own

  const Target* Running() const;
  const Target* Find(const std::string& name) const;
  // Where a rollback goes that names nothing: does not run, and was confirmed.
  const Target* WayBack() const;
  const Target* Golden() const;
};

}  // namespace matic::update
