// What a root must hold before it may become an image: a system without it would be updated once
// and then never again.
#pragma once

#include <filesystem>
#include <string>

#include "lib/base/result.h"
#include "lib/os/process_runner.h"

namespace matic::image {

struct RootContents {
  std::string os_release;  // the text of usr/lib/os-release
  std::string version;     // IMAGE_VERSION in it, never empty
};

// kInvalidArgument, naming the file, unless the tree has the agent, its unit and the deadline's
// unit, both enabled, and an os-release with IMAGE_VERSION. Links are judged by the tree alone: an
// absolute link is one within it.
Result<RootContents> CheckRoot(const std::filesystem::path& root);

// The same for a squashfs; the files asked about are unpacked into `scratch`, which must not exist.
Result<RootContents> CheckSquashfsRoot(ProcessRunner& runner, const std::filesystem::path& squashfs,
                                       const std::filesystem::path& scratch);

// kInvalidArgument unless the kernel's command line makes it reboot after a panic ("panic=N", N not
// 0), and where it names matic.head or matic.verity itself.
Result<> CheckCommandLine(const std::string& command_line);

}  // namespace matic::image
