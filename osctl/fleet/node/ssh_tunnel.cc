#include "osctl/fleet/node/ssh_tunnel.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>
#include <vector>

namespace matic::fleet {
namespace {

using namespace std::chrono_literals;

constexpr auto kLookAgain = 50ms;
// A run may last as long as that, and begins ssh anew where it does not.
constexpr auto kLongest = std::chrono::hours(24);
constexpr auto kGrace = 2s;
// A connection that breaks is seen by who uses it a little before ssh has ended.
constexpr auto kEndsWithin = 500ms;

std::string Destination(const SshAddress& address) {
  return address.user.empty() ? address.host : address.user + "@" + address.host;
}

std::vector<std::string> Arguments(const SshAddress& address, const std::string& socket) {
  std::vector<std::string> argv = {
      "ssh",
      "-N",  // no command, only the socket
      "-T",
      // Nobody is there to be asked.
      "-oBatchMode=yes", "-oConnectTimeout=10", "-oExitOnForwardFailure=yes",
      // A machine that reboots is not waited for.
      "-oServerAliveInterval=5", "-oServerAliveCountMax=3", "-oStreamLocalBindUnlink=yes",
      "-oStreamLocalBindMask=0177", "-oControlPath=none", "-L", socket + ":" + address.socket};
  if (address.port != 0) argv.push_back("-p" + std::to_string(address.port));
  argv.insert(argv.end(), {"--", Destination(address)});
  return argv;
}

std::string LastLine(const std::string& output) {
  const size_t end = output.find_last_not_of("\r\n");
  if (end == std::string::npos) return "it said nothing";
  const size_t begin = output.find_last_of("\r\n", end);
  return output.substr(begin == std::string::npos ? 0 : begin + 1,
                       end - (begin == std::string::npos ? 0 : begin + 1) + 1);
}

// What it said last, and what to do about it.
std::string Explain(const std::string& destination, const std::string& output) {
  const auto says = [&](std::string_view words) { return output.find(words) != output.npos; };
  std::string text = "ssh " + destination + ": " + LastLine(output);
  if (says("IDENTIFICATION HAS CHANGED")) {
    return text + " It has another key than known_hosts has; was it installed anew?";
  }
  if (says("Host key verification failed")) {
    return text + " Its key is not in known_hosts; log in once by hand, and compare it";
  }
  if (says("Permission denied")) {
    return text + " A key that needs no passphrase must be in authorized_keys there";
  }
  return text;
}

}  // namespace

SshTunnel::SshTunnel(const SshAddress& address, ProcessRunner& processes)
    : address_(address), processes_(processes) {}

SshTunnel::~SshTunnel() {
  End();
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

Result<> SshTunnel::MakeFolder() {
  if (!folder_.empty()) return {};
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  const std::string parent = runtime != nullptr && *runtime == '/' ? runtime : "/tmp";
  std::string name = parent + "/osctl-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) return Fail(OsError(name, errno));
  folder_ = name;
  return {};
}

void SshTunnel::Begin() {
  {
    const std::scoped_lock lock(mutex_);
    said_.reset();
  }
  std::error_code ignored;
  std::filesystem::remove(folder_ / "agent", ignored);
  ssh_ = std::jthread([this](std::stop_token stop) {
    const Result<ProcessOutcome> outcome =
        processes_.RunToEnd({.argv = Arguments(address_, (folder_ / "agent").string()),
                             .stop = std::move(stop),
                             .grace = kGrace},
                            kLongest);
    const std::scoped_lock lock(mutex_);
    said_ = Explain(Destination(address_), outcome ? outcome->output : outcome.error().message);
    ended_.notify_all();
  });
}

void SshTunnel::End() {
  if (!ssh_.joinable()) return;
  ssh_.request_stop();
  ssh_.join();
}

std::optional<std::string> SshTunnel::Ended() {
  const std::scoped_lock lock(mutex_);
  return said_;
}

std::string SshTunnel::WhyNoAnswer() {
  {
    std::unique_lock lock(mutex_);
    ended_.wait_for(lock, kEndsWithin, [this] { return said_.has_value(); });
    if (said_) return *said_;
  }
  return "ssh " + Destination(address_) + ": no agent answers at " + address_.socket +
         " there; is matic-agent.service active, and may who logs in write to it?";
}

Result<std::filesystem::path> SshTunnel::Open(std::chrono::milliseconds limit) {
  MATIC_TRY(MakeFolder());
  if (ssh_.joinable() && Ended()) End();
  if (!ssh_.joinable()) Begin();
  const std::filesystem::path socket = folder_ / "agent";
  const auto end = std::chrono::steady_clock::now() + limit;
  while (true) {
    if (const auto said = Ended()) {
      return Fail(ErrorCode::kUnavailable, *said);
    }
    std::error_code ignored;
    if (std::filesystem::is_socket(socket, ignored)) return socket;
    if (std::chrono::steady_clock::now() >= end) {
      return Fail(ErrorCode::kUnavailable, "ssh " + Destination(address_) +
                                               ": no connection within " +
                                               std::to_string(limit.count() / 1000) + " s");
    }
    std::this_thread::sleep_for(kLookAgain);
  }
}

}  // namespace matic::fleet
