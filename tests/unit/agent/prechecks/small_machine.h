// A machine of files in a temporary folder, with nothing that speaks against an update.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "agent/prechecks/prechecks.h"
#include "tests/fakes/fake_process_runner.h"
#include "tests/fakes/manual_clock.h"
#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::prechecks {

class SmallMachine : public testing::Test {
 protected:
  SmallMachine() {
    machine_ = {.state_dir = folder_,
                .proc = folder_ / "proc",
                .power_supplies = folder_ / "power",
                .package_locks = {},
                .measure_room = health::MeasureRoom,
                .switch_lock = nullptr,
                .processors = 2};
  }

  std::filesystem::path Write(const std::string& name, const std::string& text) {
    const auto path = folder_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  // "check: reason", one line each.
  std::string Refusals(const std::set<std::string>& overridden = {}) {
    std::string text;
    for (const Refusal& refusal :
         Prechecks(wanted_, machine_, processes_, clock_).Run(overridden)) {
      text += (text.empty() ? "" : "\n") + refusal.check + ": " + refusal.reason;
    }
    return text;
  }

  const TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
  Machine machine_;
  config::Prechecks wanted_;
  fakes::FakeProcessRunner processes_;
  fakes::ManualClock clock_;
};

}  // namespace matic::prechecks
