// Why a node could not be reached, in words for people: gRPC tells it in its own, which name what
// failed and not what to do.
#pragma once

#include <filesystem>
#include <string>

namespace matic::osctl {

// The other side of a connection with mutual TLS.
struct TlsPeer {
  std::string host;           // as it was asked for
  std::filesystem::path pki;  // of ca.pem and client.pem
};

// `why`: the message of gRPC's status UNAVAILABLE.
std::string TellUnreachable(const std::string& why, const TlsPeer& peer);

// gRPC repeats itself, and names addresses: what happened is its last error.
std::string LastError(const std::string& why);

}  // namespace matic::osctl
