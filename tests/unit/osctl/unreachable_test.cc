#include "osctl/client/unreachable.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace matic::osctl {
namespace {

using testing::HasSubstr;
using testing::Not;

// As gRPC 1.51 and OpenSSL 3.0 say it.
TEST(Unreachable, EachCauseHasItsOwnWords) {
  const std::string tls = "Ssl handshake failed: SSL_ERROR_SSL: error:0A0000";
  const std::pair<std::string, std::string> rows[] = {
      {"Failed to connect to remote host: Connection refused", "the connection was refused"},
      {"Failed to connect to remote host: No route to host", "there is no way to it"},
      {"Failed to connect to remote host: Network is unreachable", "there is no way to it"},
      {"Failed to connect to remote host: Connection timed out", "nothing answers there"},
      {"Failed to connect to remote host: Timeout occurred: FD Shutdown", "nothing answers there"},
      {tls + "86:SSL routines::certificate verify failed", "not signed by /pki/ca.pem"},
      {"Peer name edge-7 is not in peer certificate", "does not name edge-7"},
      {tls + "0B:SSL routines::wrong version number", "speaks no TLS"},
      {"Handshake read failed", "and then says nothing"},
      {"Socket closed", "may not trust /pki/client.pem"},
      {"recvmsg:Connection reset by peer", "may not trust /pki/client.pem"},
  };
  for (const auto& [why, told] : rows) {
    const std::string full =
        "failed to connect to all addresses; last error: UNKNOWN: ipv4:10.0.0.7:50051: " + why;
    const std::string text = TellUnreachable(full, {.host = "edge-7", .pki = "/pki"});
    EXPECT_THAT(text, HasSubstr(told)) << why;
    EXPECT_THAT(text, Not(HasSubstr("ipv4:")));
    EXPECT_THAT(text, Not(HasSubstr("SSL_ERROR")));
  }
}

TEST(Unreachable, ANameThatIsNotKnown) {
  const std::string why =
      "DNS resolution failed for edge-8:50051: C-ares status is not ARES_SUCCESS qtype=A "
      "name=edge-8 is_balancer=0: Domain name not found";
  EXPECT_THAT(TellUnreachable(why, {.host = "edge-8", .pki = "/pki"}),
              HasSubstr("the name edge-8 is not known here (DNS)"));
}

TEST(Unreachable, WhatIsNotKnownIsTheLastError) {
  EXPECT_EQ(LastError("all failed; last error: UNKNOWN: ipv4:10.0.0.7:50051: odd"), "odd");
  EXPECT_EQ(LastError("UNAVAILABLE: ipv6:[::1]:50051: odd"), "odd");
  EXPECT_THAT(TellUnreachable("odd", {.host = "h", .pki = "/pki"}),
              HasSubstr("odd; is the node up"));
}

}  // namespace
}  // namespace matic::osctl
