#include "lib/gpt/gpt_table.h"

#include <string_view>

namespace matic::gpt {
namespace {

void AppendUtf8(char32_t point, std::string& text) {
  if (point < 0x80) {
    text += static_cast<char>(point);
  } else if (point < 0x800) {
    text += static_cast<char>(0xc0 | (point >> 6));
    text += static_cast<char>(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    text += static_cast<char>(0xe0 | (point >> 12));
    text += static_cast<char>(0x80 | ((point >> 6) & 0x3f));
    text += static_cast<char>(0x80 | (point & 0x3f));
  } else {
    text += static_cast<char>(0xf0 | (point >> 18));
    text += static_cast<char>(0x80 | ((point >> 12) & 0x3f));
    text += static_cast<char>(0x80 | ((point >> 6) & 0x3f));
    text += static_cast<char>(0x80 | (point & 0x3f));
  }
}

bool IsLeadSurrogate(char16_t unit) { return unit >= 0xd800 && unit < 0xdc00; }
bool IsTrailSurrogate(char16_t unit) { return unit >= 0xdc00 && unit < 0xe000; }

}  // namespace

Result<boot::Partition> FindSlot(const GptTable& table, boot::Slot slot,
                                 const boot::Guid& root_type) {
  const boot::SlotLookup found = boot::FindSlot(table.partitions, slot, root_type);
  if (found.partition != nullptr) return *found.partition;
  const ErrorCode code =
      found.error == boot::SlotLookupError::kMissing ? ErrorCode::kNotFound : ErrorCode::kCorrupt;
  return Fail(code, table.device + ": " + std::string(boot::SlotName(slot)) + ": " +
                        std::string(boot::DescribeLookupError(found.error)));
}

std::string PartitionName(const boot::Partition& partition) {
  constexpr char32_t kReplacement = 0xfffd;
  std::string text;
  for (size_t i = 0; i < partition.name.size() && partition.name[i] != 0; ++i) {
    const char16_t unit = partition.name[i];
    const bool pair = IsLeadSurrogate(unit) && i + 1 < partition.name.size() &&
                      IsTrailSurrogate(partition.name[i + 1]);
    if (pair) {
      const char32_t lead = unit - 0xd800u;
      AppendUtf8(0x10000u + (lead << 10) + (partition.name[++i] - 0xdc00u), text);
    } else if (IsLeadSurrogate(unit) || IsTrailSurrogate(unit)) {
      AppendUtf8(kReplacement, text);
    } else {
      AppendUtf8(unit, text);
    }
  }
  return text;
}

std::string GuidToText(const boot::Guid& guid) {
  const boot::GuidText text = boot::FormatGuid(guid);
  return std::string(text.begin(), text.end());
}

}  // namespace matic::gpt
