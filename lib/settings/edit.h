// One value changed in the text of a file; the rest of it, comments, order and the way it is
// written, stays as it is.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/settings/document.h"
#include "lib/settings/reader.h"

namespace matic::settings {

// Sets what stands under `path` ("groups", "web", "parallel") to `value`: a text, or a list as
// "[a, b]". A section that is missing is added at the end of the one around it. In a list of
// sections a step of the path is a section's `name`.
//
// kInvalidArgument where the text is no document, a step is not a section, `value` is not one, or
// the value there is written so that it cannot be changed in its place (several lines of text):
// then a person has to. Never is anything changed but that value: the result is read back and
// compared before it is returned.
Result<std::string> SetValue(const std::filesystem::path& file, const std::string& text,
                             const std::vector<std::string>& path, const std::string& value,
                             Spelling spelling, const Limits& limits = {});

// A text as it is written for a value, so that it reads back as this text: plain, or in quotes.
std::string WrittenText(const std::string& text);

}  // namespace matic::settings
