#include "lib/patching/differences.h"

#include <divsufsort.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

namespace matic::patching {
namespace {

using Bytes = std::span<const uint8_t>;

// A match has to say this many bytes more than going on where the last one was would.
constexpr int64_t kWorthwhile = 8;

struct Match {
  int64_t position = 0;
  int64_t length = 0;
};

class Searcher {
 public:
  static Result<Searcher> Of(Bytes content) {
    Searcher searcher(content);
    searcher.suffixes_.resize(content.size());
    if (!content.empty() && divsufsort(content.data(), searcher.suffixes_.data(),
                                       static_cast<saidx_t>(content.size())) != 0) {
      return Fail(ErrorCode::kInternal, "no memory to sort " + std::to_string(content.size()) +
                                            " bytes of the old image");
    }
    return searcher;
  }

  // The longest stretch of the content that `wanted` begins with.
  Match Longest(Bytes wanted) const {
    if (suffixes_.empty()) return {};
    size_t low = 0;
    size_t high = suffixes_.size() - 1;
    while (high - low > 1) {
      const size_t middle = low + (high - low) / 2;
      const Bytes suffix = content_.subspan(static_cast<size_t>(suffixes_[middle]));
      const size_t length = std::min(suffix.size(), wanted.size());
      if (std::memcmp(suffix.data(), wanted.data(), length) < 0) {
        low = middle;
      } else {
        high = middle;
      }
    }
    const Match first = MatchAt(suffixes_[low], wanted);
    const Match second = MatchAt(suffixes_[high], wanted);
    return first.length > second.length ? first : second;
  }

 private:
  explicit Searcher(Bytes content) : content_(content) {}

  Match MatchAt(saidx_t position, Bytes wanted) const {
    const Bytes suffix = content_.subspan(static_cast<size_t>(position));
    const size_t most = std::min(suffix.size(), wanted.size());
    const auto end = std::mismatch(wanted.begin(), wanted.begin() + static_cast<ptrdiff_t>(most),
                                   suffix.begin());
    return {position, end.first - wanted.begin()};
  }

  Bytes content_;
  std::vector<saidx_t> suffixes_;
};

class Differ {
 public:
  Differ(Bytes old_content, Bytes new_content, const Searcher& searcher, const StepSink& sink)
      : old_(old_content), new_(new_content), searcher_(searcher), sink_(sink) {}

  Result<> Run(const std::stop_token& stop) {
    while (at_ < NewSize()) {
      if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped");
      FindMatch();
      // Only bytes that are worse where the last match goes on end it.
      if (match_.length == expected_ && at_ != NewSize()) continue;
      MATIC_TRY(EndStep());
    }
    return {};
  }

 private:
  int64_t OldSize() const { return static_cast<int64_t>(old_.size()); }
  int64_t NewSize() const { return static_cast<int64_t>(new_.size()); }
  uint8_t Old(int64_t at) const { return old_[static_cast<size_t>(at)]; }
  uint8_t New(int64_t at) const { return new_[static_cast<size_t>(at)]; }
  bool GoesOn(int64_t at) const {
    const int64_t old_at = at + offset_;
    return old_at >= 0 && old_at < OldSize() && Old(old_at) == New(at);
  }

  // Moves at_ to where a match begins that is longer than what going on would match (expected_).
  void FindMatch() {
    expected_ = 0;
    at_ += match_.length;
    int64_t counted = at_;
    for (; at_ < NewSize(); ++at_) {
      match_ = searcher_.Longest(new_.subspan(static_cast<size_t>(at_)));
      for (; counted < at_ + match_.length; ++counted) expected_ += GoesOn(counted) ? 1 : 0;
      const bool the_same = match_.length == expected_ && match_.length != 0;
      if (the_same || match_.length > expected_ + kWorthwhile) return;
      expected_ -= GoesOn(at_) ? 1 : 0;
    }
    match_.length = 0;
  }

  // How far the last match reaches forward, and the new one backward, with more equal bytes than
  // others.
  int64_t Forward() const {
    int64_t equal = 0;
    int64_t best = 0;
    int64_t length = 0;
    for (int64_t i = 0; last_new_ + i < at_ && last_old_ + i < OldSize();) {
      equal += Old(last_old_ + i) == New(last_new_ + i) ? 1 : 0;
      ++i;
      if (equal * 2 - i > best * 2 - length) {
        best = equal;
        length = i;
      }
    }
    return length;
  }

  int64_t Backward() const {
    if (at_ >= NewSize()) return 0;
    int64_t equal = 0;
    int64_t best = 0;
    int64_t length = 0;
    for (int64_t i = 1; at_ >= last_new_ + i && match_.position >= i; ++i) {
      equal += Old(match_.position - i) == New(at_ - i) ? 1 : 0;
      if (equal * 2 - i > best * 2 - length) {
        best = equal;
        length = i;
      }
    }
    return length;
  }

  // Where both reach the same bytes: how many of those go to the first.
  int64_t Share(int64_t forward, int64_t backward, int64_t overlap) const {
    int64_t balance = 0;
    int64_t best = 0;
    int64_t length = 0;
    for (int64_t i = 0; i < overlap; ++i) {
      const int64_t first = forward - overlap + i;
      balance += New(last_new_ + first) == Old(last_old_ + first) ? 1 : 0;
      balance -= New(at_ - backward + i) == Old(match_.position - backward + i) ? 1 : 0;
      if (balance > best) {
        best = balance;
        length = i + 1;
      }
    }
    return length;
  }

  Result<> EndStep() {
    int64_t forward = Forward();
    int64_t backward = Backward();
    const int64_t overlap = last_new_ + forward - (at_ - backward);
    if (overlap > 0) {
      const int64_t share = Share(forward, backward, overlap);
      forward += share - overlap;
      backward -= share;
    }
    const int64_t end = at_ - backward;
    MATIC_TRY(Emit(forward, end - (last_new_ + forward)));
    last_new_ = end;
    last_old_ = match_.position - backward;
    offset_ = match_.position - at_;
    return {};
  }

  Result<> Emit(int64_t add, int64_t extra) {
    if (add == 0 && extra == 0) return {};
    // Without bytes to add it does not matter where it is.
    const int64_t seek = add == 0 ? 0 : last_old_ - position_;
    position_ += seek + add;
    return sink_(static_cast<uint64_t>(last_new_),
                 {seek, static_cast<uint64_t>(add), static_cast<uint64_t>(extra)});
  }

  Bytes old_;
  Bytes new_;
  const Searcher& searcher_;
  const StepSink& sink_;
  int64_t at_ = 0;
  Match match_;
  int64_t expected_ = 0;
  int64_t last_new_ = 0;
  int64_t last_old_ = 0;
  int64_t offset_ = 0;    // of the last match: old position less new one
  int64_t position_ = 0;  // where the last step ended in the old content
};

}  // namespace

Result<> FindDifferences(Bytes old_content, Bytes new_content, const StepSink& sink,
                         const std::stop_token& stop) {
  if (std::max(old_content.size(), new_content.size()) > kMaxContentBytes) {
    return Fail(ErrorCode::kInvalidArgument,
                "the images differ in more than 1 GiB of unpacked content: a patch is no help");
  }
  MATIC_ASSIGN(const auto searcher, Searcher::Of(old_content));
  return Differ(old_content, new_content, searcher, sink).Run(stop);
}

}  // namespace matic::patching
