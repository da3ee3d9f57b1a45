#include "agent/channel/trusted_resolver.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "lib/crypto/sha256.h"
#include "lib/http/url.h"
#include "lib/trust/url_reference.h"
#include "lib/trust/verify_manifest.h"

namespace matic::channel {
namespace {

Result<> CheckProduct(const config::Trust& trust) {
  if (!trust.product.empty()) return {};
  return Fail(ErrorCode::kInvalidArgument,
              "trust.product is not configured, so no manifest can be for this machine");
}

// Who forgot the digest may not know that it stands for a signed manifest.
Error WithoutDigest(const SourceWords& words, const std::string& sha256, Error error) {
  if (words.kind != SourceKind::kSignedImage || !sha256.empty()) return error;
  return Error{error.code,
               "no SHA-256 of the image is given (--sha256), and its signed manifest, " +
                   http::PublicUrl(words.manifest_url) +
                   ", cannot be used instead: " + error.message};
}

Result<> CheckDigest(const std::string& asked, const trust::Manifest& manifest) {
  if (asked.empty()) return {};
  MATIC_ASSIGN(const crypto::Digest digest, crypto::ParseSha256Hex(asked));
  if (digest == manifest.image.sha256) return {};
  return Fail(ErrorCode::kRefused, "the manifest's image has the SHA-256 " +
                                       crypto::ToHex(manifest.image.sha256) + ", and " +
                                       crypto::ToHex(digest) +
                                       " was asked for: where the channel has moved on since, ask "
                                       "again for what it names now");
}

Result<update::SignedFile> ResolveFile(const std::string& base, const trust::RemoteFile& file) {
  MATIC_ASSIGN(std::string url, trust::ResolveUrl(base, file.url));
  return update::SignedFile{std::move(url), file.size, crypto::ToHex(file.sha256)};
}

Result<update::DeltaFiles> ResolveDelta(const std::string& base, const trust::Manifest& manifest) {
  update::DeltaFiles delta;
  if (!manifest.delta_index) return delta;
  MATIC_ASSIGN(delta.index, ResolveFile(base, *manifest.delta_index));
  for (const trust::Patch& patch : manifest.patches) {
    MATIC_ASSIGN(update::SignedFile file, ResolveFile(base, patch.file));
    delta.patches.push_back({crypto::ToHex(patch.from), std::move(file)});
  }
  return delta;
}

struct DocumentSource {
  DocumentSource(const ResolverOptions& options, http::HttpClient& web, Clock& clock)
      : client(web, AllowedFolders(options.file_dirs)),
        fetcher(client, clock, options.document_timeout) {}

  DocumentClient client;
  trust::DocumentFetcher fetcher;
};

}  // namespace

TrustedResolver::TrustedResolver(ResolverOptions options, http::HttpClient& http, Clock& clock)
    : options_(std::move(options)),
      http_(http),
      clock_(clock),
      store_(options_->trust.root, options_->state_dir / "trust") {}

template <typename Fetch>
auto TrustedResolver::Persist(const ResolverOptions& options, Purpose purpose, Fetch fetch,
                              std::stop_token stop) -> decltype(fetch()) {
  const bool once = purpose == Purpose::kLook || !stop.stop_possible();
  http::Retries retries(options.retry, clock_);
  while (true) {
    auto fetched = fetch();
    if (fetched || once || !http::MayPass(fetched.error())) return fetched;
    MATIC_TRY(retries.After(fetched.error(), 0, stop));
  }
}

Result<SourceWords> TrustedResolver::Read(const ResolverOptions& options, const std::string& source,
                                          const std::string& sha256) {
  if (source.empty() && options.channel_url.empty()) {
    return Fail(ErrorCode::kInvalidArgument,
                "no source is named, and no channel is configured (channel.url)");
  }
  MATIC_ASSIGN(SourceWords words,
               ReadSource(source.empty() ? options.channel_url : source, sha256));
  if (words.kind == SourceKind::kImage && options.trust.required) {
    Result<std::string> manifest = ManifestBeside(source);
    if (!manifest) {
      return Fail(ErrorCode::kRefused, "only signed images are taken here (trust.required); " +
                                           manifest.error().message);
    }
    words = {SourceKind::kSignedImage, *std::move(manifest)};
  }
  return words;
}

Result<> TrustedResolver::Check(const std::string& source, const std::string& sha256) {
  const auto options = options_.Get();
  MATIC_ASSIGN(const SourceWords words, Read(*options, source, sha256));
  if (words.kind == SourceKind::kImage) return {};
  if (const Result<> product = CheckProduct(options->trust); !product) {
    return Fail(WithoutDigest(words, sha256, product.error()));
  }
  const std::scoped_lock lock(mutex_);
  if (const Result<trust::Root> root = store_.ConfiguredRoot(); !root) {
    return Fail(WithoutDigest(words, sha256, root.error()));
  }
  return {};
}

Result<engine::ResolvedSource> TrustedResolver::Resolve(const std::string& source,
                                                        const std::string& sha256,
                                                        const std::string& running_version,
                                                        std::stop_token stop) {
  return Find(source, sha256, running_version, Purpose::kUpdate, std::move(stop));
}

Result<engine::ResolvedSource> TrustedResolver::Look(const std::string& source,
                                                     const std::string& sha256,
                                                     const std::string& running_version,
                                                     std::stop_token stop) {
  return Find(source, sha256, running_version, Purpose::kLook, std::move(stop));
}

Result<engine::ResolvedSource> TrustedResolver::Find(const std::string& source,
                                                     const std::string& sha256,
                                                     const std::string& running_version,
                                                     Purpose purpose, std::stop_token stop) {
  const auto options = options_.Get();
  MATIC_ASSIGN(const SourceWords words, Read(*options, source, sha256));
  if (words.kind == SourceKind::kImage) return engine::ResolvedSource{source, sha256, "", 0};
  MATIC_TRY(CheckProduct(options->trust));
  MATIC_ASSIGN(Trusted trusted,
               FollowRoots(*options, words.manifest_url, running_version, purpose, stop));
  DocumentSource from(*options, http_, clock_);
  const auto document = Persist(
      *options, purpose,
      [&] { return from.fetcher.Fetch(words.manifest_url, trust::DocumentKind::kManifest, stop); },
      stop);
  if (!document) {
    const bool missing = document.error().code == ErrorCode::kNotFound;
    return Fail(missing ? WithoutDigest(words, sha256, document.error()) : document.error());
  }
  const std::string name = http::PublicUrl(words.manifest_url);
  auto manifest =
      Verify(*options, words.manifest_url, *document, running_version, purpose, std::move(trusted));
  if (!manifest) return Fail(manifest.error().Context(name));
  MATIC_ASSIGN(std::string image, trust::ResolveUrl(words.manifest_url, manifest->image.url));
  if (words.kind == SourceKind::kSignedImage) {
    if (!SameFile(image, source)) {
      return Fail(ErrorCode::kRefused, name + ": it is the manifest of " + http::PublicUrl(image) +
                                           ", not of " + http::PublicUrl(source));
    }
    image = source;  // with the credentials that it was given
  }
  if (Result<> same = CheckDigest(sha256, *manifest); !same) {
    return Fail(same.error().Context(name));
  }
  MATIC_ASSIGN(update::DeltaFiles delta, ResolveDelta(words.manifest_url, *manifest));
  return engine::ResolvedSource{std::move(image), crypto::ToHex(manifest->image.sha256),
                                manifest->version, manifest->image.size, std::move(delta)};
}

Result<Trusted> TrustedResolver::LoadTrusted(const std::string& running_version) {
  const std::scoped_lock lock(mutex_);
  return store_.Load(running_version);
}

Result<Trusted> TrustedResolver::FollowRoots(const ResolverOptions& options,
                                             const std::string& manifest_url,
                                             const std::string& running_version, Purpose purpose,
                                             std::stop_token stop) {
  MATIC_ASSIGN(Trusted before, LoadTrusted(running_version));
  DocumentSource from(options, http_, clock_);
  MATIC_ASSIGN(
      const auto next,
      Persist(
          options, purpose,
          [&] { return from.fetcher.FollowRoots(manifest_url, before.root, stop); }, stop));
  if (!next) return before;
  if (purpose == Purpose::kLook) {
    MATIC_ASSIGN(trust::TrustState adopted, trust::AdoptRoot(before.state, next->root));
    return Trusted{next->root, std::move(adopted)};
  }
  const std::scoped_lock lock(mutex_);
  MATIC_ASSIGN(Trusted now, store_.Load(running_version));
  // Meanwhile somebody else may have led on, or the administrator have put another one in place.
  if (now.root.version != before.root.version) return now;
  if (next->root.version < now.state.root_version) return now;
  return store_.Adopt(now.state, *next);
}

Result<trust::Manifest> TrustedResolver::Verify(const ResolverOptions& options,
                                                const std::string& manifest_url,
                                                const trust::FetchedDocument& document,
                                                const std::string& running_version, Purpose purpose,
                                                Trusted trusted) {
  const std::scoped_lock lock(mutex_);
  if (purpose == Purpose::kUpdate) {
    MATIC_ASSIGN(trusted, store_.Load(running_version));
  }
  const WallTime now = clock_.Now();
  const WallTime floor = std::max(options.time_floor, trusted.state.last_verified_time);
  const trust::Expectation expected{
      .product = options.trust.product,
      .architecture = std::string(trust::OwnArchitecture()),
      .channel = trust::ChannelOf(manifest_url),
      .running_version = running_version,
      .now = std::max(now, floor),
      .clock_is_set = now >= floor && options.clock_is_set(),
  };
  MATIC_ASSIGN(const trust::VerifiedManifest verified,
               trust::VerifyManifest(document.view(), trusted.root, trusted.state, expected));
  if (purpose == Purpose::kUpdate) {
    MATIC_TRY(store_.Save(trust::Remember(trusted.state, verified)));
  }
  return verified.manifest();
}

WallTime TrustedResolver::TimeFloor() const {
  const std::scoped_lock lock(mutex_);
  return std::max(options_->time_floor, store_.LastVerifiedTime());
}

void TrustedResolver::Confirmed(const std::string& version) {
  const std::scoped_lock lock(mutex_);
  if (Result<trust::Root> root = store_.ConfiguredRoot(); !root) return;  // there is no manifest
  const auto raise = [&]() -> Result<> {
    MATIC_ASSIGN(const Trusted trusted, store_.Load(version));
    MATIC_ASSIGN(const trust::TrustState raised, trust::RaiseFloor(trusted.state, version));
    return store_.Save(raised);
  };
  if (Result<> raised = raise(); !raised) {
    spdlog::error("{} was confirmed, but older versions are not shut out: {}", version,
                  raised.error().message);
  }
}

}  // namespace matic::channel
