// How many calls of a kind are served at once: readers have half of the places together and a
// quarter each, so that no reader keeps operators out, nor other readers.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "agent/api/rules.h"
#include "lib/base/result.h"

namespace matic::api {

class Places {
 public:
  // A call's own, until it is destroyed.
  class Place {
   public:
    Place(Places& places, std::string reader) : places_(places), reader_(std::move(reader)) {}
    ~Place() { places_.Leave(reader_); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    Places& places_;
    const std::string reader_;
  };

  // `kind` in the plural: "watches".
  Places(size_t count, std::string kind) : count_(count), kind_(std::move(kind)) {}

  // kUnavailable where `who` may have none now.
  Result<std::unique_ptr<Place>> Take(const Identity& who);

 private:
  void Leave(const std::string& reader);

  const size_t count_;
  const std::string kind_;
  std::mutex mutex_;
  std::multiset<std::string> taken_;  // by name for readers, by "" for the others
};

}  // namespace matic::api
