// The fields of an object of JSON, each checked for presence, type and bounds; an error names the
// field by its path ("image.sha256"). Included by the .cc files of this folder only.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/time.h"
#include "lib/crypto/sha256.h"

namespace matic::trust {

// 1 to 64 of the characters 0-9 A-Z a-z . _ -: products, architectures, channels.
Result<> CheckName(std::string_view name);

// Exactly "2026-01-27T01:00:00Z": one way to write a time, and no "infinite-future".
Result<WallTime> ParseStrictTime(std::string_view text);

// Keeps a reference to the object. Every error is kCorrupt.
class Fields {
 public:
  Fields(const nlohmann::json& object, std::string path)
      : object_(object), path_(std::move(path)) {}
  // Fails where `value` is no object.
  static Result<Fields> Of(const nlohmann::json& value, std::string path);

  bool Has(const char* key) const { return object_.contains(key); }

  // Without control characters, but for line breaks and tabs in a `kProse`.
  enum class TextKind { kLine, kProse };
  Result<std::string> Text(const char* key, size_t max_bytes,
                           TextKind kind = TextKind::kLine) const;
  Result<std::string> Name(const char* key) const;
  Result<std::string> Version(const char* key) const;
  Result<uint64_t> Number(const char* key, uint64_t min, uint64_t max) const;
  Result<WallTime> Time(const char* key) const;
  Result<crypto::Digest> Sha256(const char* key) const;
  Result<Fields> Object(const char* key) const;
  Result<const nlohmann::json*> List(const char* key, size_t max_items) const;

  // "type" must be `type`, and "format" one that this release reads: 1.
  Result<> CheckHeader(std::string_view type) const;

  const nlohmann::json& object() const { return object_; }
  std::string PathOf(const std::string& key) const;

 private:
  Result<const nlohmann::json*> Find(const char* key) const;
  Error Wrong(const char* key, const std::string& what) const;
  Result<std::string> Checked(const char* key, std::string text, const Result<>& check) const;

  const nlohmann::json& object_;
  std::string path_;
};

}  // namespace matic::trust
