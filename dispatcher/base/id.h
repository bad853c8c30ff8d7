// Identifiers of the resources of a center.
//
// An id is the last part of a resource name: the call
// "centers/hino/calls/2026-1121-001" has the id "2026-1121-001". Clients choose
// ids, so that a retry after a lost answer names the same resource.
#ifndef HOUSECALL_DISPATCHER_BASE_ID_H_
#define HOUSECALL_DISPATCHER_BASE_ID_H_

#include <compare>
#include <cstddef>
#include <ostream>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace housecall {

// Ids that clients choose have at most this many characters; ids that the
// server derives from them (the offers and visits of a call) may be longer.
inline constexpr size_t kMaxChosenIdLength = 63;
inline constexpr size_t kMaxIdLength = 120;

// True if `text` can be an id: 1 to kMaxIdLength characters of a-z, 0-9 and
// '-', neither beginning nor ending with '-' (AIP-122, with a leading digit
// allowed because ids often begin with a date).
bool IsValidId(absl::string_view text);

// True if a client may choose `text` as an id: valid, short enough, and without
// "--", with which the server derives ids from it ("c1--o1": the first offer
// of the call c1).
bool IsValidChosenId(absl::string_view text);

// An identifier of one kind of resource, so that a CallId cannot be passed
// where a CarId is wanted. `Tag::kCollection` is the resource's collection in
// a resource name ("calls"), `Tag::kSingular` the name of a field that holds
// such a resource ("call"). Empty means "none".
template <typename Tag>
class Id {
 public:
  static constexpr const char* kCollection = Tag::kCollection;
  static constexpr const char* kSingular = Tag::kSingular;

  Id() = default;
  explicit Id(std::string value) : value_(std::move(value)) {}
  explicit Id(absl::string_view value) : value_(value) {}
  explicit Id(const char* value) : value_(value) {}

  const std::string& value() const { return value_; }
  bool empty() const { return value_.empty(); }

  friend bool operator==(const Id&, const Id&) = default;
  friend auto operator<=>(const Id&, const Id&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Id& id) {
    return out << id.value_;
  }
  template <typename H>
  friend H AbslHashValue(H hash, const Id& id) {
    return H::combine(std::move(hash), id.value_);
  }

 private:
  std::string value_;
};

}  // namespace housecall

#endif  // HOUSECALL_DISPATCHER_BASE_ID_H_
