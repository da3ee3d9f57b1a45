// Regular expressions that people write into configuration files.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace re2 {
class RE2;
}

namespace matic {

// RE2's syntax (github.com/google/re2/wiki/Syntax): the time to match grows with the text and not
// with the pattern's cunning, and its memory is bounded. Thread-safe.
class Pattern {
 public:
  // kInvalidArgument says what is wrong with it: "missing ): (a".
  static Result<Pattern> Compile(const std::string& pattern);

  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  ~Pattern();

  // Whether it matches somewhere in the text, which may be any bytes.
  bool Matches(std::string_view text) const;

 private:
  explicit Pattern(std::unique_ptr<re2::RE2> compiled);

  std::unique_ptr<re2::RE2> compiled_;
};

}  // namespace matic
