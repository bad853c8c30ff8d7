#include "router/import/import.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <exception>
#include <fstream>
#include <map>
#include <numeric>
#include <optional>
#include <osmium/io/any_input.hpp>
#include <osmium/osm/node.hpp>
#include <osmium/osm/relation.hpp>
#include <osmium/osm/way.hpp>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "router/import/demo_town.h"
#include "router/import/road_rules.h"
#include "router/import/turn_rules.h"
#include "router/polyline.h"
#include "router/road_builder.h"

namespace housecall::router {
namespace {

constexpr char kOsmAttribution[] = "© OpenStreetMap contributors, ODbL 1.0";
constexpr char kChallengeAttribution[] =
    "U.S. Census Bureau, TIGER/Line; 9th DIMACS Implementation Challenge "
    "(public domain)";

// The weights of the DIMACS challenge have no unit of their own. In the New
// York file they fit the speed limits beside them (125, 100, 75 and 50 km/h) at
// 2.88 ms: a decimetre at 125 km/h.
constexpr uint32_t kGivenWeightUnitMicroseconds = 2880;

// Nobody builds a road of this length without a junction; and its weight would
// not fit.
constexpr double kLongestRoadMeters = 1'000'000;

// The file begins as this format does; none: it is not OpenStreetMap data.
std::optional<std::string> SniffFormat(const std::string& path) {
  char head[64] = {};
  std::ifstream file(path, std::ios::binary);
  file.read(head, sizeof(head));
  absl::string_view text(head, static_cast<size_t>(file.gcount()));
  if (absl::StartsWith(text, "\x1f\x8b")) return "osm.gz";
  if (absl::StartsWith(text, "BZh")) return "osm.bz2";
  if (absl::StrContains(text, "OSMHeader")) return "pbf";
  absl::ConsumePrefix(&text, "\xef\xbb\xbf");
  if (absl::StartsWith(absl::StripLeadingAsciiWhitespace(text), "<")) {
    return "osm";
  }
  return std::nullopt;
}

absl::Status CheckReadable(const std::string& path) {
  struct stat info;
  int error = 0;
  if (stat(path.c_str(), &info) != 0) {
    error = errno;
  } else if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is not a file; name an .osm.pbf file"));
  } else if (!std::ifstream(path, std::ios::binary)) {
    error = errno;
  }
  if (error == 0) return absl::OkStatus();
  const std::string message =
      absl::StrCat("cannot open ", path, ": ", std::strerror(error));
  if (error == ENOENT || error == ENOTDIR) return absl::NotFoundError(message);
  return absl::PermissionDeniedError(message);
}

// "town" of "maps/town.osm.pbf".
std::string Stem(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string file =
      slash == std::string::npos ? path : path.substr(slash + 1);
  return file.substr(0, file.find('.', 1));
}

// libosmium keeps keys and values one after the other and finds each by the end
// of the one before. One with a zero in it, which no XML has but a PBF file
// may, would lead its own iterators beyond the end.
Tags TagsOf(const osmium::OSMObject& object) {
  Tags tags;
  const osmium::TagList& list = object.tags();
  const auto* const data = reinterpret_cast<const char*>(list.data());
  absl::string_view rest(data + sizeof(osmium::TagList),
                         list.byte_size() - sizeof(osmium::TagList));
  while (!rest.empty()) {
    const size_t key = rest.find('\0');
    const size_t value = rest.find('\0', key + 1);
    if (key == absl::string_view::npos || value == absl::string_view::npos) {
      break;
    }
    tags.Add(rest.substr(0, key), rest.substr(key + 1, value - key - 1));
    rest.remove_prefix(value + 1);
  }
  return tags;
}

// A way that is a road: the numbers of its nodes, and what its tags say.
struct RoadWay {
  int64_t id;
  size_t first_node;
  size_t end_node;
  uint32_t rules;
};

// Roads alike enough to be one: all of RoadRules.
using RulesKey = std::tuple<RoadClass, uint8_t, double, double, RoadHours, bool,
                            RoadHours, bool, std::string>;

// A part of a way between two nodes that roads may meet at.
struct Edge {
  uint32_t from_node;
  uint32_t to_node;
  uint32_t rules;
  // Of the way's nodes, both ends included.
  size_t first_node;
  size_t end_node;
  double meters;
  // The part of a given weight and length that falls to this edge.
  std::optional<uint32_t> weight;
  std::optional<uint32_t> length_millimeters;
};

class Importer {
 public:
  Importer(const std::string& path, std::string format,
           const ImportOptions& options, ImportReport* report)
      // An absolute path, or one that begins with a dot, is never taken for the
      // standard input ("-") or for an address on the web.
      : file_(path[0] == '/' ? path : absl::StrCat("./", path), format),
        path_(path),
        options_(options),
        report_(*report) {}

  // These may throw what libosmium throws.
  void ReadTurnRelations();
  void ReadWays();
  void ReadNodes();

  absl::StatusOr<RoadData> Build();

 private:
  static constexpr uint32_t kNone = 0xffffffff;

  // An edge in a chain of edges, and whether it lies there the other way round.
  struct Link {
    uint32_t edge;
    bool reversed;
  };

  void Progress(absl::string_view stage, const osmium::io::Reader& reader) {
    if (!options_.progress || reader.file_size() == 0) return;
    options_.progress(stage,
                      std::min(1.0, static_cast<double>(reader.offset()) /
                                        reader.file_size()));
  }

  uint32_t NumberOfRules(const RoadRules& rules);
  void CutWays();
  void CutWay(const RoadWay& way);
  bool IsCutOff(const RoadWay& way, uint32_t node) const;
  void CloseBehindGates();
  // The way to a house, or around one.
  static bool IsDrive(const RoadRules& rules) {
    return rules.road_class == RoadClass::kService ||
           (rules.flags & Segment::kEndsOnly) != 0;
  }
  void FindTurnNodes();
  void FindChains();
  bool ContinuesThrough(uint32_t node, Link in, Link* out) const;
  void AddRoad(const std::vector<Link>& chain);
  int CrossingsOf(const std::vector<Link>& chain, bool backward) const;
  void ForbidTurns();
  void ForbidTurn(const TurnRelation& relation);
  std::vector<Link> ViaLinks(const TurnRelation& relation,
                             const std::vector<Link>& from,
                             const std::vector<Link>& to) const;
  std::vector<Link> LinksOf(const std::vector<int64_t>& ways) const;
  void Forbid(const std::vector<Link>& links, const RoadHours& hours);

  uint32_t EndOf(const Link& link) const {
    return link.reversed ? edges_[link.edge].from_node
                         : edges_[link.edge].to_node;
  }
  uint32_t BeginOf(const Link& link) const {
    return EndOf({link.edge, !link.reversed});
  }

  const osmium::io::File file_;
  const std::string path_;
  const ImportOptions& options_;
  ImportReport& report_;

  std::string generator_;
  std::optional<absl::Time> source_time_;

  std::vector<RoadRules> rules_;
  std::map<RulesKey, uint32_t> rules_numbers_;
  std::vector<RoadWay> ways_;
  std::vector<TurnRelation> turn_relations_;
  // Of all road ways, one after the other: first the source's ids, then, in the
  // same order, positions in node_ids_.
  std::vector<int64_t> way_node_ids_;
  std::vector<uint32_t> way_nodes_;
  bool has_given_weights_ = false;
  uint32_t unit_microseconds() const {
    return has_given_weights_ ? kGivenWeightUnitMicroseconds : 1000;
  }
  // Of a whole ferry.
  uint32_t FerryWeight(const RoadRules& rules, double meters) const {
    const double km_per_hour =
        std::max(rules.forward_km_per_hour, rules.backward_km_per_hour);
    const absl::Duration crossing =
        rules.crossing.value_or(absl::Seconds(meters * 3.6 / km_per_hour));
    return static_cast<uint32_t>(
        std::lround(absl::ToDoubleMicroseconds(crossing + rules.waiting) /
                    unit_microseconds()));
  }

  // The nodes that roads need, by id.
  std::vector<int64_t> node_ids_;
  std::vector<FixedPoint> positions_;
  std::vector<bool> located_;
  std::vector<Barrier> barriers_;
  // By node: a private gate at which somebody's drive begins.
  std::vector<bool> is_at_drive_;
  std::vector<bool> has_rails_;
  // How often roads pass: 0, 1, 2 or more.
  std::vector<uint8_t> uses_;

  // Nodes of the graph to be: first those of node_ids_, then, for each road
  // that ends at a barrier, one of its own.
  std::vector<uint32_t> split_nodes_;
  std::vector<Edge> edges_;
  // The edges at each node, if they are two; else kNone.
  std::vector<std::pair<uint32_t, uint32_t>> edge_pairs_;
  // By way: its edges, first and end.
  std::vector<std::pair<uint32_t, uint32_t>> way_edges_;
  // The ways of restrictions, by the source's numbers.
  std::map<int64_t, uint32_t> turn_ways_;
  // The nodes at which a restriction tells roads apart, and the edges that lead
  // away from them.
  std::map<uint32_t, std::vector<Link>> turn_nodes_;
  // By edge: the road that it became part of, as it is driven along the edge;
  // none if the road was left out.
  std::vector<std::optional<ArcRoad>> edge_roads_;
  RoadBuilder builder_;
  std::vector<uint32_t> builder_nodes_;
};

uint32_t Importer::NumberOfRules(const RoadRules& rules) {
  // Each way with weights of its own stays as it is.
  if (!rules.given_weight.has_value() && !rules.is_ferry()) {
    const auto [it, is_new] = rules_numbers_.try_emplace(
        {rules.road_class, rules.flags, rules.forward_km_per_hour,
         rules.backward_km_per_hour, rules.forward_closure.hours,
         rules.forward_closure.is_usual, rules.backward_closure.hours,
         rules.backward_closure.is_usual, rules.name},
        static_cast<uint32_t>(rules_.size()));
    if (!is_new) return it->second;
  }
  rules_.push_back(rules);
  return static_cast<uint32_t>(rules_.size()) - 1;
}

void Importer::ReadTurnRelations() {
  osmium::io::Reader reader(file_, osmium::osm_entity_bits::relation);
  while (const osmium::memory::Buffer buffer = reader.read()) {
    for (const osmium::Relation& source : buffer.select<osmium::Relation>()) {
      if (!source.visible()) continue;
      const std::vector<TimedTurnRule> rules = JudgeTurn(TagsOf(source));
      if (rules.empty()) continue;
      ++report_.turn_relations;
      TurnRelation relation;
      for (const osmium::RelationMember& member : source.members()) {
        const std::string role = member.role();
        const bool is_way = member.type() == osmium::item_type::way;
        if (is_way && role == "from") {
          relation.from_ways.push_back(member.ref());
        } else if (is_way && role == "to") {
          relation.to_ways.push_back(member.ref());
        } else if (is_way && role == "via") {
          relation.via_ways.push_back(member.ref());
        } else if (member.type() == osmium::item_type::node && role == "via") {
          relation.via_node = member.ref();
        }
      }
      for (const TimedTurnRule& rule : rules) {
        relation.rule = rule.rule;
        relation.hours = rule.hours;
        turn_relations_.push_back(relation);
      }
    }
    Progress("reading restrictions", reader);
  }
  reader.close();
}

void Importer::ReadWays() {
  osmium::io::Reader reader(file_, osmium::osm_entity_bits::way);
  const osmium::io::Header header = reader.header();
  generator_ = header.get("generator");
  for (const char* key : {"osmosis_replication_timestamp", "timestamp"}) {
    absl::Time time;
    if (!source_time_.has_value() &&
        absl::ParseTime(absl::RFC3339_full, header.get(key), &time, nullptr)) {
      source_time_ = time;
    }
  }
  while (const osmium::memory::Buffer buffer = reader.read()) {
    for (const osmium::Way& way : buffer.select<osmium::Way>()) {
      ++report_.ways;
      if (!way.visible() || way.nodes().size() < 2) continue;
      const std::optional<RoadRules> rules = JudgeWay(TagsOf(way));
      if (!rules.has_value()) continue;
      ++report_.road_ways;
      if (rules->given_weight.has_value()) has_given_weights_ = true;
      RoadWay road = {way.id(), way_node_ids_.size(), 0, NumberOfRules(*rules)};
      for (const osmium::NodeRef& node : way.nodes()) {
        // A node twice in a row is a slip of the mapper's hand.
        if (way_node_ids_.size() > road.first_node &&
            way_node_ids_.back() == node.ref()) {
          continue;
        }
        way_node_ids_.push_back(node.ref());
      }
      road.end_node = way_node_ids_.size();
      ways_.push_back(road);
    }
    Progress("reading ways", reader);
  }
  reader.close();

  node_ids_ = way_node_ids_;
  std::sort(node_ids_.begin(), node_ids_.end());
  node_ids_.erase(std::unique(node_ids_.begin(), node_ids_.end()),
                  node_ids_.end());
  node_ids_.shrink_to_fit();
  way_nodes_.reserve(way_node_ids_.size());
  for (const int64_t id : way_node_ids_) {
    way_nodes_.push_back(static_cast<uint32_t>(
        std::lower_bound(node_ids_.begin(), node_ids_.end(), id) -
        node_ids_.begin()));
  }
  way_node_ids_ = {};
}

void Importer::ReadNodes() {
  positions_.resize(node_ids_.size());
  located_.resize(node_ids_.size());
  barriers_.resize(node_ids_.size());
  has_rails_.resize(node_ids_.size());
  osmium::io::Reader reader(file_, osmium::osm_entity_bits::node);
  while (const osmium::memory::Buffer buffer = reader.read()) {
    for (const osmium::Node& node : buffer.select<osmium::Node>()) {
      const auto it =
          std::lower_bound(node_ids_.begin(), node_ids_.end(), node.id());
      if (it == node_ids_.end() || *it != node.id()) continue;
      if (!node.visible() || !node.location().valid()) continue;
      const size_t number = static_cast<size_t>(it - node_ids_.begin());
      positions_[number] = {node.location().y(), node.location().x()};
      located_[number] = true;
      const Tags tags = TagsOf(node);
      barriers_[number] = BarrierOf(tags);
      has_rails_[number] = IsLevelCrossing(tags);
    }
    Progress("reading nodes", reader);
  }
  reader.close();
}

void Importer::CutWays() {
  uses_.resize(node_ids_.size());
  for (const uint32_t node : way_nodes_) {
    uses_[node] = static_cast<uint8_t>(std::min(2, uses_[node] + 1));
  }
  is_at_drive_.resize(node_ids_.size());
  for (const RoadWay& way : ways_) {
    if (!IsDrive(rules_[way.rules])) continue;
    for (size_t i = way.first_node; i < way.end_node; ++i) {
      is_at_drive_[way_nodes_[i]] = true;
    }
  }
  for (uint32_t node = 0; node < node_ids_.size(); ++node) {
    if (!located_[node]) ++report_.missing_nodes;
    if (!located_[node] || barriers_[node] == Barrier::kNone) continue;
    if (barriers_[node] == Barrier::kClosed || !is_at_drive_[node]) {
      ++report_.barriers;
    }
  }
  for (const RoadWay& way : ways_) {
    const uint32_t first = static_cast<uint32_t>(edges_.size());
    CutWay(way);
    way_edges_.emplace_back(first, static_cast<uint32_t>(edges_.size()));
  }
  CloseBehindGates();
}

// Whether the roads of a way are cut off at a node. A private gate at which a
// drive begins is that drive's, which is reached through it, also where it was
// drawn onto the street that passes; a street with such a gate and no drive is
// closed there.
bool Importer::IsCutOff(const RoadWay& way, uint32_t node) const {
  switch (barriers_[node]) {
    case Barrier::kNone:
      return false;
    case Barrier::kClosed:
      return true;
    case Barrier::kPrivate:
      return !IsDrive(rules_[way.rules]) && !is_at_drive_[node];
  }
  return true;
}

// Of each edge that can be reached through private gates alone, and of each
// drive that begins at one: it is there for those who live behind. Roads that
// are more than drives behind a gate, such as a whole estate's, stay as they
// are.
void Importer::CloseBehindGates() {
  const auto is_gate = [&](uint32_t node) {
    return node < barriers_.size() && barriers_[node] == Barrier::kPrivate;
  };
  // Roads that hang together without passing a private gate: by node, another
  // of the same, at last the one that stands for all.
  std::vector<uint32_t> same(node_ids_.size() + split_nodes_.size());
  std::iota(same.begin(), same.end(), 0U);
  const auto find = [&](uint32_t node) {
    while (same[node] != node) node = same[node] = same[same[node]];
    return node;
  };
  for (const Edge& edge : edges_) {
    if (is_gate(edge.from_node) || is_gate(edge.to_node)) continue;
    same[find(edge.from_node)] = find(edge.to_node);
  }
  std::vector<bool> is_at_gate(same.size());
  std::vector<bool> has_street(same.size());
  for (const Edge& edge : edges_) {
    const bool is_drive = IsDrive(rules_[edge.rules]);
    for (const auto& [node, other] :
         {std::pair(edge.from_node, edge.to_node),
          std::pair(edge.to_node, edge.from_node)}) {
      if (is_gate(node)) continue;
      if (!is_drive) has_street[find(node)] = true;
      if (is_gate(other)) is_at_gate[find(node)] = true;
    }
  }
  for (Edge& edge : edges_) {
    const RoadRules& rules = rules_[edge.rules];
    if (!IsDrive(rules) || (rules.flags & Segment::kEndsOnly) != 0) continue;
    const bool is_at_one = is_gate(edge.from_node) || is_gate(edge.to_node);
    const uint32_t same_roads = find(edge.from_node);
    if (!is_at_one && (!is_at_gate[same_roads] || has_street[same_roads])) {
      continue;
    }
    RoadRules behind_gate = rules;
    behind_gate.flags |= Segment::kEndsOnly;
    edge.rules = NumberOfRules(behind_gate);
  }
}

void Importer::CutWay(const RoadWay& way) {
  const RoadRules& rules = rules_[way.rules];
  const size_t first_edge = edges_.size();
  size_t begin = way.first_node;
  double meters = 0;
  for (size_t i = way.first_node; i < way.end_node; ++i) {
    const uint32_t node = way_nodes_[i];
    if (!located_[node]) {
      begin = i + 1;
      meters = 0;
      continue;
    }
    if (i == begin) {
      meters = 0;
      continue;
    }
    meters += StraightDistanceMeters(ToLatLng(positions_[way_nodes_[i - 1]]),
                                     ToLatLng(positions_[node]));
    const bool is_last = i + 1 == way.end_node || !located_[way_nodes_[i + 1]];
    if (!is_last && uses_[node] < 2 && barriers_[node] == Barrier::kNone) {
      continue;
    }
    Edge edge = {};
    edge.from_node = way_nodes_[begin];
    edge.to_node = node;
    edge.rules = way.rules;
    edge.first_node = begin;
    edge.end_node = i + 1;
    edge.meters = meters;
    edges_.push_back(edge);
    begin = i;
    meters = 0;
  }

  // A given weight is that of the whole way.
  if (rules.given_weight.has_value() || rules.is_ferry()) {
    double total = 0;
    for (size_t i = first_edge; i < edges_.size(); ++i) {
      total += edges_[i].meters;
    }
    const uint32_t whole = rules.given_weight.has_value()
                               ? *rules.given_weight
                               : FerryWeight(rules, total);
    double before = 0;
    const auto share = [&](uint32_t whole, double end) {
      const double from = total > 0 ? before / total : 0;
      const double to = total > 0 ? end / total : 1;
      return static_cast<uint32_t>(std::lround(whole * to) -
                                   std::lround(whole * from));
    };
    for (size_t i = first_edge; i < edges_.size(); ++i) {
      Edge& edge = edges_[i];
      const bool is_last = i + 1 == edges_.size();
      const double end = is_last ? total : before + edge.meters;
      edge.weight = share(whole, end);
      if (rules.given_length_millimeters.has_value()) {
        edge.length_millimeters = share(*rules.given_length_millimeters, end);
      }
      before = end;
    }
  }

  // Nobody passes a barrier: every road that ends there gets an end of its own.
  for (size_t i = first_edge; i < edges_.size(); ++i) {
    Edge& edge = edges_[i];
    for (uint32_t* node : {&edge.from_node, &edge.to_node}) {
      if (!IsCutOff(way, *node)) continue;
      split_nodes_.push_back(*node);
      *node = static_cast<uint32_t>(node_ids_.size() + split_nodes_.size()) - 1;
    }
  }
}

// The edges of ways, as they are drawn.
std::vector<Importer::Link> Importer::LinksOf(
    const std::vector<int64_t>& ways) const {
  std::vector<Link> links;
  for (const int64_t id : ways) {
    const auto way = turn_ways_.find(id);
    if (way == turn_ways_.end()) continue;
    const auto [first, end] = way_edges_[way->second];
    for (uint32_t edge = first; edge < end; ++edge) {
      links.push_back({edge, false});
    }
  }
  return links;
}

void Importer::FindTurnNodes() {
  for (const TurnRelation& relation : turn_relations_) {
    for (const std::vector<int64_t>* ways :
         {&relation.from_ways, &relation.via_ways, &relation.to_ways}) {
      for (const int64_t id : *ways) turn_ways_[id] = kNone;
    }
  }
  for (uint32_t i = 0; i < ways_.size(); ++i) {
    const auto it = turn_ways_.find(ways_[i].id);
    if (it != turn_ways_.end()) it->second = i;
  }
  std::erase_if(turn_ways_,
                [](const auto& way) { return way.second == kNone; });

  for (const TurnRelation& relation : turn_relations_) {
    if (relation.via_node.has_value()) {
      const auto it = std::lower_bound(node_ids_.begin(), node_ids_.end(),
                                       *relation.via_node);
      if (it != node_ids_.end() && *it == *relation.via_node) {
        turn_nodes_[static_cast<uint32_t>(it - node_ids_.begin())];
      }
    }
    for (const Link& link : LinksOf(relation.via_ways)) {
      turn_nodes_[BeginOf(link)];
      turn_nodes_[EndOf(link)];
    }
  }
  for (uint32_t edge = 0; edge < edges_.size(); ++edge) {
    for (const bool reversed : {false, true}) {
      const Link link = {edge, reversed};
      const auto it = turn_nodes_.find(BeginOf(link));
      if (it != turn_nodes_.end()) it->second.push_back(link);
    }
  }
}

void Importer::Forbid(const std::vector<Link>& links, const RoadHours& hours) {
  std::vector<ArcRoad> path;
  for (const Link& link : links) {
    std::optional<ArcRoad> road = edge_roads_[link.edge];
    // Nobody drives on a road that was left out.
    if (!road.has_value()) return;
    if (link.reversed) road = road->reversed();
    // Edges of one road.
    if (!path.empty() && path.back() == *road) continue;
    path.push_back(*road);
  }
  if (path.size() < 2) return;
  builder_.Forbid(std::move(path), hours);
  ++report_.forbidden_paths;
}

// The edges of the via ways from the end of one of `from` to the begin of one
// of `to`; none if there is no such way. The first link is that of `from`, the
// last that of `to`.
std::vector<Importer::Link> Importer::ViaLinks(
    const TurnRelation& relation, const std::vector<Link>& from,
    const std::vector<Link>& to) const {
  std::vector<Link> via = LinksOf(relation.via_ways);
  const size_t drawn = via.size();
  for (size_t i = 0; i < drawn; ++i) via.push_back({via[i].edge, true});

  // The fewest edges first.
  struct Reached {
    Link link;
    size_t before;
  };
  std::vector<Reached> queue;
  for (const Link& link : from) queue.push_back({link, 0});
  const size_t starts = queue.size();
  std::vector<bool> used(via.size());
  for (size_t at = 0; at < queue.size(); ++at) {
    const uint32_t node = EndOf(queue[at].link);
    if (at >= starts) {
      for (const Link& last : to) {
        if (BeginOf(last) != node) continue;
        std::vector<Link> links = {last};
        size_t i = at;
        for (; i >= starts; i = queue[i].before) links.push_back(queue[i].link);
        links.push_back(queue[i].link);
        std::reverse(links.begin(), links.end());
        return links;
      }
    }
    for (size_t i = 0; i < via.size(); ++i) {
      if (used[i] || BeginOf(via[i]) != node) continue;
      used[i] = used[(i + drawn) % via.size()] = true;
      queue.push_back({via[i], at});
    }
  }
  return {};
}

void Importer::ForbidTurn(const TurnRelation& relation) {
  const auto both_ways = [&](const std::vector<int64_t>& ways) {
    std::vector<Link> links = LinksOf(ways);
    const size_t drawn = links.size();
    for (size_t i = 0; i < drawn; ++i) links.push_back({links[i].edge, true});
    return links;
  };
  // All but one of the edges that lead on from the end of `links`.
  const auto forbid_others = [&](std::vector<Link> links, const Link& allowed) {
    const uint32_t node = EndOf(links.back());
    links.push_back(allowed);
    for (const Link& other : turn_nodes_.at(node)) {
      if (other.edge == allowed.edge && other.reversed == allowed.reversed) {
        continue;
      }
      links.back() = other;
      Forbid(links, relation.hours);
    }
  };

  if (relation.via_node.has_value()) {
    const auto it = std::lower_bound(node_ids_.begin(), node_ids_.end(),
                                     *relation.via_node);
    if (it == node_ids_.end() || *it != *relation.via_node) return;
    const uint32_t node = static_cast<uint32_t>(it - node_ids_.begin());
    for (const int64_t from_way : relation.from_ways) {
      for (const int64_t to_way : relation.to_ways) {
        std::vector<Link> from = both_ways({from_way});
        std::erase_if(from, [&](const Link& l) { return EndOf(l) != node; });
        std::vector<Link> to = both_ways({to_way});
        std::erase_if(to, [&](const Link& l) { return BeginOf(l) != node; });
        // A way that leads on beyond the node does not say which of its two
        // parts is meant.
        if (from.size() != 1 || to.size() != 1) continue;
        if (relation.rule == TurnRule::kNo) {
          Forbid({from[0], to[0]}, relation.hours);
        } else {
          forbid_others(from, to[0]);
        }
      }
    }
    return;
  }
  const std::vector<Link> links = ViaLinks(
      relation, both_ways(relation.from_ways), both_ways(relation.to_ways));
  if (links.size() < 3) return;
  if (relation.rule == TurnRule::kNo) {
    Forbid(links, relation.hours);
    return;
  }
  // Whoever has turned into the ways between must stay on them to their end.
  for (size_t i = 2; i < links.size(); ++i) {
    forbid_others({links.begin(), links.begin() + static_cast<int64_t>(i)},
                  links[i]);
  }
}

void Importer::ForbidTurns() {
  for (const TurnRelation& relation : turn_relations_) ForbidTurn(relation);
}

// Whether a chain that comes in by `in` goes on as the same road at its end,
// and as which edge.
bool Importer::ContinuesThrough(uint32_t node, Link in, Link* out) const {
  const auto [first, second] = edge_pairs_[node];
  if (second == kNone || first == second) return false;
  if (turn_nodes_.contains(node)) return false;
  out->edge = first == in.edge ? second : first;
  out->reversed = edges_[out->edge].from_node != node;
  const RoadRules& a = rules_[edges_[in.edge].rules];
  const RoadRules& b = rules_[edges_[out->edge].rules];
  if (a.given_weight.has_value() || b.given_weight.has_value() ||
      a.is_ferry() || b.is_ferry()) {
    return false;
  }
  const auto speeds = [](const RoadRules& rules, bool reversed) {
    return reversed ? std::pair(rules.backward_km_per_hour,
                                rules.forward_km_per_hour)
                    : std::pair(rules.forward_km_per_hour,
                                rules.backward_km_per_hour);
  };
  const auto closures = [](const RoadRules& rules, bool reversed) {
    return reversed ? std::pair(rules.backward_closure, rules.forward_closure)
                    : std::pair(rules.forward_closure, rules.backward_closure);
  };
  return closures(a, in.reversed) == closures(b, out->reversed) &&
         a.road_class == b.road_class && a.flags == b.flags &&
         a.name == b.name && speeds(a, in.reversed) == speeds(b, out->reversed);
}

void Importer::FindChains() {
  const size_t nodes = node_ids_.size() + split_nodes_.size();
  builder_nodes_.assign(nodes, kNone);
  edge_pairs_.assign(nodes, {kNone, kNone});
  std::vector<uint8_t> degree(nodes);
  for (uint32_t i = 0; i < edges_.size(); ++i) {
    for (const uint32_t node : {edges_[i].from_node, edges_[i].to_node}) {
      auto& [first, second] = edge_pairs_[node];
      degree[node] = static_cast<uint8_t>(std::min(3, degree[node] + 1));
      if (degree[node] == 1) first = i;
      if (degree[node] == 2) second = i;
      if (degree[node] == 3) first = second = kNone;
    }
  }

  std::vector<bool> done(edges_.size());
  for (uint32_t i = 0; i < edges_.size(); ++i) {
    if (done[i]) continue;
    // Back to where the road begins; a ring begins where it was found.
    Link begin = {i, false};
    Link before;
    while (ContinuesThrough(BeginOf(begin), {begin.edge, !begin.reversed},
                            &before)) {
      begin = {before.edge, !before.reversed};
      if (begin.edge == i) break;
    }
    std::vector<Link> chain = {begin};
    done[begin.edge] = true;
    Link next;
    while (ContinuesThrough(EndOf(chain.back()), chain.back(), &next) &&
           !done[next.edge]) {
      chain.push_back(next);
      done[next.edge] = true;
    }
    AddRoad(chain);
  }
}

// How often a car stops for rails that cross a road, driven in one direction.
// Rails next to each other, as double tracks, are one crossing. Where it is at
// the end of a road, it belongs to the road on which cars arrive there.
int Importer::CrossingsOf(const std::vector<Link>& chain, bool backward) const {
  constexpr double kOneCrossingMeters = 30;
  int crossings = 0;
  double passed = 0;
  double last = -2 * kOneCrossingMeters;
  uint32_t before = kNone;
  const auto come_to = [&](uint32_t node) {
    if (before != kNone) {
      passed += StraightDistanceMeters(ToLatLng(positions_[before]),
                                       ToLatLng(positions_[node]));
      if (before != node && has_rails_[node]) {
        if (passed - last > kOneCrossingMeters) ++crossings;
        last = passed;
      }
    }
    before = node;
  };
  for (size_t i = 0; i < chain.size(); ++i) {
    const Link& link = chain[backward ? chain.size() - 1 - i : i];
    const Edge& edge = edges_[link.edge];
    const bool is_reversed = link.reversed != backward;
    for (size_t at = edge.first_node; at < edge.end_node; ++at) {
      come_to(
          way_nodes_[is_reversed ? edge.end_node - 1 - (at - edge.first_node)
                                 : at]);
    }
  }
  return crossings;
}

void Importer::AddRoad(const std::vector<Link>& chain) {
  const auto builder_node = [&](uint32_t node) {
    const uint32_t original =
        node < node_ids_.size() ? node : split_nodes_[node - node_ids_.size()];
    if (builder_nodes_[node] == kNone) {
      builder_nodes_[node] =
          builder_.AddNode(positions_[original], node_ids_[original]);
    }
    return builder_nodes_[node];
  };

  const RoadRules& rules = rules_[edges_[chain[0].edge].rules];
  RoadBuilder::Road road;
  double meters = 0;
  for (const Link& link : chain) {
    const Edge& edge = edges_[link.edge];
    meters += edge.meters;
    std::vector<FixedPoint> points;
    for (size_t i = edge.first_node; i < edge.end_node; ++i) {
      points.push_back(positions_[way_nodes_[i]]);
    }
    if (link.reversed) std::reverse(points.begin(), points.end());
    road.via.insert(road.via.end(), points.begin(), points.end());
    if (&link != &chain.back()) road.via.pop_back();
  }
  road.via.pop_back();
  road.via.erase(road.via.begin());
  if (meters > kLongestRoadMeters) {
    ++report_.impossible_roads;
    return;
  }
  road.from_node = builder_node(BeginOf(chain.front()));
  road.to_node = builder_node(EndOf(chain.back()));
  road.name = rules.name;
  road.road_class = rules.road_class;
  road.flags = rules.flags;
  road.length_millimeters =
      std::max<uint32_t>(1, static_cast<uint32_t>(std::lround(meters * 1000)));

  const auto weight_of = [&](double km_per_hour, int crossings) -> uint32_t {
    if (km_per_hour <= 0) return kClosed;
    const Edge& edge = edges_[chain[0].edge];
    if (edge.weight.has_value()) return *edge.weight;
    const double microseconds =
        meters * 3.6e6 / km_per_hour +
        crossings * absl::ToDoubleMicroseconds(options_.level_crossing);
    return std::max<uint32_t>(
        1,
        static_cast<uint32_t>(std::lround(microseconds / unit_microseconds())));
  };
  const bool reversed = chain[0].reversed;
  road.forward_weight = weight_of(
      reversed ? rules.backward_km_per_hour : rules.forward_km_per_hour,
      CrossingsOf(chain, /*backward=*/false));
  road.backward_weight = weight_of(
      reversed ? rules.forward_km_per_hour : rules.backward_km_per_hour,
      CrossingsOf(chain, /*backward=*/true));
  road.forward_closure =
      reversed ? rules.backward_closure : rules.forward_closure;
  road.backward_closure =
      reversed ? rules.forward_closure : rules.backward_closure;
  const std::optional<uint32_t> length =
      edges_[chain[0].edge].length_millimeters;
  if (length.has_value() && *length > 0) road.length_millimeters = *length;
  const uint32_t number = builder_.AddRoad(std::move(road));
  if (number == RoadBuilder::kNoRoad) return;
  for (const Link& link : chain) {
    edge_roads_[link.edge] = ArcRoad::Of(number, link.reversed);
  }
}

absl::StatusOr<RoadData> Importer::Build() {
  if (options_.progress) options_.progress("joining roads", 0);
  CutWays();
  FindTurnNodes();
  edge_roads_.resize(edges_.size());
  FindChains();
  ForbidTurns();
  RoadData data;
  data.name = options_.name.empty() ? Stem(path_) : options_.name;
  data.source_time = source_time_;
  if (!options_.attribution.empty()) {
    data.attribution = options_.attribution;
  } else if (has_given_weights_) {
    data.attribution = kChallengeAttribution;
  } else if (absl::StartsWith(generator_, kDemoTownGenerator)) {
    data.attribution = "An invented town; no such place exists";
  } else {
    data.attribution = kOsmAttribution;
  }
  data.weight_unit_microseconds =
      has_given_weights_ ? kGivenWeightUnitMicroseconds : 1000;
  // Given weights are all that a drive takes.
  if (!has_given_weights_) {
    const auto to_weight = [](absl::Duration duration) {
      return static_cast<uint32_t>(absl::ToInt64Milliseconds(duration));
    };
    data.turn_weights = {to_weight(options_.turns.left),
                         to_weight(options_.turns.right),
                         to_weight(options_.turns.back)};
  }
  if (edges_.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        path_, " has no road that a car may use (", report_.ways,
        " ways were looked at); take an extract with the key highway"));
  }
  if (options_.progress) options_.progress("joining roads", 1);
  absl::StatusOr<RoadData> built =
      builder_.Build(std::move(data), [this](double done) {
        if (options_.progress) options_.progress("ordering roads", done);
      });
  if (!built.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path_, ": ", built.status().message()));
  }
  if (options_.progress) options_.progress("ordering roads", 1);
  return built;
}

}  // namespace

absl::StatusOr<RoadData> ImportOsm(const std::string& path,
                                   const ImportOptions& options,
                                   ImportReport* report) {
  if (absl::Status status = CheckReadable(path); !status.ok()) return status;
  const std::optional<std::string> format = SniffFormat(path);
  if (!format.has_value()) {
    return absl::InvalidArgumentError(absl::StrCat(
        path,
        " is not OpenStreetMap data; an .osm.pbf or .osm (XML) file is "
        "wanted"));
  }
  for (const absl::Duration turn :
       {options.turns.left, options.turns.right, options.turns.back,
        options.level_crossing}) {
    if (turn < absl::ZeroDuration() ||
        turn > absl::Milliseconds(kMaxTurnWeight)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "a duration of ", absl::FormatDuration(turn),
          " is not between 0 and ",
          absl::FormatDuration(absl::Milliseconds(kMaxTurnWeight))));
    }
  }
  ImportReport own_report;
  if (report == nullptr) report = &own_report;
  *report = ImportReport();
  try {
    Importer importer(path, *format, options, report);
    importer.ReadTurnRelations();
    importer.ReadWays();
    importer.ReadNodes();
    return importer.Build();
  } catch (const osmium::format_version_error& e) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is not OpenStreetMap data: ", e.what()));
  } catch (const std::system_error& e) {
    return absl::DataLossError(
        absl::StrCat("cannot read ", path, ": ", e.what()));
  } catch (const std::exception& e) {
    return absl::DataLossError(
        absl::StrCat(path, " is damaged, cut off or not OpenStreetMap data (",
                     e.what(), "); fetch it again"));
  }
}

}  // namespace housecall::router
