// Who publishes the systems of a story.
#pragma once

#include <string>

#include "tests/fakes/fake_http_client.h"

namespace matic::crash {

inline constexpr const char* kProduct = "maticos";

// Of that system's image.
std::string UrlOf(const std::string& version);

// All of Systems(), and their indexes.
void Publish(fakes::FakeHttpClient& server);

// A signed manifest beside each image whose version is one, under a root document that replaces
// ConfiguredRoot(): who follows it adopts it with the first update.
void PublishSignatures(fakes::FakeHttpClient& server);

// What a machine is installed with.
std::string ConfiguredRoot();

}  // namespace matic::crash
