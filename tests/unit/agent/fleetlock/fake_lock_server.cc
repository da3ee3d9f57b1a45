#include "tests/unit/agent/fleetlock/fake_lock_server.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace matic::fleetlock {
namespace {

constexpr std::chrono::seconds kPatience{60};

}  // namespace

Result<http::PostAnswer> FakeLockServer::Post(const http::PostRequest& request,
                                              std::stop_token stop) {
  std::unique_lock lock(mutex_);
  if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, request.url + ": stopped");
  if (observer_) {
    const auto observer = observer_;
    lock.unlock();
    observer(request);
    lock.lock();
  }
  const std::string path = request.url.substr(request.url.find("/v1/"));
  requests_.push_back(path);
  changed_.notify_all();
  if (away_) return Fail(ErrorCode::kUnavailable, request.url + ": Connection refused");
  if (std::ranges::find(request.headers, "fleet-lock-protocol: true") == request.headers.end()) {
    return http::PostAnswer{400, R"({"kind": "bad_request", "value": "no header"})"};
  }
  const auto body = nlohmann::json::parse(request.body);
  const auto& client = body.at("client_params");
  const http::PostAnswer answer =
      Act(path, client.at("group").get<std::string>(), client.at("id").get<std::string>());
  return answer_.value_or(answer);
}

http::PostAnswer FakeLockServer::Act(const std::string& path, const std::string& group,
                                     const std::string& id) {
  std::set<std::string>& holders = holders_[group];
  if (path == "/v1/steady-state") {
    holders.erase(id);
    return {200, ""};
  }
  if (path != "/v1/pre-reboot") return {404, ""};
  if (!holders.contains(id) && holders.size() >= slots_) {
    return {409, R"({"kind": "failed_lock_semaphore_full", "value": "all slots are locked"})"};
  }
  holders.insert(id);
  return {200, ""};
}

void FakeLockServer::SetHolder(const std::string& group, const std::string& id, bool holds) {
  std::lock_guard lock(mutex_);
  if (holds) {
    holders_[group].insert(id);
  } else {
    holders_[group].erase(id);
  }
}

void FakeLockServer::SetAway(bool away) {
  std::lock_guard lock(mutex_);
  away_ = away;
}

void FakeLockServer::SetAnswer(std::optional<http::PostAnswer> answer) {
  std::lock_guard lock(mutex_);
  answer_ = std::move(answer);
}

void FakeLockServer::SetObserver(std::function<void(const http::PostRequest&)> observer) {
  std::lock_guard lock(mutex_);
  observer_ = std::move(observer);
}

std::set<std::string> FakeLockServer::holders(const std::string& group) const {
  std::lock_guard lock(mutex_);
  const auto found = holders_.find(group);
  return found == holders_.end() ? std::set<std::string>() : found->second;
}

std::vector<std::string> FakeLockServer::requests() const {
  std::lock_guard lock(mutex_);
  return requests_;
}

void FakeLockServer::AwaitRequests(size_t count) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, kPatience, [&] { return requests_.size() >= count; })) {
    FAIL() << "there were " << requests_.size() << " requests only";
  }
}

}  // namespace matic::fleetlock
