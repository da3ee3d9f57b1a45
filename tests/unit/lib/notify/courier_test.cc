#include "lib/notify/courier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/fakes/fake_process_runner.h"
#include "tests/unit/lib/notify/fake_transport.h"
#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::notify {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kHook = "https://hooks.example.com/T0/B0/geheimnis";

class CourierTest : public testing::Test {
 protected:
  CourierTest() {
    parcel_.id = "0a1b";
    parcel_.message.title = "Update failed";
    parcel_.message.node = "edge-7";
    parcel_.message.body = "no space";
  }

  std::string Secret(const std::string& name, const std::string& content) {
    const std::string file = (folder_ / name).string();
    std::ofstream(file) << content;
    ::chmod(file.c_str(), 0600);
    return file;
  }

  template <typename Target>
  Attempt Deliver(Target target) {
    Channel channel;
    channel.name = "test";
    channel.target = std::move(target);
    return courier_.Deliver(channel, parcel_, {});
  }

  void Answer(int status, const std::string& text, std::chrono::seconds retry_after = 0s) {
    transport_.AnswerWith([=](size_t) {
      return HttpAnswer{.status = status, .retry_after = retry_after, .text = text};
    });
  }

  const TemporaryFolder folder_;
  FakeTransport transport_;
  fakes::FakeProcessRunner processes_;
  Courier courier_{transport_, processes_};
  Parcel parcel_;
};

TEST_F(CourierTest, PostsToTheUrlInTheSecret) {
  EXPECT_FALSE(Deliver(Slack{.url = Secret("slack", kHook), .ca_file = "/ca.pem"}).error);
  EXPECT_FALSE(Deliver(Discord{.url = Secret("discord", kHook), .ca_file = {}}).error);
  const std::vector<HttpRequest> requests = transport_.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[0].url, kHook);
  EXPECT_EQ(requests[0].method, "POST");
  EXPECT_EQ(requests[0].ca_file, "/ca.pem");
  EXPECT_EQ(requests[0].deadline, 30s);
  EXPECT_THAT(requests[0].body, HasSubstr("\"blocks\""));
  EXPECT_THAT(requests[1].body, HasSubstr("\"embeds\""));
}

TEST_F(CourierTest, AWebhookMayHaveAToken) {
  Webhook hook{.url = "https://example.com/hook", .url_secret = {}, .token = {}, .ca_file = {}};
  EXPECT_FALSE(Deliver(hook).error);
  EXPECT_THAT(transport_.requests()[0].headers, Not(Contains(HasSubstr("Authorization"))));
  hook.token = Secret("token", "hunter2\n");
  EXPECT_FALSE(Deliver(hook).error);
  EXPECT_THAT(transport_.requests()[1].headers, Contains("Authorization: Bearer hunter2"));
  hook.url.clear();
  hook.url_secret = Secret("url", kHook);
  EXPECT_FALSE(Deliver(hook).error);
  EXPECT_EQ(transport_.requests()[2].url, kHook);
}

TEST_F(CourierTest, AMatrixRoomGetsEachMessageUnderItsId) {
  const Matrix room{.homeserver = "https://matrix.example.com/",
                    .room = "!ops:example.com",
                    .token = Secret("token", "syt_hunter2"),
                    .ca_file = {}};
  EXPECT_FALSE(Deliver(room).error);
  const HttpRequest request = transport_.requests()[0];
  EXPECT_EQ(request.method, "PUT");
  EXPECT_EQ(request.url,
            "https://matrix.example.com/_matrix/client/v3/rooms/%21ops%3aexample.com/send/"
            "m.room.message/0a1b");
  EXPECT_THAT(request.headers, Contains("Authorization: Bearer syt_hunter2"));
}

TEST_F(CourierTest, ErrorsShowNoSecret) {
  Answer(404, "no such hook: /T0/B0/geheimnis\r\nat https://hooks.example.com/T0/B0/geheimnis");
  const Attempt attempt = Deliver(Slack{.url = Secret("slack", kHook), .ca_file = {}});
  ASSERT_TRUE(attempt.error);
  EXPECT_EQ(attempt.error->message,
            "https://hooks.example.com: HTTP 404: no such hook: *** at ***");
  const Attempt wrong =
      Deliver(Slack{.url = Secret("slack", "hooks.example.com\x7fgeheimnis"), .ca_file = {}});
  EXPECT_THAT(wrong.error->message, Not(HasSubstr("geheimnis")));
  const Attempt plain =
      Deliver(Slack{.url = Secret("slack", "http://example.com/geheimnis"), .ca_file = {}});
  EXPECT_THAT(plain.error->message, Not(HasSubstr("geheimnis")));
  EXPECT_EQ(transport_.requests().size(), 1u);
}

TEST_F(CourierTest, WhatMayPassIsTriedAgain) {
  const Slack slack{.url = Secret("slack", kHook), .ca_file = {}};
  for (const int status : {408, 429, 500, 503}) {
    Answer(status, "", 7s);
    const Attempt attempt = Deliver(slack);
    ASSERT_TRUE(attempt.error);
    EXPECT_TRUE(attempt.again) << status;
    EXPECT_EQ(attempt.retry_after, 7s);
  }
  for (const int status : {302, 400, 401, 403, 404, 410}) {
    Answer(status, "");
    const Attempt attempt = Deliver(slack);
    ASSERT_TRUE(attempt.error);
    EXPECT_FALSE(attempt.again) << status;
  }
  for (const auto& [code, again] :
       {std::pair{ErrorCode::kUnavailable, true}, std::pair{ErrorCode::kPermission, true},
        std::pair{ErrorCode::kInvalidArgument, false}}) {
    transport_.AnswerWith([code = code](size_t) { return Fail(code, "hooks.example.com: x"); });
    EXPECT_EQ(Deliver(slack).again, again) << CodeName(code);
  }
}

TEST_F(CourierTest, AMissingSecretIsNotTriedAgain) {
  const Attempt attempt = Deliver(Slack{.url = "/nonexistent/slack", .ca_file = {}});
  ASSERT_TRUE(attempt.error);
  EXPECT_FALSE(attempt.again);
  EXPECT_TRUE(transport_.requests().empty());
}

TEST_F(CourierTest, MailIsSentWithTheLoginOfTheFile) {
  Email email;
  email.host = "mail.example.com";
  email.from = "a@example.com";
  email.to = {"b@example.com"};
  EXPECT_FALSE(Deliver(email).error);
  EXPECT_EQ(transport_.mails()[0].user, "");
  email.user = "agent";
  email.password = Secret("password", "hunter2\n");
  EXPECT_FALSE(Deliver(email).error);
  EXPECT_EQ(transport_.mails()[1].user, "agent");
  EXPECT_EQ(transport_.mails()[1].password, "hunter2");
  transport_.AnswerMailWith(Fail(ErrorCode::kRefused, "mail.example.com:587: no"));
  EXPECT_FALSE(Deliver(email).again);
  transport_.AnswerMailWith(Fail(ErrorCode::kUnavailable, "mail.example.com:587: later"));
  EXPECT_TRUE(Deliver(email).again);
  email.password = "/nonexistent";
  EXPECT_FALSE(Deliver(email).again);
}

TEST_F(CourierTest, AProgramGetsTheMessage) {
  const std::vector<std::string> argv = {"/usr/local/bin/tell", "--urgent"};
  processes_.Script(argv, ProcessOutcome{.exit_code = 0, .output = ""});
  processes_.Script(argv, ProcessOutcome{.exit_code = 3, .output = "no\nnetwork\n"});
  processes_.Script(argv, Fail(ErrorCode::kNotFound, "run /usr/local/bin/tell: No such file"));
  EXPECT_FALSE(Deliver(Program{argv}).error);
  const Command command = processes_.commands()[0];
  EXPECT_EQ(command.input, "no space\n\nnode: edge-7\ntime: 1970-01-01T00:00:00Z\n");
  EXPECT_THAT(command.environment, Contains("MATIC_TITLE=Update failed"));
  EXPECT_THAT(command.environment, Contains("MATIC_NODE=edge-7"));
  EXPECT_THAT(command.environment, Contains("MATIC_EVENT=test"));
  EXPECT_THAT(command.environment, Contains(HasSubstr("MATIC_JSON={")));
  const Attempt failed = Deliver(Program{argv});
  EXPECT_TRUE(failed.again);
  EXPECT_EQ(failed.error->message, "/usr/local/bin/tell exited with 3: no network");
  EXPECT_FALSE(Deliver(Program{argv}).again);
}

TEST_F(CourierTest, NothingIsSentOnceItIsStopped) {
  std::stop_source stop;
  stop.request_stop();
  Channel channel;
  channel.target = Program{{"/usr/local/bin/tell"}};
  EXPECT_EQ(courier_.Deliver(channel, parcel_, stop.get_token()).error->code,
            ErrorCode::kCancelled);
  EXPECT_TRUE(processes_.runs().empty());
}

}  // namespace
}  // namespace matic::notify
