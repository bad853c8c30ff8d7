// How long a car takes from many places to many others: the one interface that
// the dispatcher knows, and what implements it. Part of the front door of this
// folder (router/router.h).
#ifndef HOUSECALL_ROUTER_TRAVEL_TIME_SOURCE_H_
#define HOUSECALL_ROUTER_TRAVEL_TIME_SOURCE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "router/geo.h"
#include "router/road_policy.h"

namespace housecall::router {

class LivingRoads;
class Query;
class RoadMap;
struct RoadState;

// From one place to another.
struct TravelCell {
  bool reachable = false;
  // Meaningful only if reachable.
  absl::Duration duration;
};

// The times from each origin to each destination. How far a drive is, and which
// way it goes, a route tells (TravelTimeSource::FindRoute). One bad position
// spoils only its own row or column: its status says what is wrong with it, its
// cells are unreachable, and all others are as if it had not been asked for.
class TravelTable {
 public:
  TravelTable() = default;
  TravelTable(size_t origins, size_t destinations)
      : origin_status_(origins),
        destination_status_(destinations),
        cells_(origins * destinations) {}

  size_t origins() const { return origin_status_.size(); }
  size_t destinations() const { return destination_status_.size(); }

  TravelCell& at(size_t origin, size_t destination) {
    return cells_[origin * destinations() + destination];
  }
  const TravelCell& at(size_t origin, size_t destination) const {
    return cells_[origin * destinations() + destination];
  }

  // The codes are those that TravelTimeSource lists for a position. A cell can
  // be unreachable although both its positions are fine: there is no way.
  absl::Status& origin_status(size_t i) { return origin_status_[i]; }
  const absl::Status& origin_status(size_t i) const {
    return origin_status_[i];
  }
  absl::Status& destination_status(size_t i) { return destination_status_[i]; }
  const absl::Status& destination_status(size_t i) const {
    return destination_status_[i];
  }

  // The source's version that all cells are of (TravelTimeSource::version).
  uint64_t version() const { return version_; }
  void set_version(uint64_t version) { version_ = version; }

 private:
  uint64_t version_ = 0;
  std::vector<absl::Status> origin_status_;
  std::vector<absl::Status> destination_status_;
  std::vector<TravelCell> cells_;
};

// A stretch of a route on one road.
struct RouteStep {
  // The road's name; empty if it has none.
  std::string road_name;
  absl::Duration duration;
  double distance_meters = 0;
};

// One way on the road. It leads from the point of the road that is nearest to
// the start, to the point of the road nearest to the goal; the metres between
// those points and the given positions are beside it, not in it.
struct Route {
  // TravelTimeSource::version of what answered.
  uint64_t version = 0;
  absl::Duration duration;
  // Nine of ten such drives take no longer: by what is known of how much drives
  // vary (LearnedSpeed::spread). No less than `duration`.
  absl::Duration late_duration;
  double distance_meters = 0;
  double from_road_meters = 0;
  double to_road_meters = 0;
  // At least two; may be equal.
  std::vector<LatLng> points;
  std::vector<RouteStep> steps;
  // What `duration` would be if nothing had been learned of drives, by
  // RoadClass: what a drive is compared with from which something is to be
  // learned (LearnedSpeeds). Turns count for the road that they lead into.
  // Empty where such a drive teaches nothing: without a map, or with a ferry on
  // the way.
  std::vector<absl::Duration> unlearned_durations;
};

// Travel times by car. Implementations are safe for calls from several threads
// at once, and the same question gets the same answer. What they promise of a
// position's status:
//
//   InvalidArgument     not a position (CheckLatLng)
//   OutOfRange          outside the map
//   NotFound            on the map, but too far from any road
class TravelTimeSource {
 public:
  // Tables of more cells are refused, so that a mistake does not take the
  // machine's memory.
  static constexpr size_t kMaxCells = 4'000'000;

  virtual ~TravelTimeSource() = default;

  // What it knows at this moment, for good, for cars that keep to a policy: of
  // what is asked of it, all answers are of one version, and its description
  // says which. Whoever asks more than one question for one decision asks them
  // of such a one. It borrows what this borrows, but may outlive this.
  //
  // What follows no roads that change knows one policy only, or none, and
  // answers by that one: straight lines, one state of a map, what is pinned.
  // Elsewhere the first question for a policy that nobody else has may take as
  // long as a state does (LivingRoads::current).
  virtual std::unique_ptr<const TravelTimeSource> Pinned(
      const RoadPolicy& policy) const = 0;

  // Which map or model, for people: stored beside what was decided with it.
  virtual std::string description() const = 0;

  // Another number whenever answers may differ from those before: roads were
  // closed, the hour has come. A table is of one version. What is pinned for
  // another policy has the same one only if it gives the same answers.
  virtual uint64_t version() const { return 0; }

  // The table. Takes milliseconds on a road map, more for thousands of places.
  // Returns InvalidArgument if the table would have more than kMaxCells.
  virtual absl::StatusOr<TravelTable> Times(
      absl::Span<const LatLng> origins,
      absl::Span<const LatLng> destinations) const = 0;

  // The way itself. Returns the status of the first of both positions that is
  // not fine, saying which one it is; FailedPrecondition if both are fine but
  // no way leads from the one to the other (another part of the network).
  virtual absl::StatusOr<Route> FindRoute(const LatLng& from,
                                          const LatLng& to) const = 0;
};

// Without a map: the straight line, made longer by a constant factor, driven at
// a constant speed. Immutable.
class StraightLine : public TravelTimeSource {
 public:
  struct Options {
    // Roads in Japanese towns are 1.3 to 1.4 times as long as the straight
    // line.
    double detour_factor = 1.35;
    // Door to door through a town at night, with its signals.
    double speed_km_per_hour = 25;
  };

  StraightLine() = default;
  // Returns InvalidArgument unless both numbers are finite and positive.
  static absl::StatusOr<StraightLine> Create(const Options& options);

  std::unique_ptr<const TravelTimeSource> Pinned(
      const RoadPolicy& policy) const override;
  std::string description() const override;
  absl::StatusOr<TravelTable> Times(
      absl::Span<const LatLng> origins,
      absl::Span<const LatLng> destinations) const override;
  absl::StatusOr<Route> FindRoute(const LatLng& from,
                                  const LatLng& to) const override;

 private:
  explicit StraightLine(const Options& options) : options_(options) {}
  double DistanceMeters(const LatLng& from, const LatLng& to) const;
  absl::Duration TimeFor(double distance_meters) const;

  Options options_;
};

// On the roads of a map: exact shortest travel times (router/router.h), as the
// map says, or as they are now (router/living_roads.h). A position stands for
// the nearest point of a road that is open; where no way leads from or to that,
// for the nearest point of the main network within the radius.
class RoadTravelTimes : public TravelTimeSource {
 public:
  struct Options {
    // A position farther from any road is NotFound.
    double snap_radius_meters = 500;
  };

  explicit RoadTravelTimes(std::shared_ptr<const RoadMap> map);
  RoadTravelTimes(std::shared_ptr<const RoadMap> map, const Options& options);
  // Of one state, for good.
  RoadTravelTimes(std::shared_ptr<const RoadState> state,
                  const Options& options);
  // `roads` must outlive this. Each question is answered by one state of them,
  // by their own policy; Pinned knows every policy.
  explicit RoadTravelTimes(const LivingRoads* roads);
  RoadTravelTimes(const LivingRoads* roads, const Options& options);
  ~RoadTravelTimes() override;

  std::unique_ptr<const TravelTimeSource> Pinned(
      const RoadPolicy& policy) const override;
  std::string description() const override;
  uint64_t version() const override;
  absl::StatusOr<TravelTable> Times(
      absl::Span<const LatLng> origins,
      absl::Span<const LatLng> destinations) const override;
  absl::StatusOr<Route> FindRoute(const LatLng& from,
                                  const LatLng& to) const override;

 private:
  class Lease;
  struct Scratch;

  RoadTravelTimes(std::shared_ptr<const RoadState> state,
                  const Options& options, bool names_state,
                  std::shared_ptr<Scratch> scratch);

  // By the policy of the roads.
  std::shared_ptr<const RoadState> State() const;

  // One of the two.
  const std::shared_ptr<const RoadState> fixed_;
  const LivingRoads* const roads_;
  const Options options_;
  // Whether the description says which state it is.
  const bool names_state_;
  // Synchronizes itself; shared with those that were pinned.
  const std::shared_ptr<Scratch> scratch_;
};

// Remembers the answers of another source: the same patients and bases are
// asked for again and again while only the cars move. Keeps the cells that were
// used last, by the exact pair of positions; routes are not kept. Bounded:
// about 150 bytes per cell.
class CachedTravelTimes : public TravelTimeSource {
 public:
  struct Options {
    size_t max_cells = 200'000;
  };

  // `source` must outlive this.
  explicit CachedTravelTimes(const TravelTimeSource* source);
  CachedTravelTimes(const TravelTimeSource* source, const Options& options);

  // The source's, without what is remembered here.
  std::unique_ptr<const TravelTimeSource> Pinned(
      const RoadPolicy& policy) const override;
  // The source's.
  std::string description() const override;
  uint64_t version() const override;
  // Forgets everything when the source's version changes. Asks the source for
  // the table of those origins and destinations that lack a cell. Two threads
  // that ask the same at once may both ask the source.
  absl::StatusOr<TravelTable> Times(
      absl::Span<const LatLng> origins,
      absl::Span<const LatLng> destinations) const override;
  absl::StatusOr<Route> FindRoute(const LatLng& from,
                                  const LatLng& to) const override;

 private:
  // The bits of both positions: not every double has a place in an order.
  using Key = std::array<uint64_t, 4>;
  // Last used first.
  using Entries = std::list<std::pair<Key, TravelCell>>;

  const TravelTimeSource* const source_;
  const Options options_;

  void ForgetUnlessOf(uint64_t version) const;

  mutable std::mutex mutex_;
  // Guarded by mutex_. All of version_.
  mutable uint64_t version_ = 0;
  mutable Entries entries_;
  mutable std::map<Key, Entries::iterator> by_key_;
};

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_TRAVEL_TIME_SOURCE_H_
