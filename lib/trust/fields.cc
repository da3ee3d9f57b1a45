#include "lib/trust/fields.h"

#include <algorithm>

#include "lib/trust/version.h"

namespace matic::trust {
namespace {

using nlohmann::json;

constexpr size_t kMaxNameBytes = 64;
constexpr uint64_t kFormat = 1;
constexpr uint64_t kMaxFormat = 1'000'000;

bool IsNameCharacter(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
         c == '_' || c == '-';
}

bool IsPrintable(char c, Fields::TextKind kind) {
  if (kind == Fields::TextKind::kProse && (c == '\n' || c == '\t')) return true;
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte != 0x7f;
}

}  // namespace

Result<> CheckName(std::string_view name) {
  if (!name.empty() && name.size() <= kMaxNameBytes && std::ranges::all_of(name, IsNameCharacter)) {
    return {};
  }
  return Fail(ErrorCode::kInvalidArgument,
              "a name has 1 to 64 of the characters 0-9 A-Z a-z . _ -");
}

Result<WallTime> ParseStrictTime(std::string_view text) {
  Result<WallTime> time = ParseTime(text);
  if (!time || FormatTime(*time) != text) {
    return Fail(ErrorCode::kInvalidArgument, "a time is written 2026-01-27T01:00:00Z");
  }
  return time;
}

Result<Fields> Fields::Of(const json& value, std::string path) {
  if (value.is_object()) return Fields(value, std::move(path));
  return Fail(ErrorCode::kCorrupt, path.empty() ? "not an object" : path + ": not an object");
}

std::string Fields::PathOf(const std::string& key) const {
  return path_.empty() ? key : path_ + "." + key;
}

Error Fields::Wrong(const char* key, const std::string& what) const {
  return Error{ErrorCode::kCorrupt, PathOf(key) + ": " + what};
}

Result<const json*> Fields::Find(const char* key) const {
  const auto found = object_.find(key);
  if (found == object_.end()) return Fail(Wrong(key, "missing"));
  return &*found;
}

Result<std::string> Fields::Text(const char* key, size_t max_bytes, TextKind kind) const {
  MATIC_ASSIGN(const json* value, Find(key));
  if (!value->is_string()) return Fail(Wrong(key, "not text"));
  const auto& text = value->get_ref<const std::string&>();
  if (text.size() > max_bytes) {
    return Fail(Wrong(key, std::to_string(text.size()) + " bytes, and at most " +
                               std::to_string(max_bytes) + " are taken"));
  }
  const auto printable = [kind](char c) { return IsPrintable(c, kind); };
  if (!std::ranges::all_of(text, printable)) return Fail(Wrong(key, "has control characters"));
  return text;
}

Result<std::string> Fields::Checked(const char* key, std::string text,
                                    const Result<>& check) const {
  if (!check) return Fail(Wrong(key, check.error().message));
  return text;
}

Result<std::string> Fields::Name(const char* key) const {
  MATIC_ASSIGN(std::string text, Text(key, kMaxNameBytes));
  const Result<> check = CheckName(text);
  return Checked(key, std::move(text), check);
}

Result<std::string> Fields::Version(const char* key) const {
  MATIC_ASSIGN(std::string text, Text(key, kMaxVersionBytes));
  const Result<> check = CheckVersion(text);
  return Checked(key, std::move(text), check);
}

Result<uint64_t> Fields::Number(const char* key, uint64_t min, uint64_t max) const {
  MATIC_ASSIGN(const json* value, Find(key));
  if (value->is_number_unsigned()) {
    const auto number = value->get<uint64_t>();
    if (number >= min && number <= max) return number;
  }
  return Fail(
      Wrong(key, "not a whole number from " + std::to_string(min) + " to " + std::to_string(max)));
}

Result<WallTime> Fields::Time(const char* key) const {
  MATIC_ASSIGN(const std::string text, Text(key, kMaxNameBytes));
  Result<WallTime> time = ParseStrictTime(text);
  if (!time) return Fail(Wrong(key, time.error().message));
  return time;
}

Result<crypto::Digest> Fields::Sha256(const char* key) const {
  MATIC_ASSIGN(const std::string text, Text(key, kMaxNameBytes));
  Result<crypto::Digest> digest = crypto::ParseSha256Hex(text);
  if (!digest) return Fail(Wrong(key, digest.error().message));
  return digest;
}

Result<Fields> Fields::Object(const char* key) const {
  MATIC_ASSIGN(const json* value, Find(key));
  return Of(*value, PathOf(key));
}

Result<const json*> Fields::List(const char* key, size_t max_items) const {
  MATIC_ASSIGN(const json* value, Find(key));
  if (!value->is_array()) return Fail(Wrong(key, "not a list"));
  if (value->size() > max_items) {
    return Fail(Wrong(key, std::to_string(value->size()) + " items, and at most " +
                               std::to_string(max_items) + " are taken"));
  }
  return value;
}

Result<> Fields::CheckHeader(std::string_view type) const {
  MATIC_ASSIGN(const std::string found, Name("type"));
  if (found != type) return Fail(Wrong("type", "'" + found + "', not '" + std::string(type) + "'"));
  MATIC_ASSIGN(const uint64_t format, Number("format", 1, kMaxFormat));
  if (format == kFormat) return {};
  return Fail(Wrong("format", std::to_string(format) + ", which only a newer release reads"));
}

}  // namespace matic::trust
