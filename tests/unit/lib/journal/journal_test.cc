#include "lib/journal/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <vector>

#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::journal {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

// A socket like journald's.
class JournalTest : public testing::Test {
 protected:
  JournalTest() : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    socket_ = folder_ / "socket";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket_.native().copy(address.sun_path, sizeof(address.sun_path) - 1);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }
  ~JournalTest() override { ::close(fd_); }

  // The next entry; empty: there is none.
  std::string Read() const {
    std::vector<char> buffer(1u << 20);
    const ssize_t size = ::recv(fd_, buffer.data(), buffer.size(), 0);
    return {buffer.data(), size < 0 ? 0 : static_cast<size_t>(size)};
  }

  bool SendEntry(std::string_view message, const std::vector<Field>& fields = {}) const {
    return SendTo(socket_, Priority::kWarning, message, fields);
  }

  const TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
  std::filesystem::path socket_;
  const int fd_;
};

TEST_F(JournalTest, AnEntryIsALineForEachField) {
  ASSERT_TRUE(SendEntry("update failed", {{"MATIC_EVENT", "failed"}, {"MATIC_VERSION", "2.0"}}));
  const std::string entry = Read();
  EXPECT_THAT(entry, StartsWith("MESSAGE=update failed\nPRIORITY=4\nSYSLOG_IDENTIFIER="));
  EXPECT_THAT(entry, EndsWith("\nMATIC_EVENT=failed\nMATIC_VERSION=2.0\n"));
}

TEST_F(JournalTest, AValueOfSeveralLinesMakesNoFieldsOfItsOwn) {
  ASSERT_TRUE(SendEntry("one\nMATIC_EVENT=forged"));
  const std::string length("\x16\0\0\0\0\0\0\0", 8);
  EXPECT_THAT(Read(), StartsWith("MESSAGE\n" + length + "one\nMATIC_EVENT=forged\nPRIORITY=4\n"));
}

TEST_F(JournalTest, WhatIsLongIsCut) {
  ASSERT_TRUE(SendEntry(std::string(1u << 20, 'x')));
  EXPECT_THAT(Read(), HasSubstr(std::string(48u << 10, 'x') + "\nPRIORITY=4\n"));
}

// Without a limit of its own this test would not end.
TEST_F(JournalTest, AJournalThatReadsNothingHoldsUpNobody) {
  int taken = 0;
  while (SendEntry("entry " + std::to_string(taken))) ++taken;
  EXPECT_GT(taken, 0);
  EXPECT_FALSE(SendEntry("lost"));
  EXPECT_THAT(Read(), StartsWith("MESSAGE=entry 0\n"));
  EXPECT_TRUE(SendEntry("it reads again"));
}

TEST_F(JournalTest, AJournalThatIsNotThereIsNotWaitedFor) {
  EXPECT_FALSE(SendTo(folder_ / "absent", Priority::kInfo, "x", {}));
  EXPECT_FALSE(SendTo(folder_ / std::string(200, 'x'), Priority::kInfo, "x", {}));
}

}  // namespace
}  // namespace matic::journal
