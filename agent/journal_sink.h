// The agent's log in systemd's journal. Lines that the journal does not take are counted, and the
// number is told once it takes some again: nothing waits for a journal that hangs.
#pragma once

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>

#include <atomic>
#include <cstdint>

namespace matic {

class JournalSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& line) override;
  void flush_() override {}

 private:
  std::atomic<uint64_t> lost_{0};
};

}  // namespace matic
