#include "agent/metrics/traffic.h"

namespace matic::metrics {
namespace {

class CountingSink final : public http::BodySink {
 public:
  CountingSink(http::BodySink& sink, Traffic& traffic) : sink_(sink), traffic_(traffic) {}

  Result<> Begin(const http::ResponseHead& head) override { return sink_.Begin(head); }
  Result<> Write(std::span<const uint8_t> bytes) override {
    traffic_.fetched += bytes.size();
    return sink_.Write(bytes);
  }

 private:
  http::BodySink& sink_;
  Traffic& traffic_;
};

}  // namespace

CountingHttpClient::CountingHttpClient(http::HttpClient& client, Traffic& traffic)
    : client_(client), traffic_(traffic) {}

Result<http::ResponseHead> CountingHttpClient::Get(const http::Request& request,
                                                   http::BodySink& sink, std::stop_token stop) {
  CountingSink counting(sink, traffic_);
  return client_.Get(request, counting, std::move(stop));
}

CountingBlockDevice::CountingBlockDevice(BlockDevice& device, Traffic& traffic)
    : device_(device), traffic_(traffic) {}

Result<> CountingBlockDevice::Read(uint64_t offset, std::span<uint8_t> buffer) {
  return device_.Read(offset, buffer);
}

Result<> CountingBlockDevice::Write(uint64_t offset, std::span<const uint8_t> bytes) {
  MATIC_TRY(device_.Write(offset, bytes));
  traffic_.written += bytes.size();
  return {};
}

Result<> CountingBlockDevice::Flush() { return device_.Flush(); }

uint64_t CountingBlockDevice::size() const { return device_.size(); }

}  // namespace matic::metrics
