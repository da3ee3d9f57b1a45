#include "agent/channel/document_client.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <span>
#include <string>

#include "lib/http/file_url.h"
#include "lib/http/url.h"

namespace matic::channel {
namespace {

Result<std::string> ReadAll(const PlainFile& file, const std::string& name, uint64_t limit) {
  if (file.size > limit) {
    return Fail(ErrorCode::kInvalidArgument,
                name + " is larger than " + std::to_string(limit) + " bytes");
  }
  std::string content(static_cast<size_t>(file.size), '\0');
  for (size_t done = 0; done < content.size();) {
    const ssize_t got = ::read(file.fd.get(), content.data() + done, content.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Fail(OsError("read " + name, errno));
    if (got == 0) return Fail(ErrorCode::kCorrupt, name + " became shorter while it was read");
    done += static_cast<size_t>(got);
  }
  return content;
}

}  // namespace

Result<http::ResponseHead> DocumentClient::Get(const http::Request& request, http::BodySink& sink,
                                               std::stop_token stop) {
  if (http::UrlScheme(request.url) != "file") return web_.Get(request, sink, std::move(stop));
  MATIC_ASSIGN(const std::filesystem::path path, http::FilePathOfUrl(request.url));
  MATIC_ASSIGN(const PlainFile file, folders_.Open(path));
  MATIC_ASSIGN(const std::string content, ReadAll(file, path.string(), request.max_bytes));
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
