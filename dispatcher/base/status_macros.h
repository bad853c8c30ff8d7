// Early return on an error status.
#ifndef HOUSECALL_DISPATCHER_BASE_STATUS_MACROS_H_
#define HOUSECALL_DISPATCHER_BASE_STATUS_MACROS_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns from the function if `expression` is an error.
#define RETURN_IF_ERROR(expression)                                       \
  do {                                                                    \
    if (absl::Status status_macro_ = (expression); !status_macro_.ok()) { \
      return status_macro_;                                               \
    }                                                                     \
  } while (false)

#define HOUSECALL_CONCAT_INNER(a, b) a##b
#define HOUSECALL_CONCAT(a, b) HOUSECALL_CONCAT_INNER(a, b)

// ASSIGN_OR_RETURN(auto x, F()): declares x with F()'s value, or returns F()'s
// error from the function.
#define ASSIGN_OR_RETURN(declaration, expression)             \
  auto HOUSECALL_CONCAT(status_or_, __LINE__) = (expression); \
  if (!HOUSECALL_CONCAT(status_or_, __LINE__).ok()) {         \
    return HOUSECALL_CONCAT(status_or_, __LINE__).status();   \
  }                                                           \
  declaration = *std::move(HOUSECALL_CONCAT(status_or_, __LINE__))

#endif  // HOUSECALL_DISPATCHER_BASE_STATUS_MACROS_H_
