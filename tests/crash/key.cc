#include "tests/crash/key.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "lib/crypto/sha256.h"

namespace matic::crash {
namespace {

std::span<const uint8_t> BytesOf(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// How often it was started names its boot ids, and is nothing that is judged.
std::string PastText(const Past& past) {
  if (!past.last_start) return "never started";
  const Start& start = *past.last_start;
  return std::string(boot::SlotName(start.slot)) + " " + std::to_string(start.attributes.tries) +
         (start.attributes.successful ? " successful" : "") +
         (past.table_written ? " table written" : "");
}

Key Shorten(const crypto::Digest& digest) {
  Key key;
  std::copy_n(digest.begin(), key.size(), key.begin());
  return key;
}

}  // namespace

size_t KeyHash::operator()(const Key& key) const {
  size_t hash = 0;
  std::memcpy(&hash, key.data(), sizeof hash);
  return hash;
}

StateKeys KeysOf(const Medium& medium, const Past& past, const Layout& layout) {
  crypto::Sha256 rest;
  crypto::Sha256 payload;
  uint64_t done = 0;
  std::array<Extent, 2> slots = layout.slots;
  std::ranges::sort(slots, {}, &Extent::begin);
  const std::span<const uint8_t> disk = medium.disk;
  for (const Extent& slot : slots) {
    const uint64_t behind = slot.begin + kFirstBlockBytes;
    rest.Update(disk.subspan(done, behind - done));
    payload.Update(disk.subspan(behind, slot.end - behind));
    done = slot.end;
  }
  rest.Update(disk.subspan(done));
  for (const auto& [name, content] : medium.files) {
    rest.Update(BytesOf(name + "\n" + std::to_string(content.size()) + "\n"));
    rest.Update(BytesOf(content));
  }
  const crypto::Digest without_payload = rest.Finish();
  rest.Update(without_payload);
  rest.Update(BytesOf(PastText(past)));
  const crypto::Digest in_its_past = rest.Finish();
  payload.Update(in_its_past);
  return {Shorten(without_payload), Shorten(in_its_past), Shorten(payload.Finish())};
}

}  // namespace matic::crash
