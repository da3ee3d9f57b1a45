#include "lib/os/line_log.h"

#include <sstream>

#include "lib/os/durable_file.h"

namespace matic {

Result<> LineLog::Append(std::string_view line) {
  MATIC_TRY(AppendLineDurably(file_, line));
  std::error_code ignored;
  if (std::filesystem::file_size(file_, ignored) > max_bytes_ && !ignored) return DropOlderHalf();
  return {};
}

Result<std::vector<std::string>> LineLog::Read() const {
  std::vector<std::string> lines;
  std::error_code missing;
  const std::filesystem::file_status status = std::filesystem::symlink_status(file_, missing);
  // A link leads elsewhere, and a pipe would be waited for.
  if (exists(status) && !is_regular_file(status)) return lines;
  // A line longer than the bound is kept until the next.
  auto text = ReadFile(file_, 4 * max_bytes_);
  if (!text && text.error().code == ErrorCode::kNotFound) return lines;
  if (!text) return Fail(text.error());
  std::istringstream stream(*text);
  for (std::string line; std::getline(stream, line);) lines.push_back(std::move(line));
  return lines;
}

Result<> LineLog::DropOlderHalf() {
  MATIC_ASSIGN(const std::string text, ReadFile(file_, 4 * max_bytes_));
  const size_t middle = text.find('\n', text.size() / 2);
  // The newest line stays, however long it is.
  if (middle == std::string::npos || middle + 1 == text.size()) return {};
  return WriteFileDurably(file_, std::string_view(text).substr(middle + 1));
}

}  // namespace matic
