// Values that must not reach logs, metrics, URLs or error messages.
#ifndef HOUSECALL_DISPATCHER_BASE_SENSITIVE_H_
#define HOUSECALL_DISPATCHER_BASE_SENSITIVE_H_

#include <ostream>
#include <string>
#include <utility>

namespace housecall {

// Wraps patient text, names and secrets. It prints as "[redacted]" wherever it
// is streamed; only `Reveal()` opens it, so that every place that does can be
// found by its name.
template <typename T>
class Sensitive {
 public:
  Sensitive() = default;
  explicit Sensitive(T value) : value_(std::move(value)) {}

  // The content. Call it only to store it, to show it to someone entitled to
  // it, or to compare it.
  const T& Reveal() const { return value_; }
  T& MutableReveal() { return value_; }

  bool empty() const { return value_.empty(); }

  friend bool operator==(const Sensitive&, const Sensitive&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Sensitive&) {
    return out << "[redacted]";
  }

 private:
  T value_{};
};

// What most of them are: free text, names, addresses, phone numbers.
using PrivateText = Sensitive<std::string>;

}  // namespace housecall

#endif  // HOUSECALL_DISPATCHER_BASE_SENSITIVE_H_
