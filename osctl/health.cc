// osctl health
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

#include "osctl/client/client.h"
#include "osctl/commands.h"
#include "osctl/health_view.h"
#include "osctl/render/node.h"
#include "osctl/session.h"

namespace matic::osctl {
namespace {

using Steady = std::chrono::steady_clock;

// An agent that does not answer any more has to be noticed.
constexpr std::chrono::seconds kCallLimit{30};

struct HealthOptions {
  bool refresh = false;
  bool watch = false;
  double interval_seconds = 2;
};

Result<ExitCode> ShowHealth(Session& session, Client& client, const HealthOptions& options) {
  v1::GetHealthRequest request;
  request.set_refresh(options.refresh);
  MATIC_ASSIGN(const v1::GetHealthResponse health, client.GetHealth(request));
  if (session.json()) {
    session.PrintJson(health, JsonLayout::kPretty);
  } else {
    session.out() << HealthText(health, session.terminal());
  }
  // As osctl fleet health-check does.
  return health.state() == v1::HEALTH_STATE_UNHEALTHY ? ExitCode::kFailed : ExitCode::kDone;
}

bool MayComeBack(const Error& error) {
  return error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kDeadline ||
         error.code == ErrorCode::kCancelled;
}

// Until --timeout, or until nobody reads any more. A node that never answered is an error; one that
// did is waited for, as it may be rebooting.
Result<ExitCode> WatchHealth(Session& session, Client& client, const HealthOptions& options) {
  v1::GetHealthRequest request;
  request.set_refresh(options.refresh);
  const auto end =
      session.timeout() ? Steady::now() + *session.timeout() : Steady::time_point::max();
  const auto interval = std::chrono::duration_cast<Steady::duration>(
      std::chrono::duration<double>(options.interval_seconds));
  const auto limit =
      std::min<std::chrono::milliseconds>(session.timeout().value_or(kCallLimit), kCallLimit);
  HealthView view(session.out(), session.terminal());
  HealthChange change;
  bool ever_answered = false;
  while (session.out().good()) {
    const auto next = Steady::now() + interval;
    const auto health = client.GetHealth(request, limit);
    if (health) {
      ever_answered = true;
      change.Take(*health);
      if (!session.json()) view.Update(*health);
      if (session.json() && change.any()) session.PrintJson(*health, JsonLayout::kOneLine);
    } else if (!ever_answered || !MayComeBack(health.error())) {
      return Fail(health.error());
    } else if (!session.json()) {
      view.Lost(health.error().message);
    }
    if (next >= end) break;
    std::this_thread::sleep_until(next);
  }
  return ExitCode::kDone;
}

}  // namespace

void AddHealthCommand(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("health", "Show the node's health, check by check");
  auto options = std::make_shared<HealthOptions>();
  command->add_flag("--refresh", options->refresh,
                    "Run the checks now, instead of showing the last results");
  CLI::Option* watch = command->add_flag("--watch", options->watch,
                                         "Follow the health until interrupted, or until --timeout");
  command
      ->add_option("--interval", options->interval_seconds, "Seconds between two looks of --watch")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.2, 3600.0))
      ->capture_default_str()
      ->needs(watch);
  command->footer(
      "The exit code is 1 where a critical check fails; with --watch it is not looked at.\n\n"
      "Examples:\n  osctl health\n  osctl health --refresh --output json\n"
      "  osctl health --watch --refresh --interval 10");
  command->callback([&session, options] {
    session.RunRemote([&](Client& client) -> Result<ExitCode> {
      return options->watch ? WatchHealth(session, client, *options)
                            : ShowHealth(session, client, *options);
    });
  });
}

}  // namespace matic::osctl
