// The inode table, read for one thing: which blocks files have.
#pragma once

#include <cstdint>

#include "lib/squashfs/metadata.h"
#include "lib/squashfs/superblock.h"

namespace matic::squashfs {

// Adds the blocks of all files, and those of the inode table itself. libsquashfs reads inodes, too,
// but takes as much memory as an inode says it has blocks; here they pass through one by one.
Result<> ReadInodes(MetadataSource& source, const Tables& tables);

}  // namespace matic::squashfs
