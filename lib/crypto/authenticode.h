// Who signed an EFI program (Microsoft, "Windows Authenticode Portable Executable Signature
// Format"). Tells, and does not judge: only the firmware knows whom it believes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/crypto/sha256.h"

namespace matic::crypto {

struct ProgramSigner {
  std::string subject;        // "CN=Example boot key", RFC 2253
  Digest certificate_sha256;  // of the certificate's DER

  bool operator==(const ProgramSigner&) const = default;
};

// The signers that the PKCS #7 structure names, with their certificates in it. kCorrupt where it is
// no such structure, is longer than 64 KiB, or a certificate is missing.
Result<std::vector<ProgramSigner>> ReadProgramSigners(std::span<const uint8_t> pkcs7);

}  // namespace matic::crypto
