// The order of image versions: the Version Format Specification of the UAPI group
// (https://uapi-group.org/specifications/specs/version_format_specification/), which systemd's
// tools follow too (`systemd-analyze compare-versions`), since IMAGE_VERSION is a version in their
// sense.
#pragma once

#include <compare>
#include <string_view>

#include "lib/base/result.h"

namespace matic::trust {

inline constexpr size_t kMaxVersionBytes = 64;

// 1 to 64 of the characters 0-9 A-Z a-z . _ ~ ^ -, with a digit among them. kInvalidArgument for
// anything else: a plus sign is not ordered as those who write one mean it.
Result<> CheckVersion(std::string_view version);

// 1.9 < 1.10; 2.0~rc1 < 2.0 < 2.0-1 < 2.0^fix < 2.0.1; numbers are compared as numbers of any
// length, letters as text and below numbers; of two that start alike, the longer one is newer.
// Equal does not mean the same text: 1.01 is 1.1.
std::strong_ordering CompareVersions(std::string_view a, std::string_view b);

}  // namespace matic::trust
