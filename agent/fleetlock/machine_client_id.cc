#include "agent/fleetlock/machine_client_id.h"

#include <systemd/sd-id128.h>

#include <array>

namespace matic::fleetlock {
namespace {

constexpr sd_id128_t kApplication =
    SD_ID128_MAKE(de, 35, 10, 6b, 6e, c2, 46, 88, b6, 3a, fd, da, a1, 56, 67, 9b);

}  // namespace

Result<std::string> MachineClientId() {
  sd_id128_t id;
  if (const int error = sd_id128_get_machine_app_specific(kApplication, &id); error < 0) {
    return Fail(OsError("read the machine id", -error));
  }
  std::array<char, SD_ID128_STRING_MAX> text{};
  return std::string(sd_id128_to_string(id, text.data()));
}

}  // namespace matic::fleetlock
