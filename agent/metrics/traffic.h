// What this process has moved, counted where it passes.
#pragma once

#include <atomic>
#include <cstdint>

#include "lib/http/http_client.h"
#include "lib/os/block_device.h"

namespace matic::metrics {

// Bytes since the agent started. Thread-safe.
struct Traffic {
  std::atomic<uint64_t> fetched{0};  // of images, over the network, repeated parts included
  std::atomic<uint64_t> written{0};  // to the disk with the slots
  std::atomic<uint64_t> reused{0};   // of images, taken from this machine instead of the network
};

class CountingHttpClient final : public http::HttpClient {
 public:
  CountingHttpClient(http::HttpClient& client, Traffic& traffic);
  Result<http::ResponseHead> Get(const http::Request& request, http::BodySink& sink,
                                 std::stop_token stop) override;

 private:
  http::HttpClient& client_;
  Traffic& traffic_;
};

class CountingBlockDevice final : public BlockDevice {
 public:
  CountingBlockDevice(BlockDevice& device, Traffic& traffic);
  Result<> Read(uint64_t offset, std::span<uint8_t> buffer) override;
  Result<> Write(uint64_t offset, std::span<const uint8_t> bytes) override;
  Result<> Flush() override;
  uint64_t size() const override;

 private:
  BlockDevice& device_;
  Traffic& traffic_;
};

}  // namespace matic::metrics
