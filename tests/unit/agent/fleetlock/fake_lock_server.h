// A FleetLock server with so many slots in every group.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lib/http/http_poster.h"

namespace matic::fleetlock {

// Thread-safe. Outlives the machines that ask it.
class FakeLockServer final : public http::HttpPoster {
 public:
  explicit FakeLockServer(size_t slots) : slots_(slots) {}

  Result<http::PostAnswer> Post(const http::PostRequest& request, std::stop_token stop) override;

  // Another machine's request, of the same kind.
  void SetHolder(const std::string& group, const std::string& id, bool holds);
  // It cannot be reached, until it can.
  void SetAway(bool away);
  // What it does is done, and this is what it answers; nothing: what the protocol says.
  void SetAnswer(std::optional<http::PostAnswer> answer);
  // Called before a request is looked at.
  void SetObserver(std::function<void(const http::PostRequest&)> observer);

  std::set<std::string> holders(const std::string& group) const;
  // Paths below the base URL, in their order: "/v1/pre-reboot".
  std::vector<std::string> requests() const;
  // Returns when there are so many; fails the test where there never are.
  void AwaitRequests(size_t count);

 private:
  http::PostAnswer Act(const std::string& path, const std::string& group, const std::string& id);

  const size_t slots_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::set<std::string>> holders_;
  std::vector<std::string> requests_;
  std::function<void(const http::PostRequest&)> observer_;
  bool away_ = false;
  std::optional<http::PostAnswer> answer_;
};

}  // namespace matic::fleetlock
