// Who signed an image's kernel for Secure Boot.
#pragma once

#include <vector>

#include "lib/base/result.h"
#include "lib/crypto/authenticode.h"
#include "lib/image/image_reader.h"
#include "lib/os/block_device.h"

namespace matic::image {

// By the certificates that the kernel's signatures carry; whether a firmware accepts them, and
// whether they fit, it decides itself. Empty for a kernel that is not signed. kCorrupt where the
// table of signatures is damaged.
Result<std::vector<crypto::ProgramSigner>> ReadKernelSigners(BlockDevice& device,
                                                             const ImageInfo& info);

}  // namespace matic::image
