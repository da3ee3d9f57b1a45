#include "lib/os/kept_json.h"

#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "lib/base/json_depth.h"
#include "lib/os/durable_file.h"

namespace matic {

using Json = nlohmann::json;

KeptJson::KeptJson(std::filesystem::path file, size_t max_bytes)
    : file_(std::move(file)), max_bytes_(max_bytes) {}

Result<std::optional<Json>> KeptJson::Load() {
  unread_ = false;
  std::error_code missing;
  // Reading it would wait without an end.
  if (std::filesystem::is_fifo(file_, missing)) return Fail(Reject("a pipe, not a file"));
  const Result<std::string> text = ReadFile(file_, max_bytes_);
  if (!text) {
    if (text.error().code == ErrorCode::kNotFound) return std::nullopt;
    if (text.error().code == ErrorCode::kInvalidArgument) {
      return Fail(Reject("larger than " + std::to_string(max_bytes_) + " bytes"));
    }
    unread_ = true;
    return Fail(text.error());
  }
  if (JsonDepth(*text) > kMaxKeptJsonDepth) return Fail(Reject("nested too deeply"));
  Json json = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return Fail(Reject("not a JSON object"));
  return json;
}

Error KeptJson::Reject(std::string_view why) {
  Error error{ErrorCode::kCorrupt, file_.string() + ": " + std::string(why)};
  const Result<std::filesystem::path> aside = SetAside(file_);
  unread_ = !aside;
  if (aside) {
    error.message += "; it was set aside as " + aside->string();
    return error;
  }
  return {aside.error().code, error.message + "; " + aside.error().message};
}

Result<> KeptJson::Save(std::string_view text) {
  if (unread_) {
    const Result<std::filesystem::path> aside = SetAside(file_);
    if (!aside && aside.error().code != ErrorCode::kNotFound) return Fail(aside.error());
    unread_ = false;
  }
  return WriteFileDurably(file_, text);
}

}  // namespace matic
