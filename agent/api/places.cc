#include "agent/api/places.h"

namespace matic::api {

Result<std::unique_ptr<Places::Place>> Places::Take(const Identity& who) {
  const auto refused = [this](size_t places, const std::string& of) {
    return Fail(ErrorCode::kUnavailable, std::to_string(places) + " " + kind_ + of +
                                             " are under way already; ask again in a moment");
  };
  const bool is_reader = who.role == rpc::Role::kReader;
  // No other caller's key, whatever the name.
  const std::string reader = is_reader ? "reader " + who.name : "";
  const std::scoped_lock lock(mutex_);
  if (taken_.size() >= count_) return refused(count_, "");
  if (is_reader) {
    if (taken_.size() - taken_.count("") >= count_ / 2) return refused(count_ / 2, " of readers");
    if (taken_.count(reader) >= count_ / 4) return refused(count_ / 4, " of " + who.name);
  }
  taken_.insert(reader);
  return std::make_unique<Place>(*this, reader);
}

void Places::Leave(const std::string& reader) {
  const std::scoped_lock lock(mutex_);
  taken_.erase(taken_.find(reader));
}

}  // namespace matic::api
