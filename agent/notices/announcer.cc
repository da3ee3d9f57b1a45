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
      node_(options_.node),
      courier_(courier),
      clock_(clock),
      notifier_(MakeNotifier()),
      watch_(options_.long_running) {}

Announcer::~Announcer() { Stop(std::chrono::milliseconds(0)); }

std::unique_ptr<notify::Notifier> Announcer::MakeNotifier() const {
  return std::make_unique<notify::Notifier>(options_.channels, notify::RetryPolicy{}, courier_,
                                            clock_, Log, options_.folder);
}

void Announcer::Tell(const engine::HistoryEvent& event) { Send(MessageOf(event, node_)); }

void Announcer::Start(engine::Engine& engine) {
  engine_ = &engine;
  Begin();
}

void Announcer::Begin() {
  if (options_.channels.empty()) return;
  notifier_->Start();
  thread_ = std::jthread([this](std::stop_token stop) { Run(*engine_, stop); });
}

void Announcer::Configure(AnnouncerOptions options) {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  std::unique_ptr<notify::Notifier> before;
  {
    const std::scoped_lock lock(mutex_);
    before = std::move(notifier_);
  }
  before.reset();  // which leaves what waits in its files
  options_ = std::move(options);
  watch_ = Watch(options_.long_running);
  std::unique_ptr<notify::Notifier> fresh = MakeNotifier();
  {
    const std::scoped_lock lock(mutex_);
    for (const notify::Message& message : meanwhile_) fresh->Send(message);
    meanwhile_.clear();
    notifier_ = std::move(fresh);
  }
  Begin();
}

void Announcer::Stop(std::chrono::milliseconds deadline) {
  thread_.request_stop();
  notifier_->Stop(deadline);
  if (thread_.joinable()) thread_.join();
}

std::vector<notify::ChannelCounts> Announcer::Counts() const {
  const std::scoped_lock lock(mutex_);
  return notifier_ ? notifier_->Counts() : std::vector<notify::ChannelCounts>();
}

void Announcer::Run(engine::Engine& engine, const std::stop_token& stop) {
  while (clock_.Wait(kPause, stop)) Look(engine);
}

void Announcer::Look(engine::Engine& engine) {
  if (const auto schedule = engine.GetSchedule("")) {
    Tell(watch_.LookAt(*schedule, clock_.SinceBoot()));
  }
  LookAtHealth(engine);
  if (!options_.certificate_end) return;
  if (const auto end = options_.certificate_end()) {
    Tell(watch_.LookAtCertificate(*end, clock_.Now()));
  }
}

void Announcer::LookAtHealth(engine::Engine& engine) {
  const auto status = engine.GetStatus();
  if (!status || !status->trial_target.empty()) return;
  if (const auto report = engine.GetHealth(/*refresh=*/false, {})) Tell(watch_.LookAt(*report));
}

void Announcer::Tell(std::optional<notify::Message> message) {
  if (!message) return;
  message->node = node_;
  message->time = clock_.Now();
  Send(std::move(message));
}

void Announcer::Send(std::optional<notify::Message> message) {
  if (!message) return;
  const std::scoped_lock lock(mutex_);
  if (notifier_) {
    notifier_->Send(*message);
  } else {
    meanwhile_.push_back(*std::move(message));
  }
}

}  // namespace matic::notices
