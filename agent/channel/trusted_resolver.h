// Resolves sources by what this machine trusts: the signed manifest of a channel, of a release, or
// the one beside an image.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "agent/channel/document_client.h"
#include "agent/channel/source_words.h"
#include "agent/channel/trust_store.h"
#include "agent/config/channel.h"
#include "agent/engine/source_resolver.h"
#include "lib/base/replaceable.h"
#include "lib/http/retry.h"
#include "lib/os/clock.h"
#include "lib/trust/fetch.h"
#include "lib/trust/manifest.h"

namespace matic::channel {

struct ResolverOptions {
  config::Trust trust;
  std::string channel_url;  // what an empty source stands for; may be empty
  std::filesystem::path state_dir;
  // It is not earlier than that, whatever the clock says; nor than what was verified last.
  WallTime time_floor{};
  // Whether the clock was set by the network or ran on; a clock before the floor never was.
  std::function<bool()> clock_is_set = [] { return true; };
  // For each document, and for one with its signatures however slowly they arrive.
  http::RetryPolicy retry{.retries = 0};
  std::chrono::seconds document_timeout{120};
  std::vector<std::filesystem::path> file_dirs{};  // where file URLs may lead
};

// A source whose path ends in ".json" is a manifest or a channel; an image with a digest is taken
// at its word unless trust.required; an image without one is what the manifest beside it says.
// Keeps what it trusts under state_dir/trust.
//
// Thread-safe. Nothing is locked while it fetches, so that Confirmed takes no longer than a write.
class TrustedResolver final : public engine::SourceResolver {
 public:
  TrustedResolver(ResolverOptions options, http::HttpClient& http, Clock& clock);

  // Thread-safe; for calls that begin from now on. The root document and the folder of the state
  // stay those that it was made with.
  void Configure(ResolverOptions options) { options_.Replace(std::move(options)); }

  Result<> Check(const std::string& source, const std::string& sha256) override;

  // When it returns, a root document that was led on to and what was verified are durable. Beyond
  // the errors of DocumentFetcher, VerifyNextRoot and VerifyManifest:
  //   kInvalidArgument  as Check
  //   kRefused          no root document is configured; the manifest is of another image than the
  //                     one beside it, or than the digest that was named
  Result<engine::ResolvedSource> Resolve(const std::string& source, const std::string& sha256,
                                         const std::string& running_version,
                                         std::stop_token stop) override;

  // As Resolve: a root document that is led on to, and what is verified, count for this look alone.
  // Nothing is asked for twice.
  Result<engine::ResolvedSource> Look(const std::string& source, const std::string& sha256,
                                      const std::string& running_version,
                                      std::stop_token stop) override;

  void Confirmed(const std::string& version) override;

  // The later one of ResolverOptions::time_floor and the time of the last verified manifest: what a
  // clock that is not set yet can be told by.
  WallTime TimeFloor() const;

 private:
  // Each call goes by the options of its beginning, and hands them down.
  //
  enum class Purpose { kUpdate, kLook };

  // Asks again after failures that may pass, as is done for an image; but for who only looks, and
  // callers who could not end the wait.
  template <typename Fetch>
  auto Persist(const ResolverOptions& options, Purpose purpose, Fetch fetch, std::stop_token stop)
      -> decltype(fetch());
  static Result<SourceWords> Read(const ResolverOptions& options, const std::string& source,
                                  const std::string& sha256);
  Result<engine::ResolvedSource> Find(const std::string& source, const std::string& sha256,
                                      const std::string& running_version, Purpose purpose,
                                      std::stop_token stop);
  Result<Trusted> LoadTrusted(const std::string& running_version);
  Result<Trusted> FollowRoots(const ResolverOptions& options, const std::string& manifest_url,
                              const std::string& running_version, Purpose purpose,
                              std::stop_token stop);
  // `trusted` is what is gone by in a look; else what is kept when it is verified.
  Result<trust::Manifest> Verify(const ResolverOptions& options, const std::string& manifest_url,
                                 const trust::FetchedDocument& document,
                                 const std::string& running_version, Purpose purpose,
                                 Trusted trusted);

  Replaceable<ResolverOptions> options_;
  http::HttpClient& http_;
  Clock& clock_;
  mutable std::mutex mutex_;  // of store_
  TrustStore store_;
};

}  // namespace matic::channel
