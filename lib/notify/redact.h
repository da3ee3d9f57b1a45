// Secrets taken out of what is told.
#pragma once

#include <string>
#include <vector>

namespace matic::notify {

// `text` with every occurrence of each of `secrets` as "***". A secret of less than four bytes
// would make a mess of the text and hides nothing; it is left.
std::string Redacted(std::string text, std::vector<std::string> secrets);

}  // namespace matic::notify
