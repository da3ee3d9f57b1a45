#include "lib/http/reach.h"

#include <gtest/gtest.h>

namespace matic::http {
namespace {

TEST(ReachTest, OfAddresses) {
  for (const char* address : {"192.0.2.1", "8.8.8.8", "172.15.0.1", "172.32.0.1", "100.128.0.1",
                              "169.253.0.1", "2001:db8::1", "::ffff:192.0.2.1"}) {
    EXPECT_EQ(ReachOf(address), Reach::kWorld) << address;
  }
  for (const char* address : {"10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.0.1",
                              "100.64.0.1", "fd00::1", "fc00::1", "::ffff:10.0.0.1"}) {
    EXPECT_EQ(ReachOf(address), Reach::kSite) << address;
  }
  for (const char* address : {"169.254.169.254", "fe80::1", "fe80::1%eth0", "febf::1"}) {
    EXPECT_EQ(ReachOf(address), Reach::kLink) << address;
  }
  for (const char* address : {"127.0.0.1", "127.9.9.9", "0.0.0.0", "::1", "::", "::127.0.0.1",
                              "::ffff:127.0.0.1", "", "host", "1.2.3"}) {
    EXPECT_EQ(ReachOf(address), Reach::kMachine) << address;
  }
}

TEST(ReachTest, WhatIsNearerComesLater) {
  EXPECT_LT(Reach::kWorld, Reach::kSite);
  EXPECT_LT(Reach::kSite, Reach::kLink);
  EXPECT_LT(Reach::kLink, Reach::kMachine);
}

}  // namespace
}  // namespace matic::http
