#include "lib/notify/parcel_id.h"

#include <random>
#include <vector>

#include "lib/base/hex.h"

namespace matic::notify {

std::string NewParcelId() {
  std::random_device random;
  std::vector<uint8_t> bytes(16);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return HexEncode(bytes);
}

}  // namespace matic::notify
