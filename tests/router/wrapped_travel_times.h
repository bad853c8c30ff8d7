// Travel times that tests count or change on their way.
#ifndef HOUSECALL_TESTS_ROUTER_WRAPPED_TRAVEL_TIMES_H_
#define HOUSECALL_TESTS_ROUTER_WRAPPED_TRAVEL_TIMES_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "router/travel_time_source.h"

namespace housecall::router {

// Passes on what it is asked, as far as a subclass leaves it to this one.
class WrappedTravelTimes : public TravelTimeSource {
 public:
  std::string description() const override { return source_->description(); }
  uint64_t version() const override { return source_->version(); }
  absl::StatusOr<TravelTable> Times(
      absl::Span<const LatLng> origins,
      absl::Span<const LatLng> destinations) const override {
    return source_->Times(origins, destinations);
  }
  absl::StatusOr<Route> FindRoute(const LatLng& from,
                                  const LatLng& to) const override {
    return source_->FindRoute(from, to);
  }

 protected:
  // Borrows `source`, which a subclass may own.
  explicit WrappedTravelTimes(const TravelTimeSource* source)
      : source_(source) {}

  const TravelTimeSource& source() const { return *source_; }

 private:
  const TravelTimeSource* source_;
};

}  // namespace housecall::router

#endif  // HOUSECALL_TESTS_ROUTER_WRAPPED_TRAVEL_TIMES_H_
