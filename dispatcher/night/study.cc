#include "dispatcher/night/study.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "dispatcher/base/status_macros.h"

namespace housecall::night {

namespace {

// A call that comes again does so this much later.
constexpr double kAgainSeconds = 37 * 60;
// Nobody calls in the last hour.
constexpr double kQuietSeconds = 3600;

template <typename T>
int FreeId(const std::vector<T>& all) {
  int id = 0;
  for (const T& one : all) id = std::max(id, one.id + 1);
  return id;
}

std::string Clock(double seconds) {
  // Nights begin at 18:00.
  const int minutes = 18 * 60 + static_cast<int>(std::floor(seconds / 60));
  return absl::StrFormat("%02d:%02d", minutes / 60 % 24, minutes % 60);
}

// Figures of a row, for the table and the page alike.
struct Figure {
  const char* name;
  const char* unit;
  double (*of)(const StudyRow&);
  int digits;
};
constexpr Figure kFigures[] = {
    {"weighted tardiness", "min/call",
     [](const StudyRow& row) { return row.weighted_tardiness; }, 2},
    {"late", "%", [](const StudyRow& row) { return 100 * row.late_share; }, 1},
    {"response", "min", [](const StudyRow& row) { return row.mean_response; },
     1},
    {"response p90", "min",
     [](const StudyRow& row) { return row.p90_response; }, 1},
    {"road", "km/call", [](const StudyRow& row) { return row.km_per_call; }, 2},
    {"own doctor", "%", [](const StudyRow& row) { return 100 * row.own_share; },
     0},
    {"changes", "per call",
     [](const StudyRow& row) { return row.changes_per_call; }, 2},
    {"unserved", "per night", [](const StudyRow& row) { return row.unserved; },
     2},
    {"promises kept", "%",
     [](const StudyRow& row) { return 100 * row.promises_held; }, 1},
    {"of crews", "%",
     [](const StudyRow& row) { return 100 * row.promises_with_crew_held; }, 1},
    {"told", "per call",
     [](const StudyRow& row) { return row.promises_per_call; }, 2},
};

std::string Escaped(absl::string_view text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace

Night WithCars(const Night& night, int more) {
  Night changed = night;
  for (; more > 0 && !changed.cars.empty(); --more) {
    Car car = changed.cars.front();
    car.id = FreeId(changed.cars);
    car.shift = {0, night.horizon};
    changed.cars.push_back(car);
  }
  for (; more < 0 && !changed.cars.empty(); ++more) changed.cars.pop_back();
  return changed;
}

Night WithPhysicians(const Night& night, int more) {
  Night changed = night;
  for (; more > 0 && !changed.physicians.empty(); --more) {
    Physician physician = changed.physicians.front();
    physician.id = FreeId(changed.physicians);
    physician.shift = {0, night.horizon};
    changed.physicians.push_back(physician);
  }
  for (; more < 0 && !changed.physicians.empty(); ++more) {
    changed.physicians.pop_back();
  }
  const int left = static_cast<int>(changed.physicians.size());
  for (Call& call : changed.calls) {
    if (call.own_physician.has_value() && *call.own_physician >= left) {
      call.own_physician.reset();
    }
  }
  return changed;
}

Night WithCalls(const Night& night, double more_share) {
  Night changed = night;
  double owed = 0;
  int id = FreeId(night.calls);
  for (const Call& from : night.calls) {
    owed += std::clamp(more_share, 0.0, 1.0);
    if (owed < 1) continue;
    owed -= 1;
    Call call = from;
    call.id = id++;
    call.receive_time =
        std::max(from.receive_time, std::min(from.receive_time + kAgainSeconds,
                                             night.horizon - kQuietSeconds));
    changed.calls.push_back(call);
  }
  return changed;
}

std::vector<Variant> PolicyVariants(const DispatcherOptions& options) {
  const auto same = [](const Night& night) { return night; };
  DispatcherOptions no_forecast = options;
  no_forecast.plan.forecast.on = false;
  DispatcherOptions free_now = options;
  free_now.plan.max_steps = 0;
  return {{"planner", options, same},
          {"without looking ahead", no_forecast, same},
          {"whoever is free now", free_now, same}};
}

std::vector<Variant> RotaVariants(const DispatcherOptions& options) {
  return {
      {"as it is", options, [](const Night& night) { return night; }},
      {"one car more", options,
       [](const Night& night) { return WithCars(night, 1); }},
      {"one car fewer", options,
       [](const Night& night) { return WithCars(night, -1); }},
      {"one physician more", options,
       [](const Night& night) { return WithPhysicians(night, 1); }},
      {"one physician fewer", options,
       [](const Night& night) { return WithPhysicians(night, -1); }},
      {"30 % more calls", options,
       [](const Night& night) { return WithCalls(night, 0.3); }},
  };
}

absl::StatusOr<NightResult> RunNight(const Night& night,
                                     const DispatcherOptions& options,
                                     const SimulateOptions& simulate) {
  return Simulate(
      night,
      [&](const Night* known) -> absl::StatusOr<Policy> {
        ASSIGN_OR_RETURN(Dispatcher made, Dispatcher::Make(known, options));
        auto dispatcher = std::make_shared<Dispatcher>(std::move(made));
        return Policy([dispatcher](const Situation& situation) {
          return dispatcher->Decide(situation);
        });
      },
      simulate);
}

StudyRow MeanOf(const std::string& name,
                const std::vector<NightResult>& results) {
  StudyRow row;
  row.name = name;
  row.nights = static_cast<int>(results.size());
  int with_own = 0;
  Metrics::Promises promises;
  Metrics::Promises with_crew;
  int calls = 0;
  for (const NightResult& result : results) {
    const Metrics& metrics = result.metrics;
    row.weighted_tardiness += metrics.weighted_tardiness / row.nights;
    row.late_share += metrics.all.late_share / row.nights;
    row.mean_response += metrics.all.mean_response / row.nights;
    row.p90_response += metrics.all.p90_response / row.nights;
    row.km_per_call += metrics.km_per_call / row.nights;
    row.changes_per_call += metrics.changes_per_call / row.nights;
    row.unserved += static_cast<double>(metrics.unserved) / row.nights;
    row.rejected += metrics.rejected;
    promises.told += metrics.promises.told;
    promises.held += metrics.promises.held;
    with_crew.told += metrics.promises_with_crew.told;
    with_crew.held += metrics.promises_with_crew.held;
    calls += metrics.all.calls;
    if (metrics.own_share.has_value()) {
      row.own_share += *metrics.own_share;
      ++with_own;
    }
  }
  if (with_own > 0) row.own_share /= with_own;
  const auto share = [](int part, int whole) {
    return whole > 0 ? static_cast<double>(part) / whole : 0;
  };
  row.promises_held = share(promises.held, promises.told);
  row.promises_with_crew_held = share(with_crew.held, with_crew.told);
  row.promises_per_call = share(promises.told, calls);
  return row;
}

absl::StatusOr<std::vector<StudyRow>> RunStudy(
    const std::vector<Night>& nights, const std::vector<Variant>& variants,
    const std::function<void(size_t done, size_t all)>& progress) {
  std::vector<StudyRow> rows;
  size_t done = 0;
  for (const Variant& variant : variants) {
    std::vector<NightResult> results;
    for (const Night& night : nights) {
      const Night changed = variant.change(night);
      ASSIGN_OR_RETURN(NightResult result, RunNight(changed, variant.options));
      results.push_back(std::move(result));
      if (progress) progress(++done, variants.size() * nights.size());
    }
    rows.push_back(MeanOf(variant.name, results));
  }
  return rows;
}

std::string StudyTable(const std::vector<StudyRow>& rows) {
  size_t width = 0;
  for (const StudyRow& row : rows) width = std::max(width, row.name.size());
  std::string table = std::string(width, ' ');
  for (const Figure& figure : kFigures) {
    absl::StrAppend(&table, "  ", figure.name);
  }
  absl::StrAppend(&table, "\n", std::string(width, ' '));
  for (const Figure& figure : kFigures) {
    absl::StrAppendFormat(
        &table, "  %*s",
        static_cast<int>(absl::string_view(figure.name).size()), figure.unit);
  }
  absl::StrAppend(&table, "\n");
  for (const StudyRow& row : rows) {
    absl::StrAppend(&table, row.name,
                    std::string(width - row.name.size(), ' '));
    for (const Figure& figure : kFigures) {
      absl::StrAppendFormat(
          &table, "  %*.*f",
          static_cast<int>(absl::string_view(figure.name).size()),
          figure.digits, figure.of(row));
    }
    absl::StrAppend(&table, "\n");
  }
  return table;
}

std::string StudyHtml(const std::string& title,
                      const std::vector<StudyRow>& rows) {
  constexpr int kBarWidth = 420;
  constexpr int kBarHeight = 18;
  std::string page = absl::StrCat(
      "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>",
      Escaped(title),
      "</title>\n<style>body{font:14px sans-serif;margin:2em}"
      "text{font:13px sans-serif}rect{fill:#3b6ea5}</style>\n<h1>",
      Escaped(title), "</h1>\n");
  for (const Figure& figure : kFigures) {
    double most = 0;
    for (const StudyRow& row : rows) most = std::max(most, figure.of(row));
    absl::StrAppendFormat(&page, "<h2>%s (%s)</h2>\n", Escaped(figure.name),
                          Escaped(figure.unit));
    absl::StrAppendFormat(&page,
                          "<svg width=\"760\" height=\"%d\" role=\"img\">\n",
                          static_cast<int>(rows.size()) * (kBarHeight + 6));
    int y = 0;
    for (const StudyRow& row : rows) {
      const double value = figure.of(row);
      const double width = most > 0 ? kBarWidth * value / most : 0;
      absl::StrAppendFormat(
          &page,
          "<text x=\"0\" y=\"%d\">%s</text>"
          "<rect x=\"200\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>"
          "<text x=\"%.1f\" y=\"%d\">%.*f</text>\n",
          y + kBarHeight - 4, Escaped(row.name), y, width, kBarHeight,
          208 + width, y + kBarHeight - 4, figure.digits, value);
      y += kBarHeight + 6;
    }
    absl::StrAppend(&page, "</svg>\n");
  }
  return absl::StrCat(page, "</html>\n");
}

std::string TimelineText(const Night& night, const NightResult& result) {
  std::string text;
  for (const TimelineEntry& entry : result.timeline) {
    absl::StrAppendFormat(&text, "%s-%s  car %d  ", Clock(entry.begin),
                          Clock(entry.end), night.cars[entry.car].id);
    const auto physician = [&] {
      return night.physicians[entry.stop.physician].id;
    };
    switch (entry.stop.op) {
      case Op::kPick:
        absl::StrAppendFormat(&text, "fetches doctor %d\n", physician());
        break;
      case Op::kVisit:
        absl::StrAppendFormat(&text, "doctor %d sees call %d, at the door %s\n",
                              physician(), entry.stop.call,
                              Clock(entry.arrive));
        break;
      case Op::kHome:
        absl::StrAppendFormat(&text, "brings doctor %d home\n", physician());
        break;
      case Op::kGoto:
        absl::StrAppendFormat(&text, "waits at place %d\n", entry.stop.node);
        break;
    }
  }
  return text;
}

}  // namespace housecall::night
