// Texts that no parser may take, crash on, or be slow at. Also seeds for fuzzing.
#pragma once

#include <string>
#include <vector>

namespace matic::trust {

// None is a document of any of our formats.
std::vector<std::string> BadJson();

// `good` cut off at every byte but its end.
std::vector<std::string> Truncations(const std::string& good);

// `good` with each byte replaced, in turn, by bytes that mean something to JSON.
std::vector<std::string> Mutations(const std::string& good);

}  // namespace matic::trust
