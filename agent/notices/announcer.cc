#include "agent/notices/announcer.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "agent/notices/messages.h"

namespace matic::notices {
namespace {

constexpr std::chrono::minutes kPause{1};

void Log(const notify::DeliveryReport& report) {
  if (!report.error) {
    spdlog::info("told {}: {}", report.channel, report.title);
  } else if (report.given_up) {
    spdlog::error("{} is not told of \"{}\": {}", report.channel, report.title,
                  report.error->message);
  } else {
    spdlog::warn("{} cannot be told of \"{}\" yet: {}", report.channel, report.title,
                 report.error->message);
  }
}

}  // namespace

Announcer::Announcer(AnnouncerOptions options, const notify::Courier& courier, Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      notifier_(options_.channels, notify::RetryPolicy{}, courier, clock, Log),
      watch_(options_.long_running) {}

Announcer::~Announcer() { Stop(std::chrono::milliseconds(0)); }

void Announcer::Tell(const engine::HistoryEvent& event) {
  if (const auto message = MessageOf(event, options_.node)) notifier_.Send(*message);
}

void Announcer::Start(engine::Engine& engine) {
  if (options_.channels.empty()) return;
  notifier_.Start();
  thread_ = std::jthread([this, &engine](std::stop_token stop) { Run(engine, stop); });
}

void Announcer::Stop(std::chrono::milliseconds deadline) {
  thread_.request_stop();
  notifier_.Stop(deadline);
  if (thread_.joinable()) thread_.join();
}

void Announcer::Run(engine::Engine& engine, const std::stop_token& stop) {
  while (clock_.Wait(kPause, stop)) Look(engine);
}

void Announcer::Look(engine::Engine& engine) {
  if (const auto schedule = engine.GetSchedule("")) {
    Send(watch_.LookAt(*schedule, clock_.SinceBoot()));
  }
  LookAtHealth(engine);
  if (!options_.certificate_end) return;
  if (const auto end = options_.certificate_end()) {
    Send(watch_.LookAtCertificate(*end, clock_.Now()));
  }
}

void Announcer::LookAtHealth(engine::Engine& engine) {
  const auto status = engine.GetStatus();
  if (!status || !status->trial_target.empty()) return;
  if (const auto report = engine.GetHealth(/*refresh=*/false)) Send(watch_.LookAt(*report));
}

void Announcer::Send(std::optional<notify::Message> message) {
  if (!message) return;
  message->node = options_.node;
  message->time = clock_.Now();
  notifier_.Send(*message);
}

}  // namespace matic::notices
