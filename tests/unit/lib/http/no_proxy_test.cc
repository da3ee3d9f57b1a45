#include "lib/http/no_proxy.h"

#include <gtest/gtest.h>

namespace matic::http {
namespace {

TEST(NoProxy, SaysWhoIsAskedDirectly) {
  const struct {
    const char* entry;
    std::vector<std::string> direct;
    std::vector<std::string> proxied;
  } cases[] = {
      {"intern.example.com",
       {"intern.example.com", "a.b.intern.example.com", "intern.example.com."},
       {"example.com", "xintern.example.com", "intern.example.com.org", ""}},
      {".Intern.", {"intern", "a.intern"}, {"xintern", "intern.x"}},
      {"localhost", {"localhost"}, {"127.0.0.1", "[::1]"}},
      {"10.1.2.3", {"10.1.2.3"}, {"10.1.2.4", "110.1.2.3", "example.com"}},
      {"10.0.0.0/8",
       {"10.0.0.5", "10.255.255.255"},
       {"11.0.0.1", "10.example.com", "[::10.0.0.5]"}},
      {"172.16.0.0/12", {"172.16.0.1", "172.31.255.255"}, {"172.32.0.0", "172.15.255.255"}},
      {"192.0.2.7/32", {"192.0.2.7"}, {"192.0.2.6"}},
      {"0.0.0.0/0", {"192.0.2.7"}, {"[::1]", "example.com"}},
      {"fd00::/8", {"[fd12::1]", "fd00::"}, {"[fe00::1]", "253.0.0.1"}},
      {"2001:db8::1", {"[2001:db8::1]", "[2001:DB8:0::1]"}, {"[2001:db8::2]"}},
      {"10.0.0.0/33", {}, {"10.0.0.0"}},
      {"10.0.0.0/", {}, {"10.0.0.0"}},
      {"10.0.0.0/x", {}, {"10.0.0.0"}},
      {"/8", {}, {"10.0.0.0", "example.com"}},
      {".", {}, {"example.com", "10.0.0.0", ""}},
      {"", {}, {"example.com", "10.0.0.0", ""}},
      {"*", {"example.com", "10.0.0.0", "[::1]"}, {}},
  };
  for (const auto& c : cases) {
    for (const auto& host : c.direct) {
      EXPECT_TRUE(IsAskedDirectly(host, {"else.where", c.entry})) << c.entry << " " << host;
    }
    for (const auto& host : c.proxied) {
      EXPECT_FALSE(IsAskedDirectly(host, {c.entry, "else.where"})) << c.entry << " " << host;
    }
  }
  EXPECT_FALSE(IsAskedDirectly("example.com", {}));
}

}  // namespace
}  // namespace matic::http
