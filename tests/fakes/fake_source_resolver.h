// Sources that are images themselves, and channels that a test has made.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "agent/engine/source_resolver.h"

namespace matic::fakes {

// Thread-safe. An image with its digest is passed through; anything else must have been set.
class FakeSourceResolver final : public engine::SourceResolver {
 public:
  Result<> Check(const std::string& source, const std::string& sha256) override;
  Result<engine::ResolvedSource> Resolve(const std::string& source, const std::string& sha256,
                                         const std::string& running_version,
                                         std::stop_token stop) override;
  void Confirmed(const std::string& version) override;

  // What `source` comes down to; an empty one is the configured channel.
  void Set(const std::string& source, engine::ResolvedSource resolved);
  // Called in every Check, as what happens meanwhile.
  void OnCheck(std::function<void()> meanwhile);
  // From now on Resolve ends by a stop only. AwaitHeld returns while somebody is in it.
  void Hold();
  void AwaitHeld();
  std::vector<std::string> confirmed() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  bool holds_ = false;
  int held_ = 0;
  std::map<std::string, engine::ResolvedSource> known_;
  std::function<void()> meanwhile_;
  std::vector<std::string> confirmed_;
};

}  // namespace matic::fakes
