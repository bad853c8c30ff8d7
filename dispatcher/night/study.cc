#include "dispatcher/night/study.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <map>
#include <memory>
#include <set>
#include <tuple>
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

enum class Better { kLower, kHigher, kAsPromised };

// Figures of a row, for the table and the page alike; none: there is nothing to
// measure.
struct Figure {
  const char* name;
  const char* unit;
  std::optional<double> (*of)(const StudyRow&);
  int digits;
  Better better;
};

std::optional<double> Percent(const std::optional<double>& share) {
  if (!share.has_value()) return std::nullopt;
  return 100 * *share;
}

constexpr Figure kFigures[] = {
    {"weighted tardiness", "min/call",
     [](const StudyRow& row) { return std::optional(row.weighted_tardiness); },
     2, Better::kLower},
    {"late", "%", [](const StudyRow& row) { return Percent(row.late_share); },
     1, Better::kLower},
    {"response", "min",
     [](const StudyRow& row) { return std::optional(row.mean_response); }, 1,
     Better::kLower},
    {"response p90", "min",
     [](const StudyRow& row) { return std::optional(row.p90_response); }, 1,
     Better::kLower},
    {"road", "km/call",
     [](const StudyRow& row) { return std::optional(row.km_per_call); }, 2,
     Better::kLower},
    {"own doctor", "%",
     [](const StudyRow& row) { return Percent(row.own_share); }, 0,
     Better::kHigher},
    {"changes", "per call",
     [](const StudyRow& row) { return std::optional(row.changes_per_call); }, 2,
     Better::kLower},
    {"unserved", "per night",
     [](const StudyRow& row) { return std::optional(row.unserved); }, 2,
     Better::kLower},
    {"overtime", "min/night",
     [](const StudyRow& row) { return std::optional(row.overtime_minutes); }, 1,
     Better::kLower},
    {"burden spread", "sd/mean",
     [](const StudyRow& row) { return std::optional(row.burden_spread); }, 2,
     Better::kLower},
    {"promises kept", "%",
     [](const StudyRow& row) { return Percent(row.promises_held); }, 1,
     Better::kAsPromised},
    {"of crews", "%",
     [](const StudyRow& row) { return Percent(row.promises_with_crew_held); },
     1, Better::kAsPromised},
    {"told", "per call",
     [](const StudyRow& row) { return std::optional(row.promises_per_call); },
     2, Better::kLower},
};

const char* WordsOf(Better better) {
  switch (better) {
    case Better::kLower:
      return "lower is better";
    case Better::kHigher:
      return "higher is better";
    case Better::kAsPromised:
      return "should be 100 times promise_share";
  }
  return "";
}

std::string TextOf(const Figure& figure, const StudyRow& row) {
  const std::optional<double> value = figure.of(row);
  return value.has_value() ? absl::StrFormat("%.*f", figure.digits, *value)
                           : "-";
}

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

double Hours(const Span& shift) { return (shift.end - shift.begin) / 3600; }

// The car that is missed least, or none.
std::optional<size_t> LeastCar(const Night& night) {
  std::optional<size_t> least;
  for (size_t i = 0; i < night.cars.size(); ++i) {
    if (night.cars[i].owner.has_value()) continue;
    if (!least.has_value() ||
        Hours(night.cars[i].shift) <= Hours(night.cars[*least].shift)) {
      least = i;
    }
  }
  return least;
}

// The physician who is missed least; there must be one.
size_t LeastPhysician(const Night& night) {
  const auto may = [&](size_t physician, const Call& call) {
    const Physician& who = night.physicians[physician];
    return who.shift.begin <= call.receive_time &&
           call.receive_time < who.shift.end &&
           std::count(who.skills.begin(), who.skills.end(), call.skill) > 0;
  };
  const auto missed = [&](size_t physician) {
    int alone = 0;
    int own = 0;
    for (const Call& call : night.calls) {
      own += call.own_physician == static_cast<int>(physician);
      if (!may(physician, call)) continue;
      bool others = false;
      for (size_t i = 0; i < night.physicians.size(); ++i) {
        others = others || (i != physician && may(i, call));
      }
      alone += !others;
    }
    return std::make_tuple(alone, Hours(night.physicians[physician].shift),
                           own);
  };
  size_t least = 0;
  for (size_t i = 1; i < night.physicians.size(); ++i) {
    if (missed(i) <= missed(least)) least = i;
  }
  return least;
}

// Takes a physician off the rota, with his own car.
void Remove(size_t physician, Night* night) {
  const int removed = static_cast<int>(physician);
  const auto renumber = [&](std::optional<int>* index) {
    if (!index->has_value()) return;
    if (**index == removed) {
      index->reset();
    } else if (**index > removed) {
      --**index;
    }
  };
  night->physicians.erase(night->physicians.begin() + removed);
  std::vector<Car>& cars = night->cars;
  cars.erase(
      std::remove_if(cars.begin(), cars.end(),
                     [&](const Car& car) { return car.owner == removed; }),
      cars.end());
  for (Car& car : cars) renumber(&car.owner);
  for (Call& call : night->calls) renumber(&call.own_physician);
}

}  // namespace

Night WithCars(const Night& night, int more) {
  Night changed = night;
  for (; more > 0 && !changed.cars.empty(); --more) {
    // Where most cars with a driver are; of equals the first.
    std::map<int, int> bases;
    for (const Car& car : changed.cars) bases[car.base] += !car.owner;
    Car car = changed.cars.front();
    for (const Car& other : changed.cars) {
      if (bases[other.base] > bases[car.base]) car.base = other.base;
    }
    car.id = FreeId(changed.cars);
    car.shift = {0, night.horizon};
    car.owner.reset();
    changed.cars.push_back(car);
  }
  for (; more < 0; ++more) {
    const std::optional<size_t> least = LeastCar(changed);
    if (!least.has_value()) break;
    changed.cars.erase(changed.cars.begin() +
                       static_cast<std::ptrdiff_t>(*least));
  }
  return changed;
}

Night WithPhysicians(const Night& night, int more) {
  Night changed = night;
  for (; more > 0 && !changed.physicians.empty(); --more) {
    Physician physician =
        *std::max_element(changed.physicians.begin(), changed.physicians.end(),
                          [](const Physician& a, const Physician& b) {
                            return a.skills.size() < b.skills.size();
                          });
    physician.id = FreeId(changed.physicians);
    physician.shift = {0, night.horizon};
    changed.physicians.push_back(physician);
  }
  for (; more < 0 && !changed.physicians.empty(); ++more) {
    Remove(LeastPhysician(changed), &changed);
  }
  return changed;
}

Night WithCalls(const Night& night, double factor) {
  Night changed = night;
  factor = std::clamp(factor, 0.0, 2.0);
  double owed = 0;
  if (factor < 1) {
    changed.calls.clear();
    for (const Call& call : night.calls) {
      owed += factor;
      // Sums of shares are not exact.
      if (owed < 1 - 1e-9) continue;
      owed -= 1;
      changed.calls.push_back(call);
    }
    return changed;
  }
  int id = FreeId(night.calls);
  for (const Call& from : night.calls) {
    owed += factor - 1;
    if (owed < 1 - 1e-9) continue;
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

std::vector<Variant> PolicyVariants(const Settings& settings) {
  const auto same = [](const Night& night) { return night; };
  const auto with = [&](const char* assignment) {
    Settings changed = settings;
    // These names are known.
    changed.Set(assignment).IgnoreError();
    return changed;
  };
  return {{"planner", settings, same},
          {"without looking ahead", with("forecast=false"), same},
          {"whoever is free now", with("max_steps=0"), same}};
}

std::vector<Variant> RotaVariants(const std::vector<Night>& nights,
                                  const Settings& settings,
                                  const RotaChanges& changes) {
  std::vector<Variant> variants = {
      {"as it is", settings, [](const Night& night) { return night; }}};
  const auto counted = [](int more, const char* one, const char* many) {
    const int count = std::abs(more);
    return absl::StrCat(count == 1 ? "one" : absl::StrCat(count), " ",
                        count == 1 ? one : many, more > 0 ? " more" : " fewer");
  };
  // " (car 3)", if all nights lose the same one.
  const auto lost = [&](int more, const char* what, auto id_of) {
    std::set<std::optional<int>> ids;
    if (more == -1) {
      for (const Night& night : nights) ids.insert(id_of(night));
    }
    return ids.size() == 1 && ids.begin()->has_value()
               ? absl::StrCat(" (", what, " ", **ids.begin(), ")")
               : "";
  };
  for (int more : changes.cars) {
    const auto id_of = [](const Night& night) -> std::optional<int> {
      const std::optional<size_t> least = LeastCar(night);
      if (!least.has_value()) return std::nullopt;
      return night.cars[*least].id;
    };
    variants.push_back(
        {absl::StrCat(counted(more, "car", "cars"), lost(more, "car", id_of)),
         settings,
         [more](const Night& night) { return WithCars(night, more); }});
  }
  for (int more : changes.physicians) {
    const auto id_of = [](const Night& night) -> std::optional<int> {
      if (night.physicians.empty()) return std::nullopt;
      return night.physicians[LeastPhysician(night)].id;
    };
    variants.push_back({absl::StrCat(counted(more, "physician", "physicians"),
                                     lost(more, "doctor", id_of)),
                        settings, [more](const Night& night) {
                          return WithPhysicians(night, more);
                        }});
  }
  for (double factor : changes.calls) {
    variants.push_back(
        {absl::StrCat(std::round(std::abs(factor - 1) * 1000) / 10, " % ",
                      factor < 1 ? "fewer" : "more", " calls"),
         settings,
         [factor](const Night& night) { return WithCalls(night, factor); }});
  }
  return variants;
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

absl::StatusOr<NightResult> RunNight(const Night& night,
                                     const Settings& settings,
                                     const SimulateOptions& simulate) {
  ASSIGN_OR_RETURN(const DispatcherOptions options, settings.For(night));
  return RunNight(settings.Applied(night), options, simulate);
}

StudyRow MeanOf(const std::string& name,
                const std::vector<NightResult>& results) {
  StudyRow row;
  row.name = name;
  row.nights = static_cast<int>(results.size());
  int with_own = 0;
  double own_share = 0;
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
    row.overtime_minutes += metrics.overtime_minutes / row.nights;
    row.burden_spread += metrics.burden_spread / row.nights;
    row.rejected += metrics.rejected;
    promises.told += metrics.promises.told;
    promises.held += metrics.promises.held;
    with_crew.told += metrics.promises_with_crew.told;
    with_crew.held += metrics.promises_with_crew.held;
    calls += metrics.all.calls;
    if (metrics.own_share.has_value()) {
      own_share += *metrics.own_share;
      ++with_own;
    }
  }
  if (with_own > 0) row.own_share = own_share / with_own;
  const auto share = [](const Metrics::Promises& of) -> std::optional<double> {
    if (of.told == 0) return std::nullopt;
    return static_cast<double>(of.held) / of.told;
  };
  row.promises_held = share(promises);
  row.promises_with_crew_held = share(with_crew);
  if (calls > 0) {
    row.promises_per_call = static_cast<double>(promises.told) / calls;
  }
  return row;
}

absl::StatusOr<std::vector<StudyRow>> RunStudy(
    const std::vector<Night>& nights, const std::vector<Variant>& variants,
    const std::function<void(double done, size_t all)>& progress) {
  std::vector<StudyRow> rows;
  const size_t all = variants.size() * nights.size();
  double done = 0;
  for (const Variant& variant : variants) {
    std::vector<NightResult> results;
    for (const Night& night : nights) {
      SimulateOptions simulate;
      if (progress) {
        simulate.progress = [&](double seconds) {
          progress(done + seconds / night.horizon, all);
        };
      }
      ASSIGN_OR_RETURN(
          NightResult result,
          RunNight(variant.change(night), variant.settings, simulate));
      results.push_back(std::move(result));
      done += 1;
      if (progress) progress(done, all);
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
          &table, "  %*s",
          static_cast<int>(absl::string_view(figure.name).size()),
          TextOf(figure, row));
    }
    absl::StrAppend(&table, "\n");
  }
  return absl::StrCat(
      table,
      "Lower is better; of \"own doctor\" higher; \"promises kept\" and \"of "
      "crews\" should be 100 times promise_share.\n");
}

std::string StudyHtml(const std::string& title,
                      const std::vector<StudyRow>& rows) {
  constexpr int kBarWidth = 360;
  constexpr int kBarHeight = 18;
  constexpr int kNameWidth = 260;
  std::string page = absl::StrCat(
      "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>",
      Escaped(title),
      "</title>\n<style>body{font:14px sans-serif;margin:2em}"
      "text{font:13px sans-serif}rect{fill:#3b6ea5}"
      "table{border-collapse:collapse}"
      "th,td{padding:2px 8px;text-align:right;border-bottom:1px solid #ccc}"
      "th:first-child{text-align:left}"
      "small{font-weight:normal;color:#555}</style>\n<h1>",
      Escaped(title), "</h1>\n<table>\n<tr><th></th>");
  for (const Figure& figure : kFigures) {
    absl::StrAppend(&page, "<th>", Escaped(figure.name), "<br><small>",
                    Escaped(figure.unit), "</small></th>");
  }
  absl::StrAppend(&page, "</tr>\n");
  for (const StudyRow& row : rows) {
    absl::StrAppend(&page, "<tr><th>", Escaped(row.name), "</th>");
    for (const Figure& figure : kFigures) {
      absl::StrAppend(&page, "<td>", TextOf(figure, row), "</td>");
    }
    absl::StrAppend(&page, "</tr>\n");
  }
  absl::StrAppend(&page, "</table>\n");
  for (const Figure& figure : kFigures) {
    double most = 0;
    for (const StudyRow& row : rows) {
      most = std::max(most, figure.of(row).value_or(0));
    }
    absl::StrAppendFormat(&page, "<h2>%s (%s) <small>%s</small></h2>\n",
                          Escaped(figure.name), Escaped(figure.unit),
                          WordsOf(figure.better));
    absl::StrAppendFormat(&page,
                          "<svg width=\"760\" height=\"%d\" role=\"img\">\n",
                          static_cast<int>(rows.size()) * (kBarHeight + 6));
    int y = 0;
    for (const StudyRow& row : rows) {
      const double width =
          most > 0 ? kBarWidth * figure.of(row).value_or(0) / most : 0;
      absl::StrAppendFormat(
          &page,
          "<text x=\"0\" y=\"%d\">%s</text>"
          "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>"
          "<text x=\"%.1f\" y=\"%d\">%s</text>\n",
          y + kBarHeight - 4, Escaped(row.name), kNameWidth, y, width,
          kBarHeight, kNameWidth + 8 + width, y + kBarHeight - 4,
          TextOf(figure, row));
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
