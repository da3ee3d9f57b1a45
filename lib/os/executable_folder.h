// Folders of executables that people put there, such as hooks.d.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "lib/base/result.h"

namespace matic {

struct FolderEntry {
  std::string name;
  std::filesystem::path path;
};

// What a folder holds for execution, in the order of the names' bytes. Left out are folders, hidden
// files, READMEs, and what editors and package managers leave behind (~, .bak, .dpkg-*, .rpmnew,
// .rpmsave, .swp), as run-parts(8) does. No folder is an empty one; one with more than 64 entries
// is kInvalidArgument.
Result<std::vector<FolderEntry>> ListExecutables(const std::filesystem::path& folder);

// Whether nobody but root and ourselves can put something else in the place of this path: by
// changing a folder above it. kPermission names the folder and says what to do.
Result<> CheckPlace(const std::filesystem::path& path);

// Whether nobody but root, its group and ourselves can change what is in a file that is believed,
// such as a configuration. Links are followed. Errors as above.
Result<> CheckFile(const std::filesystem::path& path);

// Whether a program may be run with our rights: a regular file with an execute bit that nobody but
// root and ourselves can change, neither by writing to it nor by replacing it or a folder above it.
// Links are followed. kPermission says what is wrong and what to do; kNotFound for no such file.
Result<> CheckExecutable(const std::filesystem::path& path);

}  // namespace matic
