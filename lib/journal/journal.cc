#include "lib/journal/journal.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>

#include "lib/base/printable.h"

namespace matic::journal {
namespace {

// Together below what a datagram may hold.
constexpr size_t kMaxText = 48u << 10;

class Socket {
 public:
  Socket() : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {}
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  bool Connect(const std::filesystem::path& path) const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (fd_ < 0 || path.native().size() >= sizeof(address.sun_path)) return false;
    path.native().copy(address.sun_path, sizeof(address.sun_path) - 1);
    return ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  }

  bool Send(std::string_view datagram) const {
    if (TrySend(datagram)) return true;
    if (errno != EAGAIN) return false;
    pollfd writable{fd_, POLLOUT, 0};
    return ::poll(&writable, 1, static_cast<int>(kPatience.count())) == 1 && TrySend(datagram);
  }

 private:
  bool TrySend(std::string_view datagram) const {
    return ::send(fd_, datagram.data(), datagram.size(), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
  }

  const int fd_;
};

// A value with line ends comes with its length instead of an equals sign.
void Add(std::string& entry, std::string_view name, std::string_view value) {
  value = value.substr(0, kMaxText);
  entry += name;
  if (value.find('\n') == std::string_view::npos) {
    entry += '=';
  } else {
    entry += '\n';
    const uint64_t size = value.size();
    for (int shift = 0; shift < 64; shift += 8) entry += static_cast<char>(size >> shift & 0xff);
  }
  entry += value;
  entry += '\n';
}

}  // namespace

bool IsThere() { return std::getenv("JOURNAL_STREAM") != nullptr; }

bool Send(Priority priority, std::string_view message, std::span<const Field> fields) {
  return IsThere() && SendTo(kSocket, priority, message, fields);
}

bool SendTo(const std::filesystem::path& socket, Priority priority, std::string_view message,
            std::span<const Field> fields) {
  std::string entry;
  // journalctl shows a message with control characters as "[blob data]".
  Add(entry, "MESSAGE", Printable(message, LineBreaks::kKeep));
  Add(entry, "PRIORITY", std::to_string(static_cast<int>(priority)));
  Add(entry, "SYSLOG_IDENTIFIER", program_invocation_short_name);
  for (const Field& field : fields) Add(entry, field.name, field.value);
  const Socket journal;
  return journal.Connect(socket) && journal.Send(entry);
}

}  // namespace matic::journal
