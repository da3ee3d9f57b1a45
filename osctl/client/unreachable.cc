#include "osctl/client/unreachable.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>

namespace matic::osctl {
namespace {

bool HasOneOf(const std::string& text, std::initializer_list<std::string_view> parts) {
  return std::ranges::any_of(
      parts, [&](std::string_view part) { return text.find(part) != std::string::npos; });
}

}  // namespace

std::string LastError(const std::string& why) {
  constexpr std::string_view kMark = "last error: ";
  const size_t mark = why.rfind(kMark);
  std::string text = mark == std::string::npos ? why : why.substr(mark + kMark.size());
  for (const std::string_view noise : {"UNKNOWN: ", "UNAVAILABLE: "}) {
    if (text.starts_with(noise)) text.erase(0, noise.size());
  }
  // "ipv4:10.0.0.7:50051: ", which the caller has named already.
  if (text.starts_with("ipv4:") || text.starts_with("ipv6:") || text.starts_with("unix:")) {
    const size_t end = text.find(": ");
    if (end != std::string::npos) text.erase(0, end + 2);
  }
  return text;
}

std::string TellUnreachable(const std::string& why, const TlsPeer& peer) {
  const std::string authority = (peer.pki / "ca.pem").string();
  if (HasOneOf(why, {"DNS resolution failed", "Domain name not found"})) {
    return "the name " + peer.host +
           " is not known here (DNS): is it misspelt, or the name server "
           "down?";
  }
  if (HasOneOf(why, {"Connection refused"})) {
    return "the connection was refused: is matic-agent running there, and is it this port "
           "(api.listen)?";
  }
  if (HasOneOf(why, {"No route to host", "unreachable"})) {
    return "there is no way to it: is the network up, and the address right?";
  }
  if (HasOneOf(why, {"Peer name"})) {
    return "the node's certificate does not name " + peer.host +
           ": give --node a name that it has, or issue one with --host " + peer.host;
  }
  if (HasOneOf(why, {"CERTIFICATE_VERIFY_FAILED", "verify failed"})) {
    return "the node's certificate is not signed by " + authority +
           ", or has expired: --pki names the folder of the authority that signed it";
  }
  if (HasOneOf(why, {"wrong version number", "packet length too long", "http request"})) {
    return "what answers there speaks no TLS: is it another program's port?";
  }
  // The answer to a certificate that is refused.
  if (HasOneOf(why, {"Socket closed", "reset by peer", "alert"})) {
    return "it took the connection and ended it: the node may not trust " +
           (peer.pki / "client.pem").string() +
           " (wrong authority, expired or revoked), or its agent is just ending";
  }
  if (HasOneOf(why, {"Handshake read failed", "andshake timed out", "andshake timeout"})) {
    return "it took the connection, and then says nothing: the node hangs, or this is another "
           "program's port";
  }
  if (HasOneOf(why, {"timed out", "imeout", "FD Shutdown"})) {
    return "nothing answers there: is the node up, and does no firewall keep its port shut?";
  }
  return LastError(why) + "; is the node up, and its port open?";
}

}  // namespace matic::osctl
