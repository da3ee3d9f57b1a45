#include "agent/logind/logind_reboot_guard.h"

#include <spdlog/spdlog.h>
#include <systemd/sd-bus.h>

#include <cstring>
#include <memory>
#include <string_view>

namespace matic::logind {
namespace {

constexpr uint64_t kCallMicroseconds = 5'000'000;
constexpr std::chrono::seconds kWallDeadline{10};
constexpr size_t kMaxInhibitors = 64;

struct Unref {
  void operator()(sd_bus* bus) const { sd_bus_flush_close_unref(bus); }
  void operator()(sd_bus_message* message) const { sd_bus_message_unref(message); }
};

// `what` is a list with colons: "shutdown:sleep".
bool Names(std::string_view what, std::string_view wanted) {
  while (!what.empty()) {
    const size_t colon = std::min(what.find(':'), what.size());
    if (what.substr(0, colon) == wanted) return true;
    what.remove_prefix(std::min(colon + 1, what.size()));
  }
  return false;
}

// a(ssssuu): what, who, why, mode, uid, pid.
std::vector<std::string> Read(sd_bus_message* reply) {
  std::vector<std::string> found;
  if (sd_bus_message_enter_container(reply, 'a', "(ssssuu)") < 0) return found;
  const char* what = nullptr;
  const char* who = nullptr;
  const char* why = nullptr;
  const char* mode = nullptr;
  uint32_t uid = 0;
  uint32_t pid = 0;
  while (found.size() < kMaxInhibitors &&
         sd_bus_message_read(reply, "(ssssuu)", &what, &who, &why, &mode, &uid, &pid) > 0) {
    if (std::string_view(mode) != "block" || !Names(what, "shutdown")) continue;
    found.push_back(std::string(who) + " (" + why + ")");
  }
  return found;
}

}  // namespace

std::vector<std::string> LogindRebootGuard::Inhibitors() {
  sd_bus* opened = nullptr;
  if (sd_bus_open_system(&opened) < 0) return {};
  const std::unique_ptr<sd_bus, Unref> bus(opened);
  sd_bus_set_method_call_timeout(bus.get(), kCallMicroseconds);
  sd_bus_error error = SD_BUS_ERROR_NULL;
  sd_bus_message* answer = nullptr;
  const int result =
      sd_bus_call_method(bus.get(), "org.freedesktop.login1", "/org/freedesktop/login1",
                         "org.freedesktop.login1.Manager", "ListInhibitors", &error, &answer, "");
  if (result < 0) {
    spdlog::debug("logind does not say what inhibits a shutdown: {}",
                  error.message != nullptr ? error.message : std::strerror(-result));
    sd_bus_error_free(&error);
    return {};
  }
  const std::unique_ptr<sd_bus_message, Unref> reply(answer);
  return Read(reply.get());
}

void LogindRebootGuard::Warn(const std::string& message) {
  Result<ProcessOutcome> outcome = processes_.Run({"wall", "--", message}, kWallDeadline);
  if (!outcome) spdlog::warn("users cannot be told: {}", outcome.error().message);
}

}  // namespace matic::logind
