#include "agent/deadline/observer.h"

#include <future>
#include <thread>
#include <utility>

namespace matic::deadline {
namespace {

// A read that takes longer will not come back.
constexpr std::chrono::seconds kReadLimit{20};

struct Seen {
  std::optional<std::chrono::seconds> deadline;
  std::optional<Sighting> sighting;
};

}  // namespace

Observer::Observer(const Machine& machine, Look look, std::string state)
    : machine_(machine), look_(std::move(look)), state_(std::move(state)) {}

Observation Observer::Observe() {
  if (busy_.exchange(true)) return {};
  std::promise<Seen> promise;
  auto result = promise.get_future();
  std::thread([this, promise = std::move(promise)]() mutable {
    Seen seen{.deadline = std::nullopt, .sighting = look_()};
    if (const auto text = machine_.ReadFile(state_)) seen.deadline = ParseDeadline(*text);
    busy_.store(false);
    promise.set_value(std::move(seen));
  }).detach();
  if (result.wait_for(kReadLimit) != std::future_status::ready) return {};
  const Seen seen = result.get();
  Observation observation{.deadline = seen.deadline, .reading = std::nullopt};
  if (seen.sighting) {
    observation.reading = seen.sighting->reading;
    name_ = seen.sighting->name;
  }
  return observation;
}

}  // namespace matic::deadline
