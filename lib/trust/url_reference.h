// Where a manifest says that a file is: a URL, or a path relative to the manifest's own URL (RFC
// 3986, section 4.2, of which the plain part is taken: no "..", no leading slash).
#pragma once

#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace matic::trust {

inline constexpr size_t kMaxUrlBytes = 2048;

// kInvalidArgument for anything but https://, http:// and file:// URLs and relative paths, and for
// spaces, control characters and what is not ASCII.
Result<> CheckUrlReference(std::string_view reference);

// `reference` as seen from a manifest that was read at `base`. The reference is checked first.
Result<std::string> ResolveUrl(std::string_view base, std::string_view reference);

}  // namespace matic::trust
