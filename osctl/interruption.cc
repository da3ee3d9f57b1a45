#include "osctl/interruption.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

namespace matic::osctl {
namespace {

bool IsIgnored(int signal) {
  struct sigaction action {};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

Interruption::Interruption() {
  ::sigemptyset(&watched_);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    if (!IsIgnored(signal)) ::sigaddset(&watched_, signal);
  }
  finished_.Reset(::eventfd(0, EFD_CLOEXEC));
  const int signals = ::signalfd(-1, &watched_, SFD_CLOEXEC);
  // Without descriptors a signal ends the program as ever.
  if (!finished_.valid() || signals < 0) ::sigemptyset(&watched_);
  ::pthread_sigmask(SIG_BLOCK, &watched_, &before_);
  if (finished_.valid()) thread_ = std::thread([this, signals] { Watch(signals); });
}

Interruption::~Interruption() { Finish(); }

void Interruption::Watch(int signals) {
  const UniqueFd closed_at_the_end(signals);
  pollfd watched[] = {{finished_.get(), POLLIN, 0}, {signals, POLLIN, 0}};
  while (::poll(watched, 2, -1) < 0 && errno == EINTR) {
  }
  signalfd_siginfo info{};
  if (watched[1].revents == 0 || ::read(signals, &info, sizeof(info)) != sizeof(info)) return;
  signal_ = static_cast<int>(info.ssi_signo);
  stop_.request_stop();
  // Here the next one takes its usual course.
  ::pthread_sigmask(SIG_UNBLOCK, &watched_, nullptr);
  while (::poll(watched, 1, -1) < 0 && errno == EINTR) {
  }
}

void Interruption::Finish() {
  if (!thread_.joinable()) return;
  const uint64_t one = 1;
  // An eventfd takes 2^64-2 of these before it could refuse one.
  (void)!::write(finished_.get(), &one, sizeof(one));
  thread_.join();
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void Interruption::EndProgram() {
  Finish();
  if (signal_ != 0) ::raise(signal_);
}

}  // namespace matic::osctl
