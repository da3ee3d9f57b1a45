#include "tests/fakes/fake_source_resolver.h"

#include <utility>

namespace matic::fakes {

Result<> FakeSourceResolver::Check(const std::string& source, const std::string& sha256) {
  std::unique_lock lock(mutex_);
  if (const std::function<void()> meanwhile = meanwhile_) {
    lock.unlock();
    meanwhile();
    lock.lock();
  }
  if (!sha256.empty() || known_.contains(source)) return {};
  return Fail(ErrorCode::kRefused, "no root document is configured");
}

Result<engine::ResolvedSource> FakeSourceResolver::Resolve(const std::string& source,
                                                           const std::string& sha256,
                                                           const std::string&,
                                                           std::stop_token stop) {
  std::unique_lock lock(mutex_);
  if (holds_) {
    ++held_;
    changed_.notify_all();
    changed_.wait(lock, std::move(stop), [] { return false; });
    --held_;
  }
  if (auto it = known_.find(source); it != known_.end()) return it->second;
  if (sha256.empty()) return Fail(ErrorCode::kPermission, source + " is not signed");
  return engine::ResolvedSource{source, sha256, "", 0};
}

void FakeSourceResolver::Confirmed(const std::string& version) {
  std::lock_guard lock(mutex_);
  confirmed_.push_back(version);
}

void FakeSourceResolver::Set(const std::string& source, engine::ResolvedSource resolved) {
  std::lock_guard lock(mutex_);
  known_[source] = std::move(resolved);
}

void FakeSourceResolver::OnCheck(std::function<void()> meanwhile) {
  std::lock_guard lock(mutex_);
  meanwhile_ = std::move(meanwhile);
}

void FakeSourceResolver::Hold() {
  std::lock_guard lock(mutex_);
  holds_ = true;
}

void FakeSourceResolver::AwaitHeld() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return held_ > 0; });
}

std::vector<std::string> FakeSourceResolver::confirmed() const {
  std::lock_guard lock(mutex_);
  return confirmed_;
}

}  // namespace matic::fakes
