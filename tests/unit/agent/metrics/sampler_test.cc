#include "agent/metrics/sampler.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace matic::metrics {
namespace {

using namespace std::chrono_literals;

TEST(SamplerTest, GivesAValueThatWasMadeAfterTheQuestion) {
  std::atomic<int> made{0};
  Sampler<int> sampler([&] { return ++made; });
  EXPECT_EQ(sampler.Get(60s).value, 1);
  EXPECT_EQ(sampler.Get(60s).value, 2);
}

TEST(SamplerTest, GivesTheOneBeforeWhileTheNextHangs) {
  std::promise<void> hangs;
  std::shared_future<void> until = hangs.get_future().share();
  std::atomic<int> made{0};
  Sampler<int> sampler([&] {
    const int number = ++made;
    if (number == 2) until.wait();
    return number;
  });
  ASSERT_EQ(sampler.Get(60s).value, 1);
  const auto stale = sampler.Get(1ms);
  EXPECT_EQ(stale.value, 1);
  EXPECT_GT(stale.age.count(), 0);
  EXPECT_EQ(sampler.Get(1ms).value, 1);
  hangs.set_value();
  EXPECT_GE(sampler.Get(60s).value, 3) << "made after the question, whoever else asked";
}

TEST(SamplerTest, HasNothingBeforeTheFirst) {
  std::promise<void> hangs;
  Sampler<int> sampler([&] {
    hangs.get_future().wait();
    return 1;
  });
  EXPECT_EQ(sampler.Get(1ms).value, std::nullopt);
  hangs.set_value();
}

}  // namespace
}  // namespace matic::metrics
