#include "agent/transfer/chunked_source.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "boot/policy/section_table.h"
#include "lib/http/url.h"
#include "lib/os/aligned_buffer.h"

namespace matic::transfer {
namespace {

// Read from a slot at once.
constexpr size_t kRunBytes = delta::kMaxChunkBytes;
// So many chunks of what the slots seem to hold may turn out otherwise, and as many of a patch's:
// then all of it may.
constexpr unsigned kMaxSurprises = 16;
// Below this another request is not worth it.
constexpr uint64_t kLeastForPatch = 256 * 1024;

// Of what can be done without: no time is wasted on it.
http::RetryPolicy FewRetries(http::RetryPolicy policy) {
  policy.retries = std::min<uint32_t>(policy.retries, 2);
  return policy;
}

bool Stopped(const Error& error) { return error.code == ErrorCode::kCancelled; }

}  // namespace

// One fetch, from the first chunk to the last.
class ChunkedSource::Run {
 public:
  Run(const ChunkedSource& source, ChunkPlan plan, ImageSink& sink, std::stop_token stop)
      : image_(source.image_),
        running_(source.running_),
        target_(source.target_),
        http_(source.http_),
        clock_(source.clock_),
        plan_(std::move(plan)),
        sink_(sink),
        stop_(std::move(stop)),
        buffer_(kRunBytes) {}

  Result<> All() {
    MATIC_TRY(OpenPatch());
    StartRanges();
    while (at_ < plan_.chunks.size()) {
      if (stop_.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped while fetching");
      if (IsFetched(at_)) {
        MATIC_TRY(MakeOrFetch());
      } else {
        MATIC_TRY(Reuse());
      }
    }
    return {};
  }

 private:
  const delta::IndexedChunk& Chunk(size_t i) const { return image_.index.chunks[i]; }
  bool IsRight(size_t i, std::span<const uint8_t> bytes) const {
    return crypto::Sha256Of(bytes) == Chunk(i).sha256;
  }

  bool IsFetched(size_t i) const {
    return plan_.chunks[i].origin == Origin::kServer || (plan_.chunks[i].along && !patch_);
  }

  Result<> OpenPatch() {
    if (!image_.patch || plan_.fetched_bytes < kLeastForPatch) return {};
    auto stream = std::make_unique<FileStream>(
        http_, image_.patch->url, std::min(image_.patch->max_bytes, plan_.fetched_bytes),
        FewRetries(image_.retry), clock_, stop_);
    auto opened = PatchWay::Open(std::move(stream), running_, image_.running_sha256, image_.index,
                                 plan_.fetched_bytes, image_.aim, clock_, stop_);
    if (opened) {
      patch_ = *std::move(opened);
      spdlog::info("download: {} makes what is new", http::PublicUrl(image_.patch->url));
    } else if (Stopped(opened.error())) {
      return Fail(opened.error());
    } else {
      spdlog::info("download: without a patch: {}", opened.error().message);
    }
    return {};
  }

  // What no patch makes, from the current chunk on.
  void StartRanges() {
    const MadeRanges made = patch_ ? MadeRanges(patch_->ranges()) : std::nullopt;
    ranges_.emplace(http_, RangedFile{image_.url, image_.index.image_bytes},
                    RangesToFetch(image_.index, plan_, at_, made), image_.retry, clock_, stop_);
  }

  Result<> MakeOrFetch() {
    const delta::ByteRange place{offset_, Chunk(at_).length};
    const auto bytes = buffer_.bytes().first(place.length);
    if (patch_ && Covers(patch_->ranges(), place)) {
      const Result<bool> made = patch_->Read(place.offset, bytes);
      if (made && *made && IsRight(at_, bytes)) return Give(bytes);
      if (made && ++made_wrongly_ <= kMaxSurprises) return FetchAlone();
      if (!made && Stopped(made.error())) return Fail(made.error());
      LeavePatch(made ? "too much of what it makes is wrong" : made.error().message);
    }
    MATIC_TRY(ranges_->Read(bytes));
    return GiveFetched(bytes);
  }

  void LeavePatch(const std::string& why) {
    spdlog::warn("download: on without the patch: {}", why);
    patch_.reset();
    ranges_.reset();
    StartRanges();
  }

  // A chunk that was to be had elsewhere.
  Result<> FetchAlone() {
    const auto bytes = buffer_.bytes().first(Chunk(at_).length);
    RangeStream range(http_, {image_.url, image_.index.image_bytes}, {{offset_, bytes.size()}},
                      image_.retry, clock_, stop_);
    MATIC_TRY(range.Read(bytes));
    return GiveFetched(bytes);
  }

  Result<> GiveFetched(std::span<const uint8_t> bytes) {
    if (IsRight(at_, bytes)) return Give(bytes);
    return Fail(ErrorCode::kCorrupt, http::PublicUrl(image_.url) + ": the " +
                                         std::to_string(bytes.size()) + " bytes at " +
                                         std::to_string(offset_) + " are not what its index says");
  }

  Result<> Give(std::span<const uint8_t> bytes) {
    MATIC_TRY(sink_.Write(bytes));
    Advance();
    return {};
  }

  void Advance() {
    offset_ += Chunk(at_).length;
    ++at_;
  }

  // The chunks that lie one behind the other, both in the image and in the slot.
  size_t RunBytes() const {
    const PlannedChunk& first = plan_.chunks[at_];
    size_t bytes = 0;
    for (size_t i = at_; i < plan_.chunks.size(); ++i) {
      const PlannedChunk& chunk = plan_.chunks[i];
      if (chunk.origin != first.origin || chunk.offset != first.offset + bytes) break;
      if (IsFetched(i)) break;
      if (bytes + Chunk(i).length > kRunBytes) break;
      bytes += Chunk(i).length;
    }
    return bytes;
  }

  Result<> Reuse() {
    const PlannedChunk first = plan_.chunks[at_];
    BlockDevice& slot = first.origin == Origin::kRunning ? running_ : target_;
    auto run = buffer_.bytes().first(RunBytes());
    if (const Result<> read = slot.Read(first.offset, run); !read) {
      spdlog::warn("download: {}; it is fetched", read.error().message);
      return Surprise();
    }
    while (!run.empty()) {
      const auto bytes = run.first(Chunk(at_).length);
      if (!IsRight(at_, bytes)) return Surprise();
      MATIC_TRY(first.origin == Origin::kInPlace ? sink_.WriteInPlace(bytes) : sink_.Write(bytes));
      image_.reused(bytes.size());
      Advance();
      run = run.subspan(bytes.size());
    }
    return {};
  }

  // A slot that does not hold what it should.
  Result<> Surprise() {
    const bool running = plan_.chunks[at_].origin == Origin::kRunning;
    if (++(running ? surprises_of_running_ : surprises_of_target_) <= kMaxSurprises) {
      return FetchAlone();
    }
    spdlog::warn("download: nothing more is taken from the slot that {}",
                 running ? "runs" : "is written");
    for (size_t i = at_; i < plan_.chunks.size(); ++i) {
      PlannedChunk& chunk = plan_.chunks[i];
      if ((chunk.origin == Origin::kRunning) == running) chunk = {};
    }
    ranges_.reset();
    StartRanges();
    return {};
  }

  const ChunkedImage& image_;
  BlockDevice& running_;
  BlockDevice& target_;
  http::HttpClient& http_;
  Clock& clock_;
  ChunkPlan plan_;
  ImageSink& sink_;
  const std::stop_token stop_;

  AlignedBuffer buffer_;
  size_t at_ = 0;        // the current chunk,
  uint64_t offset_ = 0;  // and where it begins
  unsigned surprises_of_running_ = 0;
  unsigned surprises_of_target_ = 0;
  unsigned made_wrongly_ = 0;
  std::unique_ptr<PatchWay> patch_;
  std::optional<RangeStream> ranges_;
};

Result<> ChunkedSource::Fetch(const FetchFrom& from, uint64_t max_bytes, ImageSink& sink,
                              std::stop_token stop) {
  if (image_.index.image_bytes > max_bytes) {
    return Fail(ErrorCode::kInvalidArgument,
                http::PublicUrl(image_.url) + ": is " + std::to_string(image_.index.image_bytes) +
                    " bytes, more than the " + std::to_string(max_bytes) + " that fit");
  }
  ChunkPlan plan = image_.plan;
  if (from.offset > 0) {
    sink.Restart();
    // But for the first block, which the slot is given last.
    uint64_t offset = 0;
    for (size_t i = 0; i < plan.chunks.size(); ++i) {
      const uint64_t end = offset + image_.index.chunks[i].length;
      PlannedChunk& chunk = plan.chunks[i];
      if (offset >= boot::kImageBlockBytes && end <= from.offset) {
        chunk = {Origin::kInPlace, offset};
      } else if (chunk.origin == Origin::kTarget && chunk.offset < from.offset) {
        chunk = {};  // overwritten meanwhile
      }
      offset = end;
    }
    Count(image_.index, plan);
  }
  sink.SetTotal(image_.index.image_bytes, "");
  return Run(*this, std::move(plan), sink, std::move(stop)).All();
}

}  // namespace matic::transfer
