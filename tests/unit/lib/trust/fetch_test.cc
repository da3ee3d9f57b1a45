#include "lib/trust/fetch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/fakes/fake_http_client.h"
#include "tests/fakes/manual_clock.h"
#include "tests/unit/lib/trust/signed_documents.h"

namespace matic::trust {
namespace {

using ::testing::HasSubstr;

constexpr char kUrl[] = "https://cdn.example.com/os/stable.json";

class FetchTest : public testing::Test {
 protected:
  void Publish(const std::string& url, const std::string& content) {
    client_.Put(url, {content.begin(), content.end()});
  }
  void Publish(const std::string& url, const Signed& document) {
    Publish(url, document.bytes);
    Publish(url + ".sig", document.signatures);
  }
  void PublishRoot(const Root& root, Names signers) {
    Publish("https://cdn.example.com/os/" + RootFileName(root.version), SignRoot(root, signers));
  }
  static Root Renewed(uint64_t version) {
    Root root = FirstRoot();
    root.version = version;
    return root;
  }
  auto FollowRoots() { return fetcher_.FollowRoots(kUrl, FirstRoot(), {}); }

  fakes::FakeHttpClient client_;
  fakes::ManualClock clock_;
  DocumentFetcher fetcher_{client_, clock_};
};

TEST_F(FetchTest, ADocumentComesWithItsSignatures) {
  const Signed document = SignManifest(GoodManifest(), {"m1", "m2"});
  Publish(kUrl, document);
  const auto fetched = fetcher_.Fetch(kUrl, DocumentKind::kManifest, {});
  ASSERT_TRUE(fetched) << fetched.error().message;
  EXPECT_TRUE(VerifyManifest(fetched->view(), FirstRoot(), {}, GoodExpectation()));
}

TEST_F(FetchTest, TheSignaturesOfAUrlWithAQueryAreAskedForWithIt) {
  Publish("https://h/stable.json?token=1", "document");
  Publish("https://h/stable.json.sig?token=1", "signatures");
  const auto fetched = fetcher_.Fetch("https://h/stable.json?token=1", DocumentKind::kManifest, {});
  ASSERT_TRUE(fetched) << fetched.error().message;
  EXPECT_EQ(fetched->bytes, "document");
  EXPECT_EQ(fetched->signatures, "signatures");
}

TEST_F(FetchTest, WhatIsNotSignedIsSaidSo) {
  EXPECT_EQ(fetcher_.Fetch(kUrl, DocumentKind::kManifest, {}).error().code, ErrorCode::kNotFound);
  Publish(kUrl, "document");
  const auto fetched = fetcher_.Fetch(kUrl, DocumentKind::kManifest, {});
  ASSERT_FALSE(fetched);
  EXPECT_EQ(fetched.error().code, ErrorCode::kPermission);
  EXPECT_THAT(fetched.error().message, HasSubstr("is not signed: there is no"));
}

TEST_F(FetchTest, EndlessDataEndsAtTheLargestDocument) {
  Publish(kUrl, std::string(5000, ' '));
  client_.AddMishap({.endless = true});
  const auto manifest = fetcher_.Fetch(kUrl, DocumentKind::kManifest, {});
  ASSERT_FALSE(manifest);
  EXPECT_EQ(manifest.error().code, ErrorCode::kInvalidArgument);
  EXPECT_LE(client_.bytes_sent(), kMaxManifestBytes);

  // The signatures, too, and without the server saying how large they are.
  Publish(std::string(kUrl) + ".sig", std::string(5000, ' '));
  client_.AddMishap({});
  client_.AddMishap({.endless = true});
  const uint64_t before = client_.bytes_sent();
  EXPECT_FALSE(fetcher_.Fetch(kUrl, DocumentKind::kManifest, {}));
  EXPECT_LE(client_.bytes_sent() - before, 5000 + kMaxSignatureFileBytes);
}

TEST_F(FetchTest, SlowDataEndsAtTheDeadline) {
  // Given a server that sends a little, and then keeps the connection.
  Publish(kUrl, std::string(5000, ' '));
  client_.AddMishap({.cut_after = 100, .stalls = true});
  std::jthread time([this] {
    clock_.AwaitWaiters(1);
    clock_.Advance(std::chrono::minutes(2));
  });
  const auto fetched = fetcher_.Fetch(kUrl, DocumentKind::kManifest, {});
  ASSERT_FALSE(fetched);
  EXPECT_EQ(fetched.error().code, ErrorCode::kDeadline);
  EXPECT_THAT(fetched.error().message, HasSubstr("stable.json: it takes longer than 120 s"));
}

TEST_F(FetchTest, TheSignaturesGetWhatTimeTheDocumentLeft) {
  Publish(kUrl, SignManifest(GoodManifest(), {"m1"}));
  client_.AddMishap({});
  client_.AddMishap({.cut_after = 10, .stalls = true});
  std::jthread time([this] {
    while (client_.requests().size() < 2) std::this_thread::yield();
    clock_.AwaitWaiters(1);
    clock_.Advance(std::chrono::minutes(2));
  });
  EXPECT_EQ(fetcher_.Fetch(kUrl, DocumentKind::kManifest, {}).error().code, ErrorCode::kDeadline);
}

TEST_F(FetchTest, WhoStopsItIsNotToldOfADeadline) {
  Publish(kUrl, std::string(5000, ' '));
  client_.AddMishap({.cut_after = 100, .stalls = true});
  std::stop_source stop;
  std::jthread person([this, &stop] {
    clock_.AwaitWaiters(1);
    stop.request_stop();
  });
  const auto fetched = fetcher_.Fetch(kUrl, DocumentKind::kManifest, stop.get_token());
  ASSERT_FALSE(fetched);
  EXPECT_EQ(fetched.error().code, ErrorCode::kCancelled);
}

TEST_F(FetchTest, RootDocumentsAreFollowedToTheNewest) {
  ASSERT_TRUE(FollowRoots());
  EXPECT_FALSE(FollowRoots()->has_value());
  PublishRoot(Renewed(2), {"r1", "r2"});
  PublishRoot(Renewed(3), {"r2", "r3"});
  PublishRoot(Renewed(5), {"r2", "r3"});  // nothing leads to it
  const auto newest = FollowRoots();
  ASSERT_TRUE(newest) << newest.error().message;
  ASSERT_TRUE(newest->has_value());
  EXPECT_EQ((*newest)->root.version, 3U);
  EXPECT_EQ((*newest)->document.bytes, FormatRoot(Renewed(3)).value());
}

TEST_F(FetchTest, AForgedRootDocumentIsAnErrorNotTheEnd) {
  PublishRoot(Renewed(2), {"r1", "r2"});
  PublishRoot(Renewed(3), {"r1", "x1"});
  const auto newest = FollowRoots();
  ASSERT_FALSE(newest);
  EXPECT_EQ(newest.error().code, ErrorCode::kPermission);
  EXPECT_THAT(newest.error().message, HasSubstr("os/3.root.json: the root is signed by 1 of"));
}

TEST_F(FetchTest, AServerThatFailsIsNotTheEndOfTheWalk) {
  client_.AddMishap({.fails = Error{ErrorCode::kUnavailable, "HTTP 503"}});
  EXPECT_EQ(FollowRoots().error().code, ErrorCode::kUnavailable);
  // But one that forbids to ask for what it may not have is.
  client_.AddMishap({.fails = Error{ErrorCode::kRefused, "HTTP 403"}});
  EXPECT_TRUE(FollowRoots());
}

TEST_F(FetchTest, AnEndlessChainOfRootDocumentsEnds) {
  for (uint64_t version = 2; version < 2 + kMaxRootSteps; ++version) {
    PublishRoot(Renewed(version), {"r1", "r2"});
  }
  const auto newest = FollowRoots();
  ASSERT_FALSE(newest);
  EXPECT_EQ(newest.error().code, ErrorCode::kRefused);
}

}  // namespace
}  // namespace matic::trust
