#include "agent/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <string>

#include "agent/journal_sink.h"
#include "lib/base/printable.h"
#include "lib/journal/journal.h"

namespace matic {
namespace {

// As the journal has them: no line of a log begins within another.
void SetUpLines(spdlog::logger& logger) {
  class Text final : public spdlog::custom_flag_formatter {
   public:
    void format(const spdlog::details::log_msg& line, const std::tm&,
                spdlog::memory_buf_t& out) override {
      const std::string text = Printable({line.payload.data(), line.payload.size()});
      out.append(text.data(), text.data() + text.size());
    }
    std::unique_ptr<custom_flag_formatter> clone() const override {
      return std::make_unique<Text>();
    }
  };
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<Text>('*').set_pattern("[%Y-%m-%d %H:%M:%S.%e] [%n] [%^%l%$] %*");
  logger.set_formatter(std::move(formatter));
}

}  // namespace

void SetLogLevel(const config::Log& log) {
  spdlog::set_level(spdlog::level::from_str(std::string(config::LogLevelName(log.level))));
}

void SetUpLog(const config::Log& log) {
  if (journal::IsThere()) {
    auto sink = std::make_shared<JournalSink>();
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("", sink));
  } else {
    spdlog::set_default_logger(spdlog::stderr_color_mt("matic-agent"));
    SetUpLines(*spdlog::default_logger());
  }
  SetLogLevel(log);
}

}  // namespace matic
