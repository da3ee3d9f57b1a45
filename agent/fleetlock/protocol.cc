#include "agent/fleetlock/protocol.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lib/base/utf8.h"
#include "lib/http/url.h"

namespace matic::fleetlock {
namespace {

using Json = nlohmann::json;

constexpr int kOk = 200;
constexpr int kConflict = 409;
constexpr int kLocked = 423;
constexpr size_t kKeptAnswer = 4096;
constexpr size_t kShown = 200;

// The `value` of an error's body; empty where the body is none.
std::string Value(const std::string& body) {
  const Json error = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!error.is_object()) return {};
  const auto value = error.find("value");
  if (value == error.end() || !value->is_string()) return {};
  std::string text = ToUtf8(value->get_ref<const std::string&>(), kShown);
  std::ranges::replace_if(
      text, [](unsigned char c) { return c < ' ' || c == 0x7f; }, ' ');
  return text;
}

}  // namespace

http::PostRequest MakeRequest(const Target& target, Call call, std::chrono::seconds timeout) {
  const Json body = {{"client_params", {{"id", target.id}, {"group", target.group}}}};
  const std::string_view path = call == Call::kPreReboot ? "/v1/pre-reboot" : "/v1/steady-state";
  return {.url = target.url + std::string(path),
          .headers = {"fleet-lock-protocol: true", "Content-Type: application/json"},
          .body = body.dump(-1, ' ', false, Json::error_handler_t::replace),
          .kept_bytes = kKeptAnswer,
          .deadline = timeout};
}

// The protocol gives the body of a good answer no meaning.
bool IsGranted(const http::PostAnswer& answer) { return answer.status == kOk; }

std::string Explain(const http::PostAnswer& answer) {
  const std::string value = Value(answer.body);
  const bool held = answer.status == kConflict || answer.status == kLocked;
  const std::string what =
      held ? "held by others" : "the server answered HTTP " + std::to_string(answer.status);
  return value.empty() ? what : what + " (" + value + ")";
}

std::string SlotOf(const Target& target) {
  return "a reboot slot of " + http::PublicUrl(target.url) + " (group " + target.group + ")";
}

}  // namespace matic::fleetlock
