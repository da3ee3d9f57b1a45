// Drives lib/notify for real: reads what to send where from a JSON file, and prints what came of
// each attempt, a JSON object a line.
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>

#include "lib/notify/curl_transport.h"
#include "lib/notify/notifier.h"

namespace matic::notify {
namespace {

using Json = nlohmann::json;

std::vector<std::string> Texts(const Json& json, const char* key) {
  return json.value(key, std::vector<std::string>());
}

std::string Text(const Json& json, const char* key) { return json.value(key, std::string()); }

Channel ChannelFrom(const Json& json) {
  Channel channel;
  channel.name = json.at("name");
  channel.timeout = std::chrono::seconds(json.value("timeout", 20));
  channel.rate_limit.messages = json.value("messages", 20u);
  const std::string type = json.at("type");
  if (type == "email") {
    Email email;
    email.host = Text(json, "host");
    email.port = json.at("port");
    email.security = Text(json, "security") == "tls" ? MailSecurity::kTls : MailSecurity::kStartTls;
    email.ca_file = Text(json, "ca_file");
    email.user = Text(json, "user");
    email.password = Text(json, "password");
    email.from = Text(json, "from");
    email.to = Texts(json, "to");
    channel.target = email;
  } else if (type == "discord") {
    channel.target = Discord{Text(json, "url_secret"), Text(json, "ca_file")};
  } else if (type == "slack") {
    channel.target = Slack{Text(json, "url_secret"), Text(json, "ca_file")};
  } else if (type == "webhook") {
    channel.target = Webhook{Text(json, "url"), Text(json, "url_secret"), Text(json, "token"),
                             Text(json, "ca_file")};
  } else if (type == "matrix") {
    channel.target = Matrix{Text(json, "homeserver"), Text(json, "room"), Text(json, "token"),
                            Text(json, "ca_file")};
  } else {
    channel.target = Program{Texts(json, "argv")};
  }
  return channel;
}

Message MessageFrom(const Json& json) {
  Message message;
  message.level = ParseLevel(json.value("level", "error")).value();
  message.event = ParseEvent(json.value("event", "update-failed")).value();
  message.title = Text(json, "title");
  message.body = Text(json, "body");
  message.node = Text(json, "node");
  message.time = std::chrono::system_clock::now();
  const Json fields = json.contains("fields") ? json.at("fields") : Json::object();
  for (const auto& [name, value] : fields.items()) {
    message.fields.push_back({name, value});
  }
  return message;
}

class Printer {
 public:
  void operator()(const DeliveryReport& report) {
    const std::scoped_lock lock(mutex_);
    const Json line = {{"channel", report.channel},
                       {"title", report.title},
                       {"error", report.error ? report.error->message : ""},
                       {"code", report.error ? CodeName(report.error->code) : "ok"},
                       {"given_up", report.given_up}};
    std::puts(line.dump().c_str());
    ends_ += !report.error || report.given_up ? 1 : 0;
    changed_.notify_all();
  }

  void AwaitEnds(size_t count, std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, limit, [&] { return ends_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t ends_ = 0;
};

void Run(const Json& plan) {
  std::vector<Channel> channels;
  for (const Json& channel : plan.at("channels")) channels.push_back(ChannelFrom(channel));
  const size_t ends = channels.size() * plan.at("messages").size();
  CurlTransport transport;
  SystemProcessRunner processes;
  const Courier courier(transport, processes);
  const SystemClock clock;
  Printer printer;
  const RetryPolicy retry{.first = std::chrono::milliseconds(plan.value("retry_ms", 100)),
                          .longest = std::chrono::milliseconds(plan.value("retry_ms", 100)),
                          .give_up = std::chrono::hours(1)};
  Notifier notifier(std::move(channels), retry, courier, clock, std::ref(printer));
  notifier.Start();
  for (const Json& message : plan.at("messages")) notifier.Send(MessageFrom(message));
  printer.AwaitEnds(ends, std::chrono::milliseconds(plan.value("wait_ms", 60'000)));
  notifier.Stop(std::chrono::milliseconds(plan.value("stop_ms", 0)));
}

}  // namespace
}  // namespace matic::notify

int main(int, char** argv) {
  std::ifstream file(argv[1]);
  matic::notify::Run(nlohmann::json::parse(file));
  return 0;
}
