// Which partition a block device lies on, by what the kernel shows in sysfs.
#pragma once

#include <filesystem>
#include <optional>

namespace matic {

// `block` is a device's folder or a link to it, such as /sys/dev/block/254:2. The folder, without
// links, of the partition that the device is, or that a device-mapper device (a root opened with
// dm-verity) is made of alone. Nothing for a whole disk, for what lies on several partitions, and
// where there is no such folder.
std::optional<std::filesystem::path> PartitionBehind(const std::filesystem::path& block);

}  // namespace matic
