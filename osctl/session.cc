#include "osctl/session.h"

#include <cerrno>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "lib/base/printable.h"
#include "osctl/client/client.h"
#include "osctl/interruption.h"

namespace matic::osctl {
namespace {

// The streams do not keep why a write failed: the next one fails alike.
int WhyUnwritten() { return ::write(STDOUT_FILENO, "\n", 1) < 0 ? errno : EIO; }

Endpoint EndpointOf(const GlobalOptions& options) {
  Endpoint endpoint{.node = options.node, .socket = options.socket, .pki_dir = options.pki_dir};
  endpoint.call_time = Session::Timeout(options).value_or(endpoint.call_time);
  return endpoint;
}

}  // namespace

std::optional<std::chrono::milliseconds> Session::Timeout(const GlobalOptions& options) {
  if (options.timeout_seconds <= 0) return std::nullopt;
  return std::chrono::milliseconds(static_cast<int64_t>(options.timeout_seconds * 1000));
}

void Session::RunLocal(const std::function<Result<>()>& command) {
  if (auto result = command(); !result) Fail(result.error(), LocalExitCode(result.error().code));
}

void Session::RunInterruptible(const std::function<Result<>(std::stop_token)>& command) {
  Interruption interruption;
  RunLocal([&] {
    auto result = command(interruption.token());
    if (!result) interruption.EndProgram();
    return result;
  });
}

void Session::RunToOutcome(const std::function<Result<ExitCode>(std::stop_token)>& command) {
  Interruption interruption;
  const auto code = command(interruption.token());
  if (code) {
    exit_code_ = *code;
    return;
  }
  Fail(code.error(), RemoteExitCode(code.error().code));
  interruption.EndProgram();
}

void Session::RunRemote(const std::function<Result<ExitCode>(Client&)>& command) {
  auto client = Client::Make(EndpointOf(options));
  if (!client) return Fail(client.error(), RemoteExitCode(client.error().code));
  const auto code = command(**client);
  if (!code) return Fail(code.error(), RemoteExitCode(code.error().code));
  exit_code_ = *code;
}

std::ostream& Session::out() const { return std::cout; }

void Session::PrintOutcome(const nlohmann::json& object, const std::string& text) const {
  out() << (json() ? ToJson(object) + "\n" : text);
}

void Session::PrintJson(const google::protobuf::Message& message, JsonLayout layout) const {
  out() << ToJson(message, layout) << '\n' << std::flush;
}

void Session::FinishOutput() {
  out() << std::flush;
  const bool flushed = std::fflush(stdout) == 0;
  if (out().good() && flushed) return;
  const int number = WhyUnwritten();
  if (exit_code_ != ExitCode::kDone) return;
  exit_code_ = ExitCode::kFailed;
  if (number == EPIPE) return;
  Fail({ErrorCode::kIo,
        OsError("write the output", number).message + "; the command itself was carried out"},
       exit_code_);
}

void Session::Fail(const Error& error, ExitCode code) {
  exit_code_ = code;
  out() << std::flush;
  if (json()) {
    const nlohmann::json object = {
        {"error", {{"code", CodeName(error.code)}, {"message", error.message}}}};
    const std::string text = object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    std::fprintf(stderr, "%s\n", text.c_str());
  } else {
    std::fprintf(stderr, "osctl: %s\n", Printable(error.message, LineBreaks::kKeep).c_str());
  }
}

}  // namespace matic::osctl
