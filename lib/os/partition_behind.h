// Which partition a block device lies on, and what it is called, by what the kernel shows in sysfs.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace matic {

// `block` is a device's folder or a link to it, such as /sys/dev/block/254:2. The folder, without
// links, of the partition that the device is, or that a device-mapper device (a root opened with
// dm-verity) is made of alone. Nothing for a whole disk, for what lies on several partitions, and
// where there is no such folder.
std::optional<std::filesystem::path> PartitionBehind(const std::filesystem::path& block);

// The name below /dev of the device whose folder in sysfs, or a link to it, `block` is: the kernel
// writes "cciss!c0d0" for "cciss/c0d0".
std::string BlockNodeName(const std::filesystem::path& block);

}  // namespace matic
