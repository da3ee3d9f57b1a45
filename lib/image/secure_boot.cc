#include "lib/image/secure_boot.h"

#include "lib/image/tool.h"
#include "lib/os/secret.h"

namespace matic::image {
namespace {

constexpr Tool kSbsign = {"sbsign", "sbsigntool"};
constexpr Tool kSbverify = {"sbverify", "sbsigntool"};

}  // namespace

Result<> CheckBootKey(const BootKey& key) {
  MATIC_ASSIGN(const std::string pem, ReadSecretFile(std::filesystem::absolute(key.key)));
  if (pem.find("ENCRYPTED") != std::string::npos) {
    return Fail(ErrorCode::kInvalidArgument,
                "the key " + key.key.string() +
                    " is encrypted: give a file without a passphrase, made for the time of signing "
                    "(openssl pkey -in FILE -out FILE)");
  }
  std::error_code error;
  if (!std::filesystem::is_regular_file(key.certificate, error)) {
    return Fail(ErrorCode::kNotFound,
                "the certificate " + key.certificate.string() + " is no file");
  }
  return {};
}

Result<> SignEfiProgram(ProcessRunner& runner, const BootKey& key,
                        const std::filesystem::path& input, const std::filesystem::path& output) {
  MATIC_TRY(RunTool(runner, kSbsign,
                    {"--key", key.key.string(), "--cert", key.certificate.string(), "--output",
                     output.string(), input.string()}));
  // sbsign warns about programs that it cannot sign whole, and goes on.
  MATIC_TRY(RunTool(runner, kSbverify, {"--cert", key.certificate.string(), output.string()}));
  return {};
}

}  // namespace matic::image
