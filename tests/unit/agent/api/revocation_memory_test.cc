// A revocation list that was in force stays, whatever becomes of the file that it came from.
#include "agent/api/revocation_memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "lib/os/durable_file.h"
#include "lib/rpc/pki.h"
#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::api {
namespace {

namespace fs = std::filesystem;
using rpc::Days;
using rpc::RevocationList;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const WallTime kNow = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());

class RevocationMemoryTest : public testing::Test {
 protected:
  RevocationMemoryTest() { file_ = folder_ / "revoked.pem"; }

  RevocationList List(const std::vector<rpc::Revocation>& revoked, WallTime made = kNow) const {
    const auto pem = rpc::MakeRevocationList(authority_, revoked, made, Days(30));
    EXPECT_TRUE(pem) << pem.error().message;
    return *RevocationList::Parse(*pem, ca_);
  }

  // How many are revoked; nothing where the list cannot be told.
  std::optional<size_t> InForce(RevocationMemory& memory, const RevocationList& found) {
    problems_.clear();
    const auto list = memory.InForce(found, ca_, problems_);
    if (!list) return std::nullopt;
    return list->entries().size();
  }

  const rpc::KeyPair authority_ = *rpc::MakeAuthority("test authority", kNow);
  const std::string ca_ = authority_.certificate_pem;
  const TemporaryFolder temporary_;
  const fs::path folder_ = temporary_.path();
  fs::path file_;
  std::vector<std::string> problems_;
};

TEST_F(RevocationMemoryTest, WithoutAListNobodyIsRevokedAndNothingIsWritten) {
  RevocationMemory memory(file_);
  EXPECT_EQ(InForce(memory, {}), 0U);
  EXPECT_THAT(problems_, IsEmpty());
  EXPECT_FALSE(fs::exists(file_));
}

TEST_F(RevocationMemoryTest, AListThatIsGoneOrOlderStaysInForceAlsoAfterARestart) {
  const auto list = List({{"01", kNow}, {"02", kNow}});
  const auto older = List({{"01", kNow}}, kNow - Days(1));
  {
    RevocationMemory memory(file_);
    EXPECT_EQ(InForce(memory, list), 2U);
    EXPECT_THAT(problems_, IsEmpty());
    EXPECT_EQ(InForce(memory, {}), 2U);
    EXPECT_THAT(problems_, ElementsAre(HasSubstr("test authority is missing; the one of ")));
  }
  RevocationMemory restarted(file_);
  EXPECT_EQ(InForce(restarted, {}), 2U);
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("copy the authority's newest one")));
  EXPECT_EQ(InForce(restarted, older), 2U);
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("stays in force")));
  EXPECT_EQ(InForce(restarted, list), 2U);
  EXPECT_THAT(problems_, IsEmpty());
}

TEST_F(RevocationMemoryTest, ANewerListReplacesTheOneInForce) {
  RevocationMemory memory(file_);
  EXPECT_EQ(InForce(memory, List({{"01", kNow}})), 1U);
  EXPECT_EQ(InForce(memory, List({}, kNow + Days(1))), 0U);
  EXPECT_THAT(problems_, IsEmpty());
  RevocationMemory restarted(file_);
  EXPECT_EQ(InForce(restarted, List({{"01", kNow}})), 0U) << "and is not gone back from";
}

TEST_F(RevocationMemoryTest, AnotherAuthoritysListNeitherCountsNorIsForgotten) {
  RevocationMemory memory(file_);
  EXPECT_EQ(InForce(memory, List({{"01", kNow}})), 1U);
  const auto other = *rpc::MakeAuthority("another one", kNow);
  const auto none = memory.InForce({}, other.certificate_pem, problems_);
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->empty());
  EXPECT_THAT(problems_, IsEmpty());
  EXPECT_EQ(InForce(memory, {}), 1U) << "once the first one is trusted again";
}

TEST_F(RevocationMemoryTest, WhatCannotBeReadIsReplacedByAListAndByNothingElse) {
  std::ofstream(file_) << "half a list";
  RevocationMemory memory(file_);
  EXPECT_EQ(InForce(memory, {}), std::nullopt);
  EXPECT_EQ(InForce(memory, List({{"01", kNow}})), 1U);
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("cannot be read")));
  EXPECT_TRUE(fs::exists(folder_ / "revoked.pem.bad-1"));
  EXPECT_EQ(InForce(memory, {}), 1U);
  RevocationMemory restarted(file_);
  EXPECT_EQ(InForce(restarted, {}), 1U);
}

TEST_F(RevocationMemoryTest, WhatCannotBeWrittenHoldsUntilARestart) {
  RevocationMemory memory(folder_ / "missing" / "revoked.pem");
  EXPECT_EQ(InForce(memory, List({{"01", kNow}})), 1U);
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("cannot be kept")));
  EXPECT_EQ(InForce(memory, {}), 1U);
  EXPECT_THAT(problems_, testing::Contains(HasSubstr("cannot be kept")));
  fs::create_directory(folder_ / "missing");
  EXPECT_EQ(InForce(memory, {}), 1U);
  EXPECT_TRUE(fs::exists(folder_ / "missing" / "revoked.pem"));
  RevocationMemory of_no_file((fs::path()));
  EXPECT_EQ(InForce(of_no_file, List({{"01", kNow}})), 1U);
  EXPECT_THAT(problems_, IsEmpty());
  EXPECT_EQ(InForce(of_no_file, {}), 1U);
}

}  // namespace
}  // namespace matic::api
