#include <utility>

#include "agent/ab/ab_backend.h"
#include "agent/ab/booted_system.h"
#include "agent/ab/download_rate.h"
#include "agent/channel/trusted_resolver.h"
#include "agent/health/time_check.h"
#include "agent/host.h"
#include "lib/base/replaceable.h"
#include "lib/gpt/fdisk_partition_table.h"
#include "lib/http/curl_http_client.h"
#include "lib/os/linux_block_device.h"

namespace matic {
namespace {

Result<std::filesystem::path> FindDisk(const config::Config& config) {
  if (config.disk != "auto") return config.disk;
  MATIC_ASSIGN(ab::RootPartition root, ab::FindRootPartition());
  return root.disk;
}

std::unique_ptr<ab::BootedSystem> MakeBootedSystem(const config::Config& config) {
  if (!config.boot_facts.empty()) return std::make_unique<ab::FileBootedSystem>(config.boot_facts);
  return std::make_unique<ab::LinuxBootedSystem>();
}

http::CurlOptions MakeHttpOptions(const config::Download& download) {
  http::CurlOptions options;
  options.ca_file = download.ca_file.string();
  options.allow_http = download.allow_http;
  options.local_redirects = download.local_redirects;
  options.connect_timeout = download.connect_timeout;
  options.low_speed_time = download.low_speed;
  options.low_speed_bytes = static_cast<uint32_t>(download.low_speed_bytes);
  options.client_certificate = download.client_certificate.string();
  options.client_key_secret = download.client_key_secret;
  options.proxy = download.proxy;
  options.proxy_secret = download.proxy_secret;
  options.no_proxy = download.no_proxy;
  for (const config::DownloadHeader& header : download.headers) {
    options.headers.push_back({header.host, header.secret});
  }
  return options;
}

http::RetryPolicy MakeDownloadRetry(const config::Download& download) {
  return {.retries = download.retries, .backoff = download.retry_backoff};
}

std::optional<transfer::Aim> AimOf(config::DeltaChoice choice) {
  switch (choice) {
    case config::DeltaChoice::kFast:
      return transfer::Aim::kLeastTime;
    case config::DeltaChoice::kSmall:
      return transfer::Aim::kLeastBytes;
    case config::DeltaChoice::kOff:
      break;
  }
  return std::nullopt;
}

ab::AbOptions MakeAbOptions(const config::Config& config, metrics::Traffic& traffic) {
  return {.tries = static_cast<uint8_t>(config.tries),
          .sources = {.retry = MakeDownloadRetry(config.download),
                      .files = AllowedFolders(config.download.file_dirs)},
          .buffer_bytes = config.download.buffer_bytes,
          .partial_file = config.state_dir / "partial.json",
          .read_back = config.download.read_back,
          .delta = AimOf(config.download.delta),
          .target_index = config.state_dir / "target.idx",
          .reused = [&traffic](uint64_t bytes) { traffic.reused += bytes; }};
}

channel::ResolverOptions MakeResolverOptions(const config::Config& config) {
  return {.trust = config.trust,
          .channel_url = config.channel.url,
          .state_dir = config.state_dir,
          .time_floor = ReleaseTime(),
          .clock_is_set =
              [] {
                const Result<health::KernelClock> clock = health::ReadKernelClock();
                return clock && clock->synchronised;
              },
          .retry = MakeDownloadRetry(config.download),
          .document_timeout = config.download.document_timeout,
          .file_dirs = config.download.file_dirs};
}

class AbHost final : public Host {
 public:
  AbHost(const config::Config& config, const HostServices& services,
         const std::filesystem::path& disk, std::unique_ptr<LinuxBlockDevice> device)
      : clock_(services.clock),
        device_(std::move(device)),
        table_(disk),
        booted_(MakeBootedSystem(config)),
        rate_(MakeRate(config)),
        http_(MakeImageHttpOptions(config.download)),
        document_http_(MakeHttpOptions(config.download)),
        counted_http_(http_, services.traffic),
        counted_device_(*device_, services.traffic),
        traffic_(services.traffic),
        backend_(MakeAbOptions(config, traffic_), table_, counted_device_, *booted_, counted_http_,
                 clock_),
        resolver_(MakeResolverOptions(config), document_http_, clock_) {}

  std::string_view name() const override { return "ab"; }
  engine::Backend& backend() override { return backend_; }
  engine::SourceResolver& resolver() override { return resolver_; }
  WallTime TimeFloor() const override { return resolver_.TimeFloor(); }

  void Configure(const config::Config& config) override {
    rate_.Replace(MakeRate(config));
    http_.Configure(MakeImageHttpOptions(config.download));
    document_http_.Configure(MakeHttpOptions(config.download));
    backend_.Configure(MakeAbOptions(config, traffic_));
    resolver_.Configure(MakeResolverOptions(config));
  }

 private:
  ab::DownloadRate MakeRate(const config::Config& config) const {
    return {config.download, config.maintenance.rules.zone, clock_};
  }

  http::CurlOptions MakeImageHttpOptions(const config::Download& download) const {
    http::CurlOptions options = MakeHttpOptions(download);
    options.rate = [this] { return rate_->Now(); };
    return options;
  }

  Clock& clock_;
  std::unique_ptr<LinuxBlockDevice> device_;
  gpt::FdiskPartitionTable table_;
  std::unique_ptr<ab::BootedSystem> booted_;
  Replaceable<ab::DownloadRate> rate_;
  http::CurlHttpClient http_;           // images
  http::CurlHttpClient document_http_;  // small, and waited for: not held back
  metrics::CountingHttpClient counted_http_;
  metrics::CountingBlockDevice counted_device_;
  metrics::Traffic& traffic_;
  ab::AbBackend backend_;
  channel::TrustedResolver resolver_;
};

}  // namespace

Result<std::unique_ptr<Host>> MakeAbHost(const config::Config& config,
                                         const HostServices& services) {
  MATIC_ASSIGN(const std::filesystem::path disk, FindDisk(config));
  MATIC_ASSIGN(auto device, LinuxBlockDevice::Open(disk, LinuxBlockDevice::Access::kReadWrite));
  return std::make_unique<AbHost>(config, services, disk, std::move(device));
}

}  // namespace matic
