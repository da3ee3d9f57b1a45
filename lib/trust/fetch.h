// Documents and their signatures, fetched from servers that may be anybody's: never more than a
// document may have, never longer than a deadline.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>

#include "lib/base/result.h"
#include "lib/http/http_client.h"
#include "lib/os/clock.h"
#include "lib/trust/root.h"

namespace matic::trust {

// Root documents that are walked at once; one that was rotated monthly for ten years has fewer.
inline constexpr int kMaxRootSteps = 128;

struct FetchedDocument {
  std::string bytes;
  std::string signatures;
  SignedDocument view() const { return {bytes, signatures}; }
};

// A root document that others led to, with the bytes to keep of it.
struct FetchedRoot {
  Root root;
  FetchedDocument document;
};

class DocumentFetcher {
 public:
  // `deadline` is for one document with its signatures, however slowly or steadily they arrive.
  // Keeps references; they outlive it.
  DocumentFetcher(http::HttpClient& client, Clock& clock,
                  std::chrono::nanoseconds deadline = std::chrono::minutes(2))
      : client_(client), clock_(clock), deadline_(deadline) {}

  // `url` and `url`.sig (before a query, if there is one). Nothing is verified yet. The errors of
  // HttpClient, of which kInvalidArgument is what a document larger than MaxDocumentBytes gets, and
  //   kPermission  there are no signatures
  //   kDeadline    the deadline passed
  Result<FetchedDocument> Fetch(const std::string& url, DocumentKind kind, std::stop_token stop);

  // The newest root document that leads on from `current`, each step verified by VerifyNextRoot:
  // N.root.json beside the document at `url`, until there is no next one. None: `current` is the
  // newest. An error of a step is an error: what comes after a forged one is not asked for.
  //
  // A server that hides the next one is found out when `current` expires.
  Result<std::optional<FetchedRoot>> FollowRoots(const std::string& url, const Root& current,
                                                 std::stop_token stop);

 private:
  Result<std::string> FetchFile(const std::string& url, size_t max_bytes, BootTime until,
                                std::stop_token stop);

  http::HttpClient& client_;
  Clock& clock_;
  std::chrono::nanoseconds deadline_;
};

}  // namespace matic::trust
