// What a manifest says of the files beside an image that make an update of it smaller.
#pragma once

#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/trust/manifest.h"

namespace matic::osctl {

struct DeltaOptions {
  std::string image;
  std::string index;                 // empty: IMAGE.idx, where there is one
  std::vector<std::string> patches;  // "SHA256=FILE"
};

// Of the image that `manifest` describes already. kInvalidArgument where a file is one of another
// image.
Result<> DescribeDeltas(const DeltaOptions& options, trust::Manifest& manifest);

}  // namespace matic::osctl
