// Where Prometheus asks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/exposition/family.h"

namespace matic::exposition {

// Answers GET /metrics until it is destroyed.
class Listener {
 public:
  using Collect = std::function<std::vector<Family>()>;

  // At ADDRESS:PORT, 0 for any port; kUnavailable where nobody can listen there. `collect` is asked
  // by `threads` threads of its own, at once.
  static Result<std::unique_ptr<Listener>> Open(const std::string& address, size_t threads,
                                                Collect collect);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  uint16_t port() const;

 private:
  struct Parts;
  explicit Listener(std::unique_ptr<Parts> parts);

  const std::unique_ptr<Parts> parts_;
};

}  // namespace matic::exposition
