// Completion scripts for bash, zsh and fish, written from the command line a program parses, so
// that they offer what it takes and nothing else. A program prints them itself (`osctl completion
// bash`); the build asks it and installs the answer where the shells look.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace matic::completion {

enum class Shell { kBash, kZsh, kFish };

// kInvalidArgument for a shell that is not known.
Result<Shell> ParseShell(std::string_view name);

// The script for `program`, the root of a command line, whose name is what people type. What help
// hides (an empty group) is not offered.
std::string Script(const CLI::App& program, Shell shell);

// Makes `option` take one of `values` only, show them in help as `text|json`, and be completed with
// them. They are words of a-z 0-9 and '-'.
void TakesOneOf(CLI::Option* option, const std::vector<std::string>& values);

}  // namespace matic::completion
