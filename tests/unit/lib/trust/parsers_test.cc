// Every parser of the folder against the same broken texts: an error, never a crash.
#include <gtest/gtest.h>

#include <functional>
#include <utility>

#include "tests/unit/lib/trust/bad_json.h"
#include "tests/unit/lib/trust/signed_documents.h"

namespace matic::trust {
namespace {

struct Parser {
  const char* name;
  std::string good;
  // What it takes is written, read and written again without a difference.
  std::function<Result<std::string>(const std::string&)> rewrite;
};

Result<std::string> RewriteManifest(const std::string& text) {
  MATIC_ASSIGN(const Manifest manifest, ParseManifest(text));
  return FormatManifest(manifest);
}

Result<std::string> RewriteRoot(const std::string& text) {
  MATIC_ASSIGN(const Root root, ParseConfiguredRoot(text));
  return FormatRoot(root);
}

Result<std::string> RewriteSignatures(const std::string& text) {
  MATIC_ASSIGN(const auto signatures, ParseSignatureFile(text));
  return FormatSignatureFile(signatures);
}

Result<std::string> RewriteState(const std::string& text) {
  MATIC_ASSIGN(const TrustState state, ParseTrustState(text));
  return FormatTrustState(state);
}

TrustState SomeState() {
  TrustState state = AdoptRoot({}, FirstRoot()).value();
  state.version_floor = "1.9";
  state.channels["stable"] = state.last_verified_time = Time("2026-01-01T00:00:00Z");
  state.other_keys = R"({"later":{"key":[1,2]}})";
  return state;
}

std::vector<Parser> Parsers() {
  return {{"manifest", FormatManifest(GoodManifest()).value(), RewriteManifest},
          {"root", FormatRoot(FirstRoot()).value(), RewriteRoot},
          {"signatures", SignManifest(GoodManifest(), {"m1", "m2"}).signatures, RewriteSignatures},
          {"state", FormatTrustState(SomeState()), RewriteState}};
}

TEST(Parsers, TakeWhatTheyWrite) {
  for (const Parser& parser : Parsers()) {
    const auto rewritten = parser.rewrite(parser.good);
    ASSERT_TRUE(rewritten) << parser.name << ": " << rewritten.error().message;
    EXPECT_EQ(*rewritten, parser.good) << parser.name;
  }
}

TEST(Parsers, RefuseWhatIsBroken) {
  for (const Parser& parser : Parsers()) {
    for (const std::string& text : BadJson()) {
      // Nothing is the state of a machine that has seen nothing.
      if (text.empty() && std::string_view(parser.name) == "state") continue;
      const auto read = parser.rewrite(text);
      ASSERT_FALSE(read) << parser.name << " took " << text.substr(0, 80);
      EXPECT_EQ(read.error().code, ErrorCode::kCorrupt) << parser.name;
      // A message is for people, not a way to fill a journal.
      EXPECT_LT(read.error().message.size(), 300U) << parser.name;
    }
  }
}

TEST(Parsers, RefuseWhatIsCutOff) {
  for (const Parser& parser : Parsers()) {
    for (const std::string& text : Truncations(parser.good)) {
      if (text.empty()) continue;
      EXPECT_FALSE(parser.rewrite(text)) << parser.name << " at " << text.size();
    }
  }
}

TEST(Parsers, WhatTheyTakeOfAMutationTheyTakeAgain) {
  for (const Parser& parser : Parsers()) {
    for (const std::string& text : Mutations(parser.good)) {
      const auto read = parser.rewrite(text);
      if (!read) {
        EXPECT_EQ(read.error().code, ErrorCode::kCorrupt) << parser.name << ": " << text;
        continue;
      }
      const auto again = parser.rewrite(*read);
      ASSERT_TRUE(again) << parser.name << ": " << text;
      EXPECT_EQ(*again, *read) << parser.name;
    }
  }
}

TEST(Parsers, NestingIsBounded) {
  // Also below a key that nobody knows.
  for (const Parser& parser : Parsers()) {
    const auto nested = [&](int depth) {
      return "{\"unknown\":" + std::string(static_cast<size_t>(depth), '[') +
             std::string(static_cast<size_t>(depth), ']') + "," + parser.good.substr(1);
    };
    EXPECT_TRUE(parser.rewrite(nested(15))) << parser.name;
    EXPECT_FALSE(parser.rewrite(nested(16))) << parser.name;
  }
}

TEST(Parsers, NoKeyOccursTwice) {
  // Of two values, another reader of the same signed bytes could take the other one.
  for (const Parser& parser : Parsers()) {
    const std::string members = parser.good.substr(1, parser.good.rfind('}') - 1);
    const auto read = parser.rewrite("{" + members + "," + members + "}");
    ASSERT_FALSE(read) << parser.name;
    EXPECT_EQ(read.error().message, "an object has a key twice") << parser.name;
    EXPECT_FALSE(parser.rewrite("{\"unknown\":{\"a\":1,\"a\":1}," + members + "}")) << parser.name;
    EXPECT_TRUE(parser.rewrite("{\"unknown\":{\"a\":1,\"b\":1}," + members + "}")) << parser.name;
  }
}

}  // namespace
}  // namespace matic::trust
