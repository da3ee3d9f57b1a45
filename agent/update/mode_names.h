// What the modes of an update are called, in agent.yaml and in the files of the agent.
#pragma once

#include "agent/update/state.h"
#include "lib/base/names.h"

namespace matic::update {

inline constexpr Names<Mode, 4> kModeNames{{
    {Mode::kAuto, "auto"},
    {Mode::kSwitch, "switch"},
    {Mode::kBoot, "boot"},
    {Mode::kBuild, "build"},
}};

}  // namespace matic::update
