#include "dispatcher/planner/travel_times.h"

namespace housecall::planner {

int TravelTimes::Add(const core::LatLng& place) {
  const auto [found, added] = indexes_.try_emplace(
      {place.latitude, place.longitude}, static_cast<int>(indexes_.size()));
  if (added) table_.emplace_back();
  return found->second;
}

void TravelTimes::Set(const core::LatLng& from, const core::LatLng& to,
                      Travel travel) {
  const int row_index = Add(from);
  const size_t column = Add(to);
  std::vector<Cell>& row = table_[row_index];
  if (column >= row.size()) row.resize(table_.size());
  row[column] = travel;
}

int TravelTimes::IndexOf(const core::LatLng& place) const {
  const auto found = indexes_.find({place.latitude, place.longitude});
  return found == indexes_.end() ? -1 : found->second;
}

std::optional<Travel> TravelTimes::At(int from, int to) const {
  if (from < 0 || to < 0) return std::nullopt;
  const std::vector<Cell>& row = table_[from];
  if (static_cast<size_t>(to) < row.size() && row[to].has_value()) {
    return row[to];
  }
  if (from == to) return Travel{};
  return std::nullopt;
}

std::optional<Travel> TravelTimes::Get(const core::LatLng& from,
                                       const core::LatLng& to) const {
  if (from == to && IndexOf(from) < 0) return Travel{};
  return At(IndexOf(from), IndexOf(to));
}

double TravelTimes::Minutes(const core::LatLng& from,
                            const core::LatLng& to) const {
  const std::optional<Travel> travel = Get(from, to);
  return travel.has_value() ? absl::ToDoubleMinutes(travel->duration) : kNoWay;
}

}  // namespace housecall::planner
