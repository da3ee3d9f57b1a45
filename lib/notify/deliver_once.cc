#include "lib/notify/deliver_once.h"

#include <thread>
#include <utility>

#include "lib/notify/parcel_id.h"

namespace matic::notify {

std::vector<DeliveryReport> DeliverOnce(const std::vector<Channel>& channels,
                                        const Courier& courier, const Message& message) {
  const Parcel parcel{.id = NewParcelId(), .message = Cleaned(message), .left_out = 0};
  std::vector<DeliveryReport> reports(channels.size());
  std::vector<std::jthread> threads;
  for (size_t i = 0; i < channels.size(); ++i) {
    reports[i].channel = channels[i].name;
    reports[i].title = parcel.message.title;
    threads.emplace_back([&channel = channels[i], &courier, &parcel, &report = reports[i]] {
      report.error = courier.Deliver(channel, parcel, {}).error;
      report.given_up = report.error.has_value();
    });
  }
  threads.clear();
  return reports;
}

}  // namespace matic::notify
