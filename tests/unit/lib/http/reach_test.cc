#include "lib/http/reach.h"

#include <gtest/gtest.h>

namespace matic::http {
namespace {

TEST(ReachTest, OfAddresses) {
  for (const char* address :
       {"192.0.2.1", "8.8.8.8", "172.15.0.1", "172.32.0.1", "100.128.0.1", "169.253.0.1",
        "192.0.1.1", "198.17.0.1", "198.20.0.1", "168.63.129.17", "2001:db8::1", "::ffff:192.0.2.1",
        "64:ff9b::8.8.8.8", "64:ff9b:1::8.8.8.8", "64:ff9b:1:808:8:800::", "2002:808:808::1",
        "2003:a00:1::"}) {
    EXPECT_EQ(ReachOf(address), Reach::kWorld) << address;
  }
  for (const char* address : {"10.1.2.3",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.168.0.1",
                              "100.64.0.1",
                              "fd00::1",
                              "fc00::1",
                              "::ffff:10.0.0.1",
                              "192.0.0.8",
                              "198.18.0.1",
                              "198.19.255.255",
                              "100.100.100.199",
                              "fec0::1",
                              "feff::1",
                              "fd00:ec2::253",
                              "64:ff9b::10.0.0.5",
                              "64:ff9b:1::192.168.1.1",
                              "64:ff9b:1:a00:0:500::",
                              "64:ff9b:1:c0:a8:101::",
                              "64:ff9b:1:0:ac:1001:100::",
                              "2002:a00:5::1",
                              "2002:c0a8:101::"}) {
    EXPECT_EQ(ReachOf(address), Reach::kSite) << address;
  }
  for (const char* address :
       {"169.254.169.254", "fe80::1", "fe80::1%eth0", "febf::1", "100.100.100.200", "168.63.129.16",
        "192.0.0.192", "::ffff:100.100.100.200", "fd00:ec2::254", "fd20:ce::254",
        "fd00:c1::a9fe:a9fe", "64:ff9b::169.254.169.254",
        "64:ff9b:1:a9fe:a9:fe00::", "2002:a9fe:a9fe::"}) {
    EXPECT_EQ(ReachOf(address), Reach::kLink) << address;
  }
  for (const char* address :
       {"127.0.0.1", "127.9.9.9", "0.0.0.0", "::1", "::", "::127.0.0.1", "::ffff:127.0.0.1",
        "64:ff9b::127.0.0.1", "64:ff9b::", "64:ff9b:1::127.0.0.1",
        "64:ff9b:1:7f00:0:100::", "64:ff9b:1::", "2002:7f00:1::", "", "host", "1.2.3"}) {
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
