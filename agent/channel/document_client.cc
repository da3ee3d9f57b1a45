#include "agent/channel/document_client.h"

#include <filesystem>
#include <span>
#include <system_error>

#include "lib/http/file_url.h"
#include "lib/http/url.h"
#include "lib/os/durable_file.h"

namespace matic::channel {
namespace {

// A device or a FIFO could keep its reader waiting for ever.
Result<> CheckPlainFile(const std::filesystem::path& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) {
    return Fail(ErrorCode::kNotFound, path.string() + ": there is no such file");
  }
  if (error) return Fail(OsError("look at " + path.string(), error.value()));
  if (std::filesystem::is_regular_file(status)) return {};
  return Fail(ErrorCode::kInvalidArgument, path.string() + " is not a plain file");
}

}  // namespace

Result<http::ResponseHead> DocumentClient::Get(const http::Request& request, http::BodySink& sink,
                                               std::stop_token stop) {
  if (http::UrlScheme(request.url) != "file") return web_.Get(request, sink, std::move(stop));
  MATIC_ASSIGN(const std::filesystem::path path, http::FilePathOfUrl(request.url));
  MATIC_TRY(CheckPlainFile(path));
  MATIC_ASSIGN(const std::string content, ReadFile(path, request.max_bytes));
  http::ResponseHead head;
  head.status = 200;
  head.url = request.url;
  head.total_bytes = content.size();
  MATIC_TRY(sink.Begin(head));
  MATIC_TRY(
      sink.Write(std::span(reinterpret_cast<const uint8_t*>(content.data()), content.size())));
  return head;
}

}  // namespace matic::channel
