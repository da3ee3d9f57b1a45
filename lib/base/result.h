// Result<T>: a value or an Error, never ignored.
#pragma once

#include <tl/expected.hpp>

#include "lib/base/error.h"

namespace matic {

template <typename T = void>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

// return Fail(ErrorCode::kIo, "what happened, where");
inline tl::unexpected<Error> Fail(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}
inline tl::unexpected<Error> Fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace matic

// Hands an error on to the caller: MATIC_TRY(device->Flush());
#define MATIC_TRY(expression)                                    \
  do {                                                           \
    if (auto matic_try_result = (expression); !matic_try_result) \
      return ::matic::Fail(std::move(matic_try_result).error()); \
  } while (false)

#define MATIC_CONCAT_INNER(a, b) a##b
#define MATIC_CONCAT(a, b) MATIC_CONCAT_INNER(a, b)

// Takes the value or hands the error on: MATIC_ASSIGN(auto table, partitions.Load());
#define MATIC_ASSIGN(declaration, expression) \
  MATIC_ASSIGN_INNER(MATIC_CONCAT(matic_result_, __LINE__), declaration, expression)
#define MATIC_ASSIGN_INNER(result, declaration, expression)     \
  auto result = (expression);                                   \
  if (!result) return ::matic::Fail(std::move(result).error()); \
  declaration = std::move(*result)
