#include "lib/os/secret.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include "tests/unit/lib/os/temporary_folder.h"

namespace matic {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class SecretTest : public testing::Test {
 protected:
  ~SecretTest() override { ::unsetenv("CREDENTIALS_DIRECTORY"); }

  std::string Write(const std::string& name, const std::string& content, mode_t mode = 0600) {
    const std::string file = (folder_ / name).string();
    std::ofstream(file) << content;
    ::chmod(file.c_str(), mode);
    return file;
  }

  ErrorCode CodeOf(const std::string& source) {
    const Result<std::string> secret = ReadSecret(source);
    EXPECT_FALSE(secret) << "read " << source;
    return secret ? ErrorCode::kInternal : secret.error().code;
  }

  const TemporaryFolder folder_;
};

TEST_F(SecretTest, IsTheFilesOneLine) {
  EXPECT_EQ(*ReadSecret(Write("token", "hunter 2 \r\n")), "hunter 2");
  EXPECT_EQ(*ReadSecret(Write("group", "for the group", 0640)), "for the group");
}

TEST_F(SecretTest, ANameIsACredentialOfSystemd) {
  Write("smtp-password", "geheim\n", 0400);
  const Result<std::string> none = ReadSecret("smtp-password");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(none.error().message, HasSubstr("LoadCredential=smtp-password"));
  ::setenv("CREDENTIALS_DIRECTORY", (folder_ / "").c_str(), 1);
  EXPECT_EQ(*ReadSecret("smtp-password"), "geheim");
  EXPECT_EQ(CodeOf("other"), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf("../smtp-password"), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(""), ErrorCode::kInvalidArgument);
}

TEST_F(SecretTest, WhatEverybodyMayReadIsNoSecret) {
  const Result<std::string> open = ReadSecret(Write("token", "hunter2", 0644));
  ASSERT_FALSE(open);
  EXPECT_EQ(open.error().code, ErrorCode::kPermission);
  EXPECT_THAT(open.error().message, HasSubstr("chmod o="));
}

TEST_F(SecretTest, NoErrorQuotesIt) {
  for (const std::string& content : {std::string("hunter2\nhunter3"), std::string("hunter2\x01"),
                                     std::string(5000, 'h') + "hunter2", std::string(" \n ")}) {
    const Result<std::string> secret = ReadSecret(Write("token", content));
    ASSERT_FALSE(secret);
    EXPECT_EQ(secret.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(secret.error().message, Not(HasSubstr("hunter")));
  }
  EXPECT_EQ(CodeOf((folder_ / "missing").string()), ErrorCode::kNotFound);
}

TEST_F(SecretTest, AWholeFileIsTakenAsItIs) {
  const std::string key = "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\n";
  EXPECT_EQ(*ReadSecretFile(Write("client.key", key)), key);
  for (const auto& [file, code] :
       {std::pair{Write("open.key", key, 0644), ErrorCode::kPermission},
        std::pair{Write("large.key", std::string(70'000, 'k')), ErrorCode::kInvalidArgument},
        std::pair{Write("empty.key", ""), ErrorCode::kInvalidArgument},
        std::pair{std::string("/nonexistent/key"), ErrorCode::kNotFound}}) {
    const Result<std::string> secret = ReadSecretFile(file);
    ASSERT_FALSE(secret) << file;
    EXPECT_EQ(secret.error().code, code) << secret.error().message;
    EXPECT_THAT(secret.error().message, Not(HasSubstr("BEGIN")));
  }
  const std::string open = ReadSecretFile((folder_ / "open.key").string()).error().message;
  EXPECT_THAT(open, HasSubstr("(its mode is 0644); chmod 600 " + (folder_ / "open.key").string()));
}

}  // namespace
}  // namespace matic
