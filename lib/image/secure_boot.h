// Signs EFI programs for UEFI Secure Boot (UEFI specification, chapter 32; Authenticode).
#pragma once

#include <filesystem>

#include "lib/base/result.h"
#include "lib/os/process_runner.h"

namespace matic::image {

// A pair of PEM files: an RSA key that is not encrypted, and its X.509 certificate, which the
// firmware's db holds or leads to.
struct BootKey {
  std::filesystem::path key;
  std::filesystem::path certificate;
};

// kNotFound where a file is missing; kPermission where others than owner and group may read the
// key; kInvalidArgument where the key is encrypted, since nobody is asked for a passphrase.
Result<> CheckBootKey(const BootKey& key);

// Writes a signed copy of the program `input` to the new file `output` with sbsign, and has
// sbverify judge it. A signature says when it was made: no two are the same.
Result<> SignEfiProgram(ProcessRunner& runner, const BootKey& key,
                        const std::filesystem::path& input, const std::filesystem::path& output);

}  // namespace matic::image
