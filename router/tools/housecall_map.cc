// housecall-map: makes maps of OpenStreetMap files, and asks them for the way.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "router/drive_log.h"
#include "router/import/demo_town.h"
#include "router/import/import.h"
#include "router/learned_speeds.h"
#include "router/living_roads.h"
#include "router/map_file.h"
#include "router/router.h"
#include "router/tools/geojson_server.h"
#include "router/tools/map_benchmark.h"
#include "router/tools/map_geojson.h"
#include "router/travel_time_source.h"

namespace housecall::router {
namespace {

constexpr int kOk = 0;
constexpr int kFailure = 1;
constexpr int kUsage = 2;

constexpr char kHelp[] =
    R"(housecall-map: makes maps of OpenStreetMap files, and asks them for the way.

  housecall-map import SOURCE -o MAP [--name NAME] [--attribution TEXT]
                       [--quiet | --json]
      Makes the map file MAP of SOURCE: .osm.pbf, or .osm (XML, also .gz or
      .bz2). Progress goes to standard error. Without --attribution, the map
      credits OpenStreetMap.

  housecall-map info MAP [--json]
      What the map covers, how old it is, whom to credit.

  housecall-map route MAP --from LAT,LNG --to LAT,LNG [--radius METERS]
                          [--at TIME [--holiday]] [--ferries] [--no-tolls]
                          [--json | --geojson]
      The quickest way: time, distance, streets; with --json and --geojson also
      its line.

  housecall-map matrix MAP --from LAT,LNG … --to LAT,LNG … [--radius METERS]
                           [--at TIME [--holiday]] [--ferries] [--no-tolls]
                           [--json [--meters]]
      The times from each --from to each --to, in minutes. --from-file FILE and
      --to-file FILE read positions, one LAT,LNG a line. With --meters also the
      distances, for which each way is looked for on its own.

  housecall-map isochrone MAP --from LAT,LNG … [--minutes 10,20,30]
                              [--home LAT,LNG …]
                              [--radius METERS] [--at TIME [--holiday]]
                              [--ferries] [--no-tolls] [--json | --geojson]
      How far cars get from the nearest of the places in so many minutes, and
      which homes that reaches; with --geojson as areas and points to draw.
      --from-file FILE and --home-file FILE read positions.

  housecall-map bench MAP [--json]
      How quick answers are on this machine, beside plain Dijkstra. Takes about
      a minute on the map of a metropolis.

  housecall-map roads MAP -o FILE.geojson [--around LAT,LNG] [--kilometers 20]
                      [--json]
      Writes the roads as lines to draw, by class: what the screens show as
      map/roads.geojson. With --around only those within so many kilometres.

  housecall-map serve-geojson MAP [--port PORT] [--json]
      Answers /route, /isochrone and /roads as GeoJSON over HTTP, on this
      machine only, until it is stopped. Tells its address.

  housecall-map learned FILE [--all] [--json]
      What finished drives have taught about how fast roads are: FILE is the
      one that housecalld writes (its database's name with .drives). By kind of
      day, hour and class of road: the factor of time, the share of time that
      nine of ten drives do not exceed, how many drives and how much of them
      count. Without --all only where the factor is off by 2 % or more.

  housecall-map demo-town -o FILE.osm [--seed NUMBER] [--json]
      Writes an invented town as an OpenStreetMap file.

  --at: when, in Japan's time (2026-11-21T22:30) or with a zone
      (2026-11-21T22:30:00+09:00): speeds of that hour, and the turns and roads
      that are closed then. Without it, speeds are those of the map, and turns
      that are forbidden at some hours are not taken.
  --holiday: the day of --at is a public holiday.
  --ferries: cars may use ferries. --no-tolls: they may not use toll roads.
  --radius: how far a position may be from the nearest road (500 m).
  The output file may also stand without -o, as the last argument. Positions
  south or west are negative: --from=-33.9,18.4.
  Exit status: 0 done, 1 failed, 2 wrong usage.

Examples:
  housecall-map demo-town -o town.osm
  housecall-map import town.osm -o town.map
  housecall-map route town.map --from 35.6645,139.3820 --to 35.6760,139.3990
  housecall-map matrix town.map --from 35.6645,139.3820 \
      --to 35.6760,139.3990 --to 35.6700,139.3890
)";

// The arguments of a command: positional ones and flags.
struct Arguments {
  std::vector<std::string> positional;
  std::map<std::string, std::vector<std::string>> flags;

  bool Has(const std::string& flag) const { return flags.count(flag) > 0; }
  std::string Last(const std::string& flag,
                   const std::string& otherwise = "") const {
    const auto it = flags.find(flag);
    return it == flags.end() ? otherwise : it->second.back();
  }
  std::vector<std::string> All(const std::string& flag) const {
    const auto it = flags.find(flag);
    return it == flags.end() ? std::vector<std::string>() : it->second;
  }
};

// Wrong usage; InvalidArgument is also what files can be.
absl::Status UsageError(absl::string_view message) {
  return absl::UnimplementedError(message);
}

// `known`: flag → whether it takes a value.
absl::StatusOr<Arguments> Parse(const std::vector<std::string>& words,
                                const std::map<std::string, bool>& known) {
  Arguments arguments;
  for (size_t i = 0; i < words.size(); ++i) {
    absl::string_view word = words[i];
    if (word == "-o") word = "--output";
    if (!absl::StartsWith(word, "--")) {
      if (absl::StartsWith(word, "-")) {
        return UsageError(absl::StrCat("unknown flag ", word));
      }
      arguments.positional.emplace_back(word);
      continue;
    }
    const size_t equals = word.find('=');
    const std::string flag(word.substr(
        2, equals == absl::string_view::npos ? equals : equals - 2));
    const auto it = known.find(flag);
    if (it == known.end()) {
      return UsageError(absl::StrCat("unknown flag --", flag));
    }
    std::string value;
    if (equals != absl::string_view::npos) {
      if (!it->second) {
        return UsageError(absl::StrCat("--", flag, " takes no value"));
      }
      value = std::string(word.substr(equals + 1));
    } else if (it->second) {
      if (i + 1 == words.size()) {
        return UsageError(absl::StrCat("--", flag, " needs a value"));
      }
      value = words[++i];
    }
    arguments.flags[flag].push_back(value);
  }
  return arguments;
}

absl::StatusOr<LatLng> ParsePosition(absl::string_view text,
                                     absl::string_view what) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ',');
  LatLng position;
  if (parts.size() != 2 ||
      !absl::SimpleAtod(parts[0], &position.latitude_degrees) ||
      !absl::SimpleAtod(parts[1], &position.longitude_degrees)) {
    return UsageError(absl::StrCat(what, ": '", text,
                                   "' is not a position; write it as "
                                   "LAT,LNG, such as 35.6700,139.3900"));
  }
  if (absl::Status status = CheckLatLng(position); !status.ok()) {
    return UsageError(absl::StrCat(what, ": ", status.message()));
  }
  return position;
}

// The positions of --NAME, then those of the file --NAME-file.
absl::StatusOr<std::vector<LatLng>> Positions(const Arguments& arguments,
                                              const std::string& name) {
  std::vector<LatLng> positions;
  for (const std::string& text : arguments.All(name)) {
    const absl::StatusOr<LatLng> position =
        ParsePosition(text, absl::StrCat("--", name));
    if (!position.ok()) return position.status();
    positions.push_back(*position);
  }
  for (const std::string& path : arguments.All(absl::StrCat(name, "-file"))) {
    std::ifstream file(path);
    if (!file) return absl::NotFoundError(absl::StrCat("cannot open ", path));
    std::string line;
    for (int number = 1; std::getline(file, line); ++number) {
      const absl::string_view text = absl::StripAsciiWhitespace(line);
      if (text.empty() || text[0] == '#') continue;
      const absl::StatusOr<LatLng> position =
          ParsePosition(text, absl::StrCat(path, ":", number));
      if (!position.ok()) return position.status();
      positions.push_back(*position);
    }
  }
  if (positions.empty()) {
    return UsageError(absl::StrCat("give at least one --", name, " LAT,LNG"));
  }
  return positions;
}

absl::StatusOr<RoadTravelTimes::Options> TravelOptions(
    const Arguments& arguments) {
  RoadTravelTimes::Options options;
  const std::string radius = arguments.Last("radius");
  if (!radius.empty() &&
      (!absl::SimpleAtod(radius, &options.snap_radius_meters) ||
       !(options.snap_radius_meters >= 0 &&
         options.snap_radius_meters <= 100'000))) {
    return UsageError(absl::StrCat("--radius: '", radius,
                                   "' is not a number of metres from 0 to "
                                   "100000"));
  }
  return options;
}

// The only positional argument.
absl::StatusOr<std::string> MapArgument(const Arguments& arguments) {
  if (arguments.positional.size() != 1) {
    return UsageError("name one map file, as `housecall-map import` makes it");
  }
  return arguments.positional[0];
}

// A map's roads, at a time or at none.
struct OpenedRoads {
  std::shared_ptr<const RoadMap> map;
  std::shared_ptr<const RoadState> state;

  std::unique_ptr<RoadTravelTimes> Times(
      const RoadTravelTimes::Options& options) const {
    return std::make_unique<RoadTravelTimes>(state, options);
  }
};

absl::StatusOr<OpenedRoads> OpenRoads(const std::string& path,
                                      const Arguments& arguments) {
  const std::string at = arguments.Last("at");
  absl::Time time;
  if (!at.empty()) {
    LivingRoads::Options local;
    bool is_time = absl::ParseTime(absl::RFC3339_full, at, &time, nullptr);
    for (const char* format : {"%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"}) {
      is_time = is_time || absl::ParseTime(format, at, local.calendar.time_zone,
                                           &time, nullptr);
    }
    if (!is_time) {
      return UsageError(absl::StrCat(
          "--at: '", at, "' is not a time; write it as 2026-11-21T22:30"));
    }
  }
  absl::StatusOr<std::shared_ptr<const RoadMap>> map = OpenMap(path);
  if (!map.ok()) return map.status();
  LivingRoads::Options options;
  options.policy.use_tolls = !arguments.Has("no-tolls");
  options.policy.use_ferries = arguments.Has("ferries");
  if (arguments.Has("holiday")) {
    options.calendar.is_public_holiday = [](absl::CivilDay) { return true; };
  }
  if (at.empty()) return OpenedRoads{*map, StateOfMap(*map, options.policy)};
  const absl::StatusOr<std::unique_ptr<LivingRoads>> living =
      LivingRoads::Create(*map, std::move(options), time);
  if (!living.ok()) return living.status();
  return OpenedRoads{*map, (*living)->current()};
}

// Input files first, then the output file, which may also come with -o.
absl::StatusOr<std::vector<std::string>> FilesOf(const Arguments& arguments,
                                                 size_t wanted,
                                                 absl::string_view message) {
  std::vector<std::string> files = arguments.positional;
  for (const std::string& file : arguments.All("output")) files.push_back(file);
  if (files.size() != wanted) return UsageError(message);
  return files;
}

// One factor of LearnedSpeeds.
struct LearnedRow {
  DayClass day_class;
  int hour;
  RoadClass road_class;
};

std::string Minutes(absl::Duration duration) {
  return absl::StrFormat("%.1f", absl::ToDoubleMinutes(duration));
}

Json ToJson(const LatLng& position) {
  return Json{{"latitude", position.latitude_degrees},
              {"longitude", position.longitude_degrees}};
}

Json ToJson(const absl::Status& status) {
  return Json{{"code", absl::StatusCodeToString(status.code())},
              {"message", std::string(status.message())}};
}

absl::Status Import(const std::vector<std::string>& words) {
  const absl::StatusOr<Arguments> arguments =
      Parse(words, {{"output", true},
                    {"name", true},
                    {"attribution", true},
                    {"quiet", false},
                    {"json", false}});
  if (!arguments.ok()) return arguments.status();
  const absl::StatusOr<std::vector<std::string>> files = FilesOf(
      *arguments, 2, "name one source file and, after -o, one map file");
  if (!files.ok()) return files.status();

  if (arguments->Has("quiet") && arguments->Has("json")) {
    return UsageError("give --quiet or --json, not both");
  }
  const bool is_quiet = arguments->Has("quiet");
  const absl::Time start_time = absl::Now();
  ImportOptions options;
  options.name = arguments->Last("name");
  options.attribution = arguments->Last("attribution");
  std::string last_line;
  if (!is_quiet) {
    options.progress = [&](absl::string_view stage, double done) {
      constexpr int kBar = 30;
      const int filled = static_cast<int>(done * kBar);
      const std::string line = absl::StrFormat(
          "%s: %3d %%  [%s%s]", stage, static_cast<int>(done * 100),
          std::string(filled, '#'), std::string(kBar - filled, '.'));
      if (line == last_line) return;
      if (!absl::StartsWith(last_line, stage)) {
        if (!last_line.empty()) std::fputc('\n', stderr);
      }
      std::fprintf(stderr, "\r%s", line.c_str());
      std::fflush(stderr);
      last_line = line;
    };
  }
  ImportReport report;
  const absl::StatusOr<RoadData> data =
      ImportOsm((*files)[0], options, &report);
  absl::Status status = data.status();
  if (status.ok()) {
    if (options.progress) options.progress("writing the map", 0);
    status = SaveMap(*data, (*files)[1]);
    if (status.ok() && options.progress) options.progress("writing the map", 1);
  }
  if (!last_line.empty()) std::fputc('\n', stderr);
  if (!status.ok()) return status;
  if (is_quiet) return absl::OkStatus();
  if (arguments->Has("json")) {
    std::cout << Dump(Json{{"map", (*files)[1]},
                           {"name", data->name},
                           {"attribution", data->attribution},
                           {"ways", report.ways},
                           {"road_ways", report.road_ways},
                           {"nodes", data->nodes.size()},
                           {"segments", data->segments.size()},
                           {"barriers", report.barriers},
                           {"turn_relations", report.turn_relations},
                           {"forbidden_paths", report.forbidden_paths},
                           {"timed_closures", data->timed_closures.size()},
                           {"missing_nodes", report.missing_nodes},
                           {"impossible_roads", report.impossible_roads},
                           {"seconds", Rounded(absl::ToDoubleSeconds(
                                                   absl::Now() - start_time),
                                               0.001)}})
              << "\n";
    return absl::OkStatus();
  }
  std::fprintf(stderr, "%s",
               absl::StrFormat(
                   "%d of %d ways are roads for cars: %d segments, %d nodes; "
                   "%d nodes with barriers, %d forbidden turns\n",
                   report.road_ways, report.ways, data->segments.size(),
                   data->nodes.size(), report.barriers, report.forbidden_paths)
                   .c_str());
  if (report.missing_nodes > 0) {
    std::fprintf(stderr, "%s",
                 absl::StrFormat("%d nodes are not in the file; the roads end "
                                 "there\n",
                                 report.missing_nodes)
                     .c_str());
  }
  if (report.impossible_roads > 0) {
    std::fprintf(stderr, "%s",
                 absl::StrFormat("%d roads left out, longer than 1000 km\n",
                                 report.impossible_roads)
                     .c_str());
  }
  std::fprintf(
      stderr, "%s",
      absl::StrFormat("wrote %s in %.1f s; show with it: %s\n", (*files)[1],
                      absl::ToDoubleSeconds(absl::Now() - start_time),
                      data->attribution)
          .c_str());
  return absl::OkStatus();
}

absl::Status Info(const std::vector<std::string>& words) {
  const absl::StatusOr<Arguments> arguments = Parse(words, {{"json", false}});
  if (!arguments.ok()) return arguments.status();
  const absl::StatusOr<std::string> path = MapArgument(*arguments);
  if (!path.ok()) return path.status();
  const absl::StatusOr<std::shared_ptr<const RoadMap>> map = OpenMap(*path);
  if (!map.ok()) return map.status();

  const RoadData& data = (*map)->data();
  const BoundingBox& bounds = (*map)->bounds();
  std::map<RoadClass, double> meters;
  double total_meters = 0;
  uint32_t components = 0;
  size_t main_segments = 0;
  for (const Segment& segment : data.segments) {
    meters[segment.road_class] += segment.length_millimeters / 1000.0;
    total_meters += segment.length_millimeters / 1000.0;
    components = std::max(components, segment.component + 1);
    if (segment.Has(Segment::kReachesMain) &&
        segment.Has(Segment::kReachedFromMain)) {
      ++main_segments;
    }
  }
  const std::string source_time =
      data.source_time.has_value()
          ? absl::FormatTime("%Y-%m-%d %H:%M UTC", *data.source_time,
                             absl::UTCTimeZone())
          : "unknown";
  if (arguments->Has("json")) {
    Json classes = Json::object();
    for (const auto& [road_class, length] : meters) {
      classes[std::string(RoadClassName(road_class))] =
          Rounded(length / 1000, 0.001);
    }
    Json json = {{"name", data.name},
                 {"attribution", data.attribution},
                 {"source_time", nullptr},
                 {"format_version", kMapFormatVersion},
                 {"south_west", ToJson(bounds.south_west)},
                 {"north_east", ToJson(bounds.north_east)},
                 {"nodes", data.nodes.size()},
                 {"segments", data.segments.size()},
                 {"components", components},
                 {"segments_in_main_network", main_segments},
                 {"weight_unit_microseconds", data.weight_unit_microseconds},
                 {"kilometers", classes}};
    if (data.source_time.has_value()) {
      json["source_time"] = absl::FormatTime(
          absl::RFC3339_sec, *data.source_time, absl::UTCTimeZone());
    }
    std::cout << Dump(json) << "\n";
    return absl::OkStatus();
  }
  std::cout << absl::StrFormat(
      "name         %s\n"
      "attribution  %s\n"
      "source time  %s\n"
      "covers       latitudes %.4f to %.4f, longitudes %.4f to %.4f\n"
      "network      %d nodes, %d segments, %.0f km\n"
      "connected    %d parts; %d segments (%.1f %%) in the main network\n",
      data.name, data.attribution, source_time,
      bounds.south_west.latitude_degrees, bounds.north_east.latitude_degrees,
      bounds.south_west.longitude_degrees, bounds.north_east.longitude_degrees,
      data.nodes.size(), data.segments.size(), total_meters / 1000, components,
      main_segments,
      100.0 * static_cast<double>(main_segments) /
          static_cast<double>(data.segments.size()));
  for (const auto& [road_class, length] : meters) {
    std::cout << absl::StrFormat("  %-13s %8.1f km\n",
                                 RoadClassName(road_class), length / 1000);
  }
  return absl::OkStatus();
}

// What every question about drives says.
struct Question {
  Arguments arguments;
  std::string map;
  std::vector<LatLng> from;
  RoadTravelTimes::Options options;
};

// With the flags of all such questions and some of its own.
absl::StatusOr<Question> ParseQuestion(const std::vector<std::string>& words,
                                       std::map<std::string, bool> flags) {
  flags.insert({{"from", true},
                {"radius", true},
                {"at", true},
                {"holiday", false},
                {"ferries", false},
                {"no-tolls", false},
                {"json", false}});
  Question question;
  absl::StatusOr<Arguments> arguments = Parse(words, flags);
  if (!arguments.ok()) return arguments.status();
  question.arguments = *std::move(arguments);
  absl::StatusOr<std::string> map = MapArgument(question.arguments);
  if (!map.ok()) return map.status();
  question.map = *std::move(map);
  absl::StatusOr<std::vector<LatLng>> from =
      Positions(question.arguments, "from");
  if (!from.ok()) return from.status();
  question.from = *std::move(from);
  if (question.arguments.Has("json") && question.arguments.Has("geojson")) {
    return UsageError("give --json or --geojson, not both");
  }
  absl::StatusOr<RoadTravelTimes::Options> options =
      TravelOptions(question.arguments);
  if (!options.ok()) return options.status();
  question.options = *options;
  return question;
}

absl::Status FindRoute(const std::vector<std::string>& words) {
  const absl::StatusOr<Question> question =
      ParseQuestion(words, {{"to", true}, {"geojson", false}});
  if (!question.ok()) return question.status();
  const Arguments& arguments = question->arguments;
  const absl::StatusOr<std::vector<LatLng>> to = Positions(arguments, "to");
  if (!to.ok()) return to.status();
  if (question->from.size() != 1 || to->size() != 1) {
    return UsageError("a route has one --from and one --to");
  }

  const absl::StatusOr<OpenedRoads> roads = OpenRoads(question->map, arguments);
  if (!roads.ok()) return roads.status();
  const RoadData& data = roads->map->data();
  const absl::StatusOr<Route> route =
      roads->Times(question->options)
          ->FindRoute(question->from.front(), to->front());
  if (!route.ok()) return route.status();
  const std::string& attribution = data.attribution;

  if (arguments.Has("geojson")) {
    std::cout << Dump(RouteGeoJson(*route, data)) << "\n";
    return absl::OkStatus();
  }
  if (arguments.Has("json")) {
    Json points = Json::array();
    for (const LatLng& point : route->points) points.push_back(ToJson(point));
    std::cout << Dump(Json{{"seconds", absl::ToDoubleSeconds(route->duration)},
                           {"late_seconds",
                            Rounded(absl::ToDoubleSeconds(route->late_duration),
                                    0.001)},
                           {"meters", route->distance_meters},
                           {"meters_from_road_at_start",
                            Rounded(route->from_road_meters, 0.001)},
                           {"meters_from_road_at_end",
                            Rounded(route->to_road_meters, 0.001)},
                           {"roads", roads->state->description},
                           {"steps", StepsJson(*route)},
                           {"points", points},
                           {"attribution", attribution}})
              << "\n";
    return absl::OkStatus();
  }
  std::cout << absl::StrFormat(
      "%s min, %.2f km; nine of ten such drives take no more than %s min\n",
      Minutes(route->duration), route->distance_meters / 1000,
      Minutes(route->late_duration));
  for (const RouteStep& step : route->steps) {
    std::cout << absl::StrFormat(
        "  %5s min  %7.0f m  %s\n", Minutes(step.duration),
        step.distance_meters,
        step.road_name.empty() ? "(no name)" : step.road_name);
  }
  std::cout << absl::StrFormat(
      "The road is %.0f m from the start, %.0f m from the goal.\n%s\n",
      route->from_road_meters, route->to_road_meters, attribution);
  return absl::OkStatus();
}

absl::Status Matrix(const std::vector<std::string>& words) {
  const absl::StatusOr<Question> question =
      ParseQuestion(words, {{"from-file", true},
                            {"to", true},
                            {"to-file", true},
                            {"meters", false}});
  if (!question.ok()) return question.status();
  const Arguments& arguments = question->arguments;
  const std::vector<LatLng>& from = question->from;
  const absl::StatusOr<std::vector<LatLng>> to = Positions(arguments, "to");
  if (!to.ok()) return to.status();

  const absl::StatusOr<OpenedRoads> roads = OpenRoads(question->map, arguments);
  if (!roads.ok()) return roads.status();
  const RoadData& data = roads->map->data();
  const std::unique_ptr<RoadTravelTimes> source =
      roads->Times(question->options);
  const absl::StatusOr<TravelTable> table = source->Times(from, *to);
  if (!table.ok()) return table.status();

  if (arguments.Has("json")) {
    Json seconds = Json::array();
    Json meters = Json::array();
    for (size_t i = 0; i < table->origins(); ++i) {
      Json seconds_row = Json::array();
      Json meters_row = Json::array();
      for (size_t j = 0; j < table->destinations(); ++j) {
        const TravelCell& cell = table->at(i, j);
        if (!cell.reachable) {
          seconds_row.push_back(nullptr);
          meters_row.push_back(nullptr);
          continue;
        }
        seconds_row.push_back(absl::ToDoubleSeconds(cell.duration));
        if (!arguments.Has("meters")) continue;
        const absl::StatusOr<Route> route =
            source->FindRoute(from[i], (*to)[j]);
        if (!route.ok()) return route.status();
        meters_row.push_back(Rounded(route->distance_meters, 0.001));
      }
      seconds.push_back(seconds_row);
      meters.push_back(meters_row);
    }
    Json from_status = Json::array();
    for (size_t i = 0; i < table->origins(); ++i) {
      from_status.push_back(ToJson(table->origin_status(i)));
    }
    Json to_status = Json::array();
    for (size_t j = 0; j < table->destinations(); ++j) {
      to_status.push_back(ToJson(table->destination_status(j)));
    }
    Json answer = {{"seconds", seconds},
                   {"from_status", from_status},
                   {"to_status", to_status},
                   {"roads", roads->state->description},
                   {"attribution", data.attribution}};
    if (arguments.Has("meters")) answer["meters"] = meters;
    std::cout << Dump(answer) << "\n";
    return absl::OkStatus();
  }
  std::cout << "minutes ";
  for (size_t j = 0; j < table->destinations(); ++j) {
    std::cout << absl::StrFormat("%8s", absl::StrCat("to ", j + 1));
  }
  std::cout << "\n";
  for (size_t i = 0; i < table->origins(); ++i) {
    std::cout << absl::StrFormat("from %-3d", i + 1);
    for (size_t j = 0; j < table->destinations(); ++j) {
      const TravelCell& cell = table->at(i, j);
      std::cout << absl::StrFormat(
          "%8s", cell.reachable ? Minutes(cell.duration) : "-");
    }
    std::cout << "\n";
  }
  const auto complain = [](const char* side, size_t i,
                           const absl::Status& status) {
    if (status.ok()) return;
    std::cout << side << " " << i + 1 << ": " << status.message() << "\n";
  };
  for (size_t i = 0; i < table->origins(); ++i) {
    complain("from", i, table->origin_status(i));
  }
  for (size_t j = 0; j < table->destinations(); ++j) {
    complain("to", j, table->destination_status(j));
  }
  std::cout << data.attribution << "\n";
  return absl::OkStatus();
}

// How soon the nearest of some cars is at each home.
absl::StatusOr<std::vector<HomeReach>> FindHomes(
    const TravelTimeSource& source, const std::vector<LatLng>& from,
    const std::vector<LatLng>& positions) {
  const absl::StatusOr<TravelTable> table = source.Times(from, positions);
  if (!table.ok()) return table.status();
  std::vector<HomeReach> homes;
  for (size_t j = 0; j < positions.size(); ++j) {
    HomeReach home;
    home.position = positions[j];
    home.problem = table->destination_status(j).ok()
                       ? "no way leads there"
                       : std::string(table->destination_status(j).message());
    for (size_t i = 0; i < from.size(); ++i) {
      const TravelCell& cell = table->at(i, j);
      if (!cell.reachable) continue;
      home.duration =
          std::min(home.duration.value_or(cell.duration), cell.duration);
    }
    homes.push_back(std::move(home));
  }
  return homes;
}

absl::Status Isochrone(const std::vector<std::string>& words) {
  const absl::StatusOr<Question> question =
      ParseQuestion(words, {{"from-file", true},
                            {"home", true},
                            {"home-file", true},
                            {"minutes", true},
                            {"geojson", false}});
  if (!question.ok()) return question.status();
  const Arguments& arguments = question->arguments;
  std::vector<double> minutes;
  for (const absl::string_view part :
       absl::StrSplit(arguments.Last("minutes", "10,20,30"), ',')) {
    double number;
    if (!absl::SimpleAtod(part, &number) || !(number >= 0 && number <= 1440)) {
      return UsageError(absl::StrCat("--minutes: '", part,
                                     "' is not a number from 0 to 1440"));
    }
    minutes.push_back(number);
  }
  const absl::StatusOr<OpenedRoads> roads = OpenRoads(question->map, arguments);
  if (!roads.ok()) return roads.status();
  const RoadData& data = roads->map->data();
  const absl::StatusOr<std::vector<Reach>> reaches =
      FindReach(*roads->state, question->from, minutes,
                question->options.snap_radius_meters);
  if (!reaches.ok()) return reaches.status();
  std::vector<HomeReach> homes;
  if (arguments.Has("home") || arguments.Has("home-file")) {
    const absl::StatusOr<std::vector<LatLng>> positions =
        Positions(arguments, "home");
    if (!positions.ok()) return positions.status();
    absl::StatusOr<std::vector<HomeReach>> found =
        FindHomes(*roads->Times(question->options), question->from, *positions);
    if (!found.ok()) return found.status();
    homes = *std::move(found);
  }
  const auto homes_within = [&](double some_minutes) {
    return std::count_if(homes.begin(), homes.end(), [&](const HomeReach& h) {
      return h.duration.has_value() &&
             absl::ToDoubleMinutes(*h.duration) <= some_minutes;
    });
  };
  if (arguments.Has("geojson")) {
    std::cout << Dump(ReachGeoJson(*reaches, homes, data)) << "\n";
    return absl::OkStatus();
  }
  double all_kilometers = 0;
  for (const Segment& segment : data.segments) {
    all_kilometers += segment.length_millimeters / 1e6;
  }
  const auto share = [&](const Reach& reach) {
    return reach.road_kilometers / all_kilometers;
  };
  if (arguments.Has("json")) {
    Json rows = Json::array();
    for (const Reach& reach : *reaches) {
      rows.push_back(
          {{"minutes", reach.minutes},
           {"road_kilometers", Rounded(reach.road_kilometers, 0.001)},
           {"share_of_roads", Rounded(share(reach), 0.0001)}});
      if (!homes.empty()) rows.back()["homes"] = homes_within(reach.minutes);
    }
    Json answer = {{"reaches", rows},
                   {"roads", roads->state->description},
                   {"attribution", data.attribution}};
    for (const HomeReach& home : homes) {
      answer["home_seconds"].push_back(
          home.duration.has_value()
              ? Json(absl::ToDoubleSeconds(*home.duration))
              : Json(nullptr));
    }
    std::cout << Dump(answer) << "\n";
    return absl::OkStatus();
  }
  std::cout << "minutes   roads reached"
            << (homes.empty() ? "" : "        homes") << "\n";
  for (const Reach& reach : *reaches) {
    std::cout << absl::StrFormat("%7.1f %9.1f km  %5.1f %%", reach.minutes,
                                 reach.road_kilometers, share(reach) * 100);
    if (!homes.empty()) {
      std::cout << absl::StrFormat("  %4d of %d", homes_within(reach.minutes),
                                   homes.size());
    }
    std::cout << "\n";
  }
  for (size_t i = 0; i < homes.size(); ++i) {
    std::cout << absl::StrFormat(
        "home %-3d %s\n", i + 1,
        homes[i].duration.has_value()
            ? absl::StrCat(Minutes(*homes[i].duration), " min")
            : homes[i].problem);
  }
  std::cout << data.attribution << "\n";
  return absl::OkStatus();
}

std::string TimeText(double seconds) {
  return seconds < 0      ? "-"
         : seconds < 1e-3 ? absl::StrFormat("%.1f us", seconds * 1e6)
         : seconds < 1    ? absl::StrFormat("%.2f ms", seconds * 1e3)
                          : absl::StrFormat("%.2f s", seconds);
}

absl::Status Bench(const std::vector<std::string>& words) {
  const absl::StatusOr<Arguments> arguments = Parse(words, {{"json", false}});
  if (!arguments.ok()) return arguments.status();
  const absl::StatusOr<std::string> path = MapArgument(*arguments);
  if (!path.ok()) return path.status();
  const absl::StatusOr<std::shared_ptr<const RoadMap>> map = OpenMap(*path);
  if (!map.ok()) return map.status();
  const bool is_json = arguments->Has("json");
  Json figures = Json::array();
  if (!is_json) {
    std::cout << absl::StrFormat("%-46s %10s %10s\n", "", "index", "Dijkstra");
  }
  MeasureMap(*map, [&](const Figure& figure) {
    if (is_json) {
      figures.push_back(
          {{"what", figure.what},
           {"seconds", figure.seconds},
           {"dijkstra_seconds", figure.plain_seconds < 0
                                    ? Json(nullptr)
                                    : Json(figure.plain_seconds)}});
      return;
    }
    std::cout << absl::StrFormat("%-46s %10s %10s\n", figure.what,
                                 TimeText(figure.seconds),
                                 TimeText(figure.plain_seconds))
              << std::flush;
  });
  if (is_json) std::cout << Dump(Json{{"figures", figures}}) << "\n";
  return absl::OkStatus();
}

absl::Status Serve(const std::vector<std::string>& words) {
  const absl::StatusOr<Arguments> arguments =
      Parse(words, {{"port", true}, {"json", false}});
  if (!arguments.ok()) return arguments.status();
  const absl::StatusOr<std::string> path = MapArgument(*arguments);
  if (!path.ok()) return path.status();
  uint32_t port = 0;
  if (!absl::SimpleAtoi(arguments->Last("port", "0"), &port) || port > 65535) {
    return UsageError(absl::StrCat("--port: '", arguments->Last("port"),
                                   "' is not a number from 0 to 65535"));
  }
  const absl::StatusOr<std::shared_ptr<const RoadMap>> map = OpenMap(*path);
  if (!map.ok()) return map.status();
  const bool is_json = arguments->Has("json");
  return ServeGeoJson(
      *map, static_cast<uint16_t>(port), [is_json](uint16_t bound) {
        const std::string address =
            absl::StrCat("http://127.0.0.1:", bound, "/");
        std::cout << (is_json ? Dump(Json{{"address", address}}) : address)
                  << std::endl;
      });
}

absl::Status Roads(const std::vector<std::string>& words) {
  const absl::StatusOr<Arguments> arguments =
      Parse(words, {{"output", true},
                    {"around", true},
                    {"kilometers", true},
                    {"json", false}});
  if (!arguments.ok()) return arguments.status();
  const absl::StatusOr<std::vector<std::string>> files = FilesOf(
      *arguments, 2, "name one map file and, after -o, one file to write");
  if (!files.ok()) return files.status();
  double kilometers = 0;
  const std::string given = arguments->Last("kilometers", "20");
  if (!absl::SimpleAtod(given, &kilometers) ||
      !(kilometers > 0 && kilometers <= 1000)) {
    return UsageError(absl::StrCat("--kilometers: '", given,
                                   "' is not a number from 0 to 1000"));
  }
  std::optional<LatLng> around;
  if (arguments->Has("around")) {
    const absl::StatusOr<LatLng> position =
        ParsePosition(arguments->Last("around"), "--around");
    if (!position.ok()) return position.status();
    around = *position;
  }
  const absl::StatusOr<std::shared_ptr<const RoadMap>> map =
      OpenMap((*files)[0]);
  if (!map.ok()) return map.status();
  BoundingBox box = (*map)->bounds();
  if (around.has_value()) {
    constexpr double kKilometersPerDegree = 111.2;
    const double north = kilometers / kKilometersPerDegree;
    const double east =
        north / std::max(0.01, std::cos(around->latitude_degrees * M_PI / 180));
    box = {
        {around->latitude_degrees - north, around->longitude_degrees - east},
        {around->latitude_degrees + north, around->longitude_degrees + east}};
  }
  const std::string& path = (*files)[1];
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << RoadLinesGeoJson(**map, box)
              .dump(-1, ' ', false, Json::error_handler_t::replace)
       << "\n";
  file.close();
  if (!file) return absl::InternalError(absl::StrCat("cannot write ", path));
  if (arguments->Has("json")) std::cout << Dump(Json{{"file", path}}) << "\n";
  return absl::OkStatus();
}

absl::Status Learned(const std::vector<std::string>& words) {
  const absl::StatusOr<Arguments> arguments =
      Parse(words, {{"all", false}, {"json", false}});
  if (!arguments.ok()) return arguments.status();
  if (arguments->positional.size() != 1) {
    return UsageError("name one file of drives, as housecalld writes it");
  }
  const absl::StatusOr<RecordedDrives> recorded =
      ReadDrives(arguments->positional[0]);
  if (!recorded.ok()) return recorded.status();
  const LearnedSpeeds learned(recorded->drives);
  const double least_share = arguments->Has("all") ? 0 : 0.02;
  std::vector<LearnedRow> rows;
  for (int day = 0; day < kDayClasses; ++day) {
    for (int hour = 0; hour < 24; ++hour) {
      for (int i = 0; i < kRoadClasses; ++i) {
        const LearnedRow row = {static_cast<DayClass>(day), hour,
                                static_cast<RoadClass>(i)};
        const LearnedSpeed& speed =
            learned.At(row.day_class, hour, row.road_class);
        if (speed.drives > 0 &&
            std::abs(speed.time_factor - 1) >= least_share) {
          rows.push_back(row);
        }
      }
    }
  }
  if (arguments->Has("json")) {
    Json list = Json::array();
    for (const LearnedRow& row : rows) {
      const LearnedSpeed& speed =
          learned.At(row.day_class, row.hour, row.road_class);
      list.push_back(
          Json{{"day", std::string(DayClassName(row.day_class))},
               {"hour", row.hour},
               {"road_class", std::string(RoadClassName(row.road_class))},
               {"time_factor", Rounded(speed.time_factor, 0.001)},
               {"late_factor", Rounded(speed.LateFactor(), 0.001)},
               {"drives", speed.drives},
               {"driven_seconds",
                Rounded(absl::ToDoubleSeconds(speed.driven), 0.1)}});
    }
    std::cout << Dump(Json{{"drives", recorded->drives.size()},
                           {"drives_learned_from", learned.drives()},
                           {"unread_lines", recorded->unread_lines},
                           {"factors", list}})
              << "\n";
    return absl::OkStatus();
  }
  std::cout << absl::StrFormat(
      "%d drives, of which %d teach something; %d lines could not be read\n",
      recorded->drives.size(), learned.drives(), recorded->unread_lines);
  if (rows.empty()) return absl::OkStatus();
  std::cout << absl::StrFormat("%-9s %4s  %-13s %6s %6s %7s  %s\n", "day",
                               "hour", "road", "time x", "late x", "drives",
                               "on such roads");
  for (const LearnedRow& row : rows) {
    const LearnedSpeed& speed =
        learned.At(row.day_class, row.hour, row.road_class);
    std::cout << absl::StrFormat("%-9s %4d  %-13s %6.2f %6.2f %7d  %s min\n",
                                 DayClassName(row.day_class), row.hour,
                                 RoadClassName(row.road_class),
                                 speed.time_factor, speed.LateFactor(),
                                 speed.drives, Minutes(speed.driven));
  }
  return absl::OkStatus();
}

absl::Status DemoTown(const std::vector<std::string>& words) {
  const absl::StatusOr<Arguments> arguments =
      Parse(words, {{"output", true}, {"seed", true}, {"json", false}});
  if (!arguments.ok()) return arguments.status();
  const absl::StatusOr<std::vector<std::string>> files =
      FilesOf(*arguments, 1, "name one file to write, after -o");
  if (!files.ok()) return files.status();
  const std::string& path = files->front();
  uint64_t seed = 0;
  if (!absl::SimpleAtoi(arguments->Last("seed", "1"), &seed)) {
    return UsageError(absl::StrCat("--seed: '", arguments->Last("seed"),
                                   "' is not a whole number"));
  }
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << DemoTownOsm(seed);
  file.close();
  if (!file) return absl::InternalError(absl::StrCat("cannot write ", path));
  if (arguments->Has("json")) {
    std::cout << Dump(Json{{"file", path}, {"seed", seed}}) << "\n";
    return absl::OkStatus();
  }
  std::fprintf(stderr,
               "wrote %s, a town that does not exist; next: housecall-map "
               "import %s -o town.map\n",
               path.c_str(), path.c_str());
  return absl::OkStatus();
}

int Run(const std::vector<std::string>& words) {
  static const std::map<std::string,
                        absl::Status (*)(const std::vector<std::string>&)>
      commands = {{"import", Import},       {"info", Info},
                  {"route", FindRoute},     {"matrix", Matrix},
                  {"isochrone", Isochrone}, {"bench", Bench},
                  {"roads", Roads},         {"serve-geojson", Serve},
                  {"learned", Learned},     {"demo-town", DemoTown}};
  if (words.empty()) {
    std::fputs(kHelp, stderr);
    return kUsage;
  }
  for (const std::string& word : words) {
    if (word == "--help" || word == "-h" || words[0] == "help") {
      std::fputs(kHelp, stdout);
      return kOk;
    }
  }
  const auto command = commands.find(words[0]);
  if (command == commands.end()) {
    std::fprintf(stderr,
                 "housecall-map: unknown command '%s'; see housecall-map "
                 "--help\n",
                 words[0].c_str());
    return kUsage;
  }
  const absl::Status status = command->second({words.begin() + 1, words.end()});
  std::cout.flush();
  if (status.ok() && !std::cout) {
    std::fputs("housecall-map: cannot write to standard output\n", stderr);
    return kFailure;
  }
  if (status.ok()) return kOk;
  std::fprintf(stderr, "housecall-map %s: %s\n", words[0].c_str(),
               std::string(status.message()).c_str());
  if (!absl::IsUnimplemented(status)) return kFailure;
  std::fprintf(stderr, "See housecall-map --help.\n");
  return kUsage;
}

}  // namespace
}  // namespace housecall::router

int main(int argc, char** argv) {
  return housecall::router::Run({argv + 1, argv + argc});
}
