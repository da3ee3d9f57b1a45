#include "lib/exposition/listener.h"

#include <prometheus/collectable.h>
#include <prometheus/exposer.h>

#include <exception>
#include <utility>

#include "lib/exposition/client_model.h"

namespace matic::exposition {
namespace {

class Asked final : public ::prometheus::Collectable {
 public:
  explicit Asked(Listener::Collect collect) : collect_(std::move(collect)) {}
  std::vector<::prometheus::MetricFamily> Collect() const override {
    return ClientModel(collect_());
  }

 private:
  const Listener::Collect collect_;
};

}  // namespace

struct Listener::Parts {
  std::shared_ptr<Asked> asked;
  std::unique_ptr<::prometheus::Exposer> exposer;  // its threads ask
};

Listener::Listener(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Listener::~Listener() = default;

Result<std::unique_ptr<Listener>> Listener::Open(const std::string& address, size_t threads,
                                                 Collect collect) {
  auto parts = std::make_unique<Parts>();
  parts->asked = std::make_shared<Asked>(std::move(collect));
  try {
    parts->exposer = std::make_unique<::prometheus::Exposer>(address, threads);
    parts->exposer->RegisterCollectable(parts->asked);
  } catch (const std::exception& error) {
    return Fail(ErrorCode::kUnavailable, "cannot listen on " + address + ": " + error.what());
  }
  return std::unique_ptr<Listener>(new Listener(std::move(parts)));
}

uint16_t Listener::port() const {
  const std::vector<int> ports = parts_->exposer->GetListeningPorts();
  return ports.empty() ? uint16_t{0} : static_cast<uint16_t>(ports.front());
}

}  // namespace matic::exposition
