#include "osctl/session.h"

#include <cstdio>
#include <nlohmann/json.hpp>

namespace matic::osctl {

std::optional<std::chrono::milliseconds> Session::timeout() const {
  if (options.timeout_seconds <= 0) return std::nullopt;
  return std::chrono::milliseconds(static_cast<int64_t>(options.timeout_seconds * 1000));
}

void Session::RunLocal(const std::function<Result<>()>& command) {
  if (auto result = command(); !result) Fail(result.error(), LocalExitCode(result.error().code));
}

void Session::Fail(const Error& error, ExitCode code) {
  exit_code_ = code;
  std::fflush(stdout);
  if (json()) {
    const nlohmann::json object = {
        {"error", {{"code", CodeName(error.code)}, {"message", error.message}}}};
    const std::string text = object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    std::fprintf(stderr, "%s\n", text.c_str());
  } else {
    std::fprintf(stderr, "osctl: %s\n", error.message.c_str());
  }
}

}  // namespace matic::osctl
