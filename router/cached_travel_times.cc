#include "absl/base/casts.h"
#include "router/status_text.h"
#include "router/travel_time_source.h"

namespace housecall::router {

CachedTravelTimes::CachedTravelTimes(const TravelTimeSource* source)
    : CachedTravelTimes(source, Options()) {}

CachedTravelTimes::CachedTravelTimes(const TravelTimeSource* source,
                                     const Options& options)
    : source_(source), options_(options) {}

std::unique_ptr<const TravelTimeSource> CachedTravelTimes::Pinned(
    const RoadPolicy& policy) const {
  return source_->Pinned(policy);
}

std::string CachedTravelTimes::description() const {
  return source_->description();
}

uint64_t CachedTravelTimes::version() const { return source_->version(); }

// With mutex_ held.
void CachedTravelTimes::ForgetUnlessOf(uint64_t version) const {
  if (version == version_) return;
  version_ = version;
  entries_.clear();
  by_key_.clear();
}

absl::StatusOr<Route> CachedTravelTimes::FindRoute(const LatLng& from,
                                                   const LatLng& to) const {
  return source_->FindRoute(from, to);
}

absl::StatusOr<TravelTable> CachedTravelTimes::Times(
    absl::Span<const LatLng> origins,
    absl::Span<const LatLng> destinations) const {
  if (absl::Status status = CheckTableSize(origins.size(), destinations.size());
      !status.ok()) {
    return status;
  }
  const auto key_of = [&](size_t i, size_t j) -> Key {
    return {absl::bit_cast<uint64_t>(origins[i].latitude_degrees),
            absl::bit_cast<uint64_t>(origins[i].longitude_degrees),
            absl::bit_cast<uint64_t>(destinations[j].latitude_degrees),
            absl::bit_cast<uint64_t>(destinations[j].longitude_degrees)};
  };

  TravelTable table(origins.size(), destinations.size());
  std::vector<bool> row_missing(origins.size());
  std::vector<bool> column_missing(destinations.size());
  bool found_some = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ForgetUnlessOf(source_->version());
    table.set_version(version_);
    for (size_t i = 0; i < origins.size(); ++i) {
      for (size_t j = 0; j < destinations.size(); ++j) {
        const auto it = by_key_.find(key_of(i, j));
        if (it == by_key_.end()) {
          row_missing[i] = true;
          column_missing[j] = true;
          continue;
        }
        entries_.splice(entries_.begin(), entries_, it->second);
        table.at(i, j) = it->second->second;
        found_some = true;
      }
    }
  }

  std::vector<size_t> rows;
  std::vector<LatLng> row_positions;
  for (size_t i = 0; i < origins.size(); ++i) {
    if (!row_missing[i] && !destinations.empty()) continue;
    rows.push_back(i);
    row_positions.push_back(origins[i]);
  }
  std::vector<size_t> columns;
  std::vector<LatLng> column_positions;
  for (size_t j = 0; j < destinations.size(); ++j) {
    if (!column_missing[j] && !origins.empty()) continue;
    columns.push_back(j);
    column_positions.push_back(destinations[j]);
  }
  if (rows.empty() && columns.empty()) return table;
  const absl::StatusOr<TravelTable> answer =
      source_->Times(row_positions, column_positions);
  if (!answer.ok()) return answer.status();
  // The roads have changed meanwhile: a table is of one version.
  if (found_some && answer->version() != table.version()) {
    return source_->Times(origins, destinations);
  }
  table.set_version(answer->version());

  for (size_t i = 0; i < rows.size(); ++i) {
    table.origin_status(rows[i]) = answer->origin_status(i);
  }
  for (size_t j = 0; j < columns.size(); ++j) {
    table.destination_status(columns[j]) = answer->destination_status(j);
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  ForgetUnlessOf(answer->version());
  for (size_t i = 0; i < rows.size(); ++i) {
    for (size_t j = 0; j < columns.size(); ++j) {
      const TravelCell& cell = answer->at(i, j);
      table.at(rows[i], columns[j]) = cell;
      // What is wrong with a position is found out anew each time, so that its
      // status is told each time.
      if (!answer->origin_status(i).ok() ||
          !answer->destination_status(j).ok() || options_.max_cells == 0) {
        continue;
      }
      const Key key = key_of(rows[i], columns[j]);
      if (by_key_.count(key) > 0) continue;
      if (entries_.size() >= options_.max_cells) {
        by_key_.erase(entries_.back().first);
        entries_.pop_back();
      }
      entries_.emplace_front(key, cell);
      by_key_[key] = entries_.begin();
    }
  }
  return table;
}

}  // namespace housecall::router
