// The order in which a root's files are packed.
#pragma once

#include <filesystem>
#include <string>

#include "lib/base/result.h"

namespace matic::image {

// Files of one package beside one another, packages by name, as a sort file of mksquashfs: what an
// update of a few packages changes is then in few places of the image. `lists` is dpkg's folder of
// them (*.list); empty: the root's own. Without any the order is empty.
Result<std::string> FileOrder(const std::filesystem::path& root,
                              const std::filesystem::path& lists = {});

}  // namespace matic::image
