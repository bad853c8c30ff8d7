#include "dispatcher/night/night.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "dispatcher/base/status_macros.h"

namespace housecall::night {

namespace {

using Json = nlohmann::json;

// More is no house-call night, and would not fit into memory.
constexpr size_t kMaxNodes = 20'000;
constexpr double kMaxSeconds = 1e9;

// A value of a document with its path, for errors. Remembers the first error;
// after one every value is empty.
class Reader {
 public:
  absl::Status status() const { return status_; }
  void Fail(const std::string& path, absl::string_view wanted) {
    if (status_.ok()) {
      status_ = absl::InvalidArgumentError(
          absl::StrCat(path.empty() ? "the line" : path, ": ", wanted));
    }
  }

  // The member, or null with an error.
  const Json* Get(const Json& object, const char* key,
                  const std::string& path) {
    if (!object.is_object()) {
      Fail(path, "an object wanted");
      return nullptr;
    }
    const auto found = object.find(key);
    if (found == object.end()) {
      Fail(Join(path, key), "missing");
      return nullptr;
    }
    return &*found;
  }
  static std::string Join(const std::string& path, const char* key) {
    return path.empty() ? key : absl::StrCat(path, ".", key);
  }

  double Number(const Json* value, const std::string& path) {
    if (value == nullptr) return 0;
    if (!value->is_number()) {
      Fail(path, "a number wanted");
      return 0;
    }
    const double number = value->get<double>();
    if (!std::isfinite(number) || std::abs(number) > kMaxSeconds) {
      Fail(path, "a number of ordinary size wanted");
      return 0;
    }
    return number;
  }
  double Number(const Json& object, const char* key, const std::string& path) {
    return Number(Get(object, key, path), Join(path, key));
  }
  int Integer(const Json* value, const std::string& path) {
    const double number = Number(value, path);
    if (number != std::floor(number)) Fail(path, "a whole number wanted");
    return static_cast<int>(number);
  }
  int Integer(const Json& object, const char* key, const std::string& path) {
    return Integer(Get(object, key, path), Join(path, key));
  }
  // In [0, size).
  int Index(const Json& object, const char* key, const std::string& path,
            size_t size) {
    const int index = Integer(object, key, path);
    if (index < 0 || static_cast<size_t>(index) >= size) {
      Fail(Join(path, key), absl::StrCat("one of 0 to ", size, " wanted"));
      return 0;
    }
    return index;
  }
  std::string Text(const Json& object, const char* key,
                   const std::string& path) {
    const Json* value = Get(object, key, path);
    if (value == nullptr) return "";
    if (!value->is_string()) {
      Fail(Join(path, key), "a text wanted");
      return "";
    }
    return value->get<std::string>();
  }
  bool Flag(const Json& object, const char* key, const std::string& path) {
    const Json* value = Get(object, key, path);
    if (value == nullptr) return false;
    if (!value->is_boolean()) {
      Fail(Join(path, key), "true or false wanted");
      return false;
    }
    return value->get<bool>();
  }
  // visit(element, path) for each.
  template <typename Visit>
  void List(const Json* value, const std::string& path, Visit visit) {
    if (value == nullptr) return;
    if (!value->is_array()) {
      Fail(path, "a list wanted");
      return;
    }
    int i = 0;
    for (const Json& element : *value) {
      visit(element, absl::StrCat(path, "[", i++, "]"));
      if (!status_.ok()) return;
    }
  }
  template <typename Visit>
  void List(const Json& object, const char* key, const std::string& path,
            Visit visit) {
    List(Get(object, key, path), Join(path, key), visit);
  }
  std::vector<double> Numbers(const Json& object, const char* key,
                              const std::string& path) {
    std::vector<double> numbers;
    List(object, key, path, [&](const Json& value, const std::string& at) {
      numbers.push_back(Number(&value, at));
    });
    return numbers;
  }
  std::map<std::string, double> NumbersByName(const Json& object,
                                              const char* key,
                                              const std::string& path) {
    std::map<std::string, double> numbers;
    const Json* value = Get(object, key, path);
    if (value == nullptr) return numbers;
    if (!value->is_object()) {
      Fail(Join(path, key), "an object wanted");
      return numbers;
    }
    for (const auto& [name, number] : value->items()) {
      numbers[name] = Number(&number, absl::StrCat(Join(path, key), ".", name));
    }
    return numbers;
  }
  // null or absent: none.
  std::optional<int> OptionalInteger(const Json& object, const char* key,
                                     const std::string& path) {
    if (!object.is_object()) return std::nullopt;
    const auto found = object.find(key);
    if (found == object.end() || found->is_null()) return std::nullopt;
    return Integer(&*found, Join(path, key));
  }

 private:
  absl::Status status_;
};

Span ReadSpan(Reader& reader, const Json& object, const char* key,
              const std::string& path) {
  const std::vector<double> ends = reader.Numbers(object, key, path);
  if (ends.size() != 2 || ends[1] < ends[0]) {
    reader.Fail(Reader::Join(path, key), "[start, end] wanted");
    return {};
  }
  return {ends[0], ends[1]};
}

Roads ReadRoads(Reader& reader, const Json& object, const char* key,
                size_t nodes) {
  std::vector<std::vector<double>> rows;
  reader.List(object, key, "", [&](const Json& row, const std::string& path) {
    rows.emplace_back();
    rows.back().reserve(nodes);
    reader.List(&row, path, [&](const Json& value, const std::string& at) {
      rows.back().push_back(reader.Number(&value, at));
    });
    if (rows.back().size() != nodes) {
      reader.Fail(path, absl::StrCat(nodes, " numbers wanted"));
    }
  });
  if (rows.size() != nodes) reader.Fail(key, "a row for each node wanted");
  Roads roads;
  roads.Set(std::move(rows));
  return roads;
}

template <typename T>
std::optional<int> IndexOfId(const std::vector<T>& items, int id) {
  // Ids are usually the indexes.
  if (id >= 0 && static_cast<size_t>(id) < items.size() && items[id].id == id) {
    return id;
  }
  for (size_t i = 0; i < items.size(); ++i) {
    if (items[i].id == id) return static_cast<int>(i);
  }
  return std::nullopt;
}

template <typename T>
int KnownIndex(Reader& reader, const std::vector<T>& items, int id,
               const std::string& path) {
  const std::optional<int> index = IndexOfId(items, id);
  if (!index.has_value()) {
    reader.Fail(path, absl::StrCat("there is no ", id));
    return 0;
  }
  return *index;
}

// Everything but roads and calls.
Night ReadStart(Reader& reader, const Json& json) {
  Night night;
  night.id = reader.Text(json, "id", "");
  night.horizon = reader.Number(json, "horizon_s", "");
  night.detour = reader.Number(json, "detour", "");
  if (const Json* rules = reader.Get(json, "rules", "")) {
    night.driver_waits = reader.Flag(*rules, "driver_waits", "rules");
    night.seats = reader.Integer(*rules, "seats", "rules");
  }
  night.targets = reader.NumbersByName(json, "targets_s", "");
  night.weights = reader.NumbersByName(json, "weights", "");
  reader.List(json, "nodes", "", [&](const Json& node, const std::string& at) {
    night.nodes.push_back(
        {reader.Number(node, "x", at), reader.Number(node, "y", at)});
  });
  if (night.nodes.size() > kMaxNodes) reader.Fail("nodes", "too many");
  reader.List(json, "doctors", "", [&](const Json& d, const std::string& at) {
    Physician physician;
    physician.id = reader.Integer(d, "id", at);
    physician.home = reader.Index(d, "home", at, night.nodes.size());
    physician.shift = ReadSpan(reader, d, "shift", at);
    reader.List(d, "skills", at, [&](const Json& skill, const std::string& s) {
      if (!skill.is_string()) {
        reader.Fail(s, "a text wanted");
        return;
      }
      physician.skills.push_back(skill.get<std::string>());
    });
    if (IndexOfId(night.physicians, physician.id).has_value()) {
      reader.Fail(Reader::Join(at, "id"), "each once wanted");
    }
    night.physicians.push_back(std::move(physician));
  });
  reader.List(json, "cars", "", [&](const Json& c, const std::string& at) {
    Car car;
    car.id = reader.Integer(c, "id", at);
    car.base = reader.Index(c, "base", at, night.nodes.size());
    car.shift = ReadSpan(reader, c, "shift", at);
    if (const auto owner = reader.OptionalInteger(c, "doctor", at)) {
      car.owner = KnownIndex(reader, night.physicians, *owner,
                             Reader::Join(at, "doctor"));
    }
    if (IndexOfId(night.cars, car.id).has_value()) {
      reader.Fail(Reader::Join(at, "id"), "each once wanted");
    }
    night.cars.push_back(car);
  });
  return night;
}

std::optional<Stop> ReadStop(Reader& reader, const Night& night,
                             const Json& json, const std::string& path) {
  const std::string op = reader.Text(json, "op", path);
  Stop stop;
  if (op == "goto") {
    stop.op = Op::kGoto;
    stop.node = reader.Index(json, "node", path, night.nodes.size());
    return stop;
  }
  if (op == "pick") {
    stop.op = Op::kPick;
  } else if (op == "home") {
    stop.op = Op::kHome;
  } else if (op == "visit") {
    stop.op = Op::kVisit;
    stop.call = reader.Integer(json, "call", path);
  } else {
    reader.Fail(Reader::Join(path, "op"), "pick, visit, home or goto wanted");
    return std::nullopt;
  }
  stop.physician =
      KnownIndex(reader, night.physicians, reader.Integer(json, "doctor", path),
                 path + ".doctor");
  return stop;
}

CarNow ReadCarNow(Reader& reader, const Night& night, const Json& json,
                  const std::string& path) {
  CarNow car;
  car.node = reader.Index(json, "node", path, night.nodes.size());
  const auto current = json.find("current");
  if (current != json.end() && !current->is_null()) {
    car.current = ReadStop(reader, night, *current, path + ".current");
  }
  car.free_time = reader.Number(json, "free_at", path);
  car.free_node = reader.Index(json, "free_node", path, night.nodes.size());
  reader.List(json, "onboard_when_free", path,
              [&](const Json& id, const std::string& at) {
                car.aboard_when_free.push_back(KnownIndex(
                    reader, night.physicians, reader.Integer(&id, at), at));
              });
  reader.List(json, "plan", path, [&](const Json& s, const std::string& at) {
    if (const auto stop = ReadStop(reader, night, s, at)) {
      car.plan.push_back(*stop);
    }
  });
  return car;
}

PhysicianNow ReadPhysicianNow(Reader& reader, const Night& night,
                              const Json& json, const std::string& path) {
  PhysicianNow physician;
  const std::string status = reader.Text(json, "status", path);
  if (status == "home") {
    physician.state = PhysicianState::kHome;
  } else if (status == "onboard") {
    physician.state = PhysicianState::kAboard;
  } else if (status == "serving") {
    physician.state = PhysicianState::kServing;
  } else if (status == "ready") {
    physician.state = PhysicianState::kReady;
  } else {
    reader.Fail(path + ".status", "home, onboard, serving or ready wanted");
  }
  physician.node = reader.Index(json, "node", path, night.nodes.size());
  if (const auto car = reader.OptionalInteger(json, "reserved", path)) {
    physician.reserved =
        KnownIndex(reader, night.cars, *car, path + ".reserved");
  }
  physician.visits = reader.Integer(json, "visits", path);
  physician.free_time = reader.Number(json, "exp_free", path);
  return physician;
}

// `T` is Call or CallNow.
template <typename T>
void ReadCall(Reader& reader, const Night& night, const Json& json,
              const std::string& path, T* call) {
  call->id = reader.Integer(json, "id", path);
  call->node = reader.Index(json, "node", path, night.nodes.size());
  call->receive_time = reader.Number(json, "t", path);
  call->urgency = reader.Text(json, "urgency", path);
  call->skill = reader.Text(json, "skill", path);
  call->expected_visit = reader.Number(json, "service_expected", path);
  if (night.targets.count(call->urgency) == 0 ||
      night.weights.count(call->urgency) == 0) {
    reader.Fail(path + ".urgency", "has no target or no weight");
  }
  if (const auto own = reader.OptionalInteger(json, "own_doctor", path)) {
    call->own_physician =
        KnownIndex(reader, night.physicians, *own, path + ".own_doctor");
  }
}

// Of a file: each value as it is said on the command line.
std::map<std::string, std::string> ReadPolicy(Reader& reader,
                                              const Json& json) {
  std::map<std::string, std::string> policy;
  const auto found = json.find("policy");
  if (found == json.end()) return policy;
  if (!found->is_object()) {
    reader.Fail("policy", "an object wanted");
    return policy;
  }
  for (const auto& [name, value] : found->items()) {
    if (value.is_string()) {
      policy[name] = value.get<std::string>();
    } else if (value.is_number() || value.is_boolean()) {
      policy[name] = value.dump();
    } else {
      reader.Fail("policy." + name, "a number, true, false or a text wanted");
    }
  }
  return policy;
}

// What a simulation needs to hold of a file. A referee's nights are taken as
// they are.
void CheckFile(Reader& reader, const Night& night) {
  const auto want = [&](bool holds, const std::string& path,
                        absl::string_view wanted) {
    if (!holds) reader.Fail(path, wanted);
  };
  want(night.horizon > 0, "horizon_s", "more than 0 wanted");
  want(night.detour >= 0, "detour", "0 or more wanted");
  want(night.seats >= 1, "rules.seats", "1 or more wanted");
  for (const auto& [urgency, seconds] : night.targets) {
    want(seconds >= 0, "targets_s." + urgency, "0 or more wanted");
  }
  for (const auto& [urgency, weight] : night.weights) {
    want(weight >= 0, "weights." + urgency, "0 or more wanted");
  }
  std::set<int> owners;
  for (size_t i = 0; i < night.cars.size(); ++i) {
    const Car& car = night.cars[i];
    if (!car.owner.has_value()) continue;
    const std::string path = absl::StrCat("cars[", i, "]");
    want(owners.insert(*car.owner).second, path + ".doctor",
         "one car for each wanted");
    want(car.base == night.physicians[*car.owner].home, path + ".base",
         "the doctor's home wanted");
  }
  std::set<int> ids;
  for (size_t i = 0; i < night.calls.size(); ++i) {
    const Call& call = night.calls[i];
    const std::string path = absl::StrCat("calls[", i, "]");
    want(ids.insert(call.id).second, path + ".id", "each once wanted");
    want(call.receive_time >= 0 && call.receive_time <= night.horizon,
         path + ".t", "0 to horizon_s wanted");
    want(call.expected_visit >= 0, path + ".service_expected",
         "0 or more wanted");
    want(call.actual_visit >= 0, path + ".service_actual", "0 or more wanted");
  }
  for (int i = 0; i < static_cast<int>(night.nodes.size()); ++i) {
    for (int j = 0; j < static_cast<int>(night.nodes.size()); ++j) {
      // Large: a path only where it is wanted.
      if (night.expected.at(i, j) < 0) {
        reader.Fail(absl::StrCat("travel_expected[", i, "][", j, "]"),
                    "0 or more wanted");
      }
      if (night.actual.at(i, j) < 0) {
        reader.Fail(absl::StrCat("travel_actual[", i, "][", j, "]"),
                    "0 or more wanted");
      }
    }
  }
}

}  // namespace

void Roads::Grow(const std::vector<double>& to,
                 const std::vector<double>& from) {
  for (size_t i = 0; i < rows_.size(); ++i) rows_[i].push_back(to[i]);
  rows_.push_back(from);
  rows_.back().push_back(0);
}

absl::StatusOr<Night> ReadNight(absl::string_view text) {
  const Json json = Json::parse(text.begin(), text.end(), nullptr, false);
  if (json.is_discarded()) return absl::InvalidArgumentError("no JSON");
  Reader reader;
  if (reader.Text(json, "format", "") != "house-call-night/1") {
    reader.Fail("format", "house-call-night/1 wanted");
  }
  Night night = ReadStart(reader, json);
  reader.List(json, "calls", "", [&](const Json& c, const std::string& at) {
    Call call;
    ReadCall(reader, night, c, at, &call);
    call.actual_visit = reader.Number(c, "service_actual", at);
    night.calls.push_back(std::move(call));
  });
  night.expected =
      ReadRoads(reader, json, "travel_expected", night.nodes.size());
  night.actual = ReadRoads(reader, json, "travel_actual", night.nodes.size());
  RETURN_IF_ERROR(reader.status());
  night.policy = ReadPolicy(reader, json);
  CheckFile(reader, night);
  RETURN_IF_ERROR(reader.status());
  return night;
}

absl::StatusOr<Protocol::Kind> Protocol::Read(absl::string_view line) {
  const Json json = Json::parse(line.begin(), line.end(), nullptr, false);
  if (json.is_discarded()) return absl::InvalidArgumentError("no JSON");
  Reader reader;
  const std::string type = reader.Text(json, "type", "");
  if (type == "night") {
    Night night = ReadStart(reader, json);
    night.expected = ReadRoads(reader, json, "travel", night.nodes.size());
    RETURN_IF_ERROR(reader.status());
    night_ = std::move(night);
    situation_ = Situation();
    has_night_ = true;
    return Kind::kNight;
  }
  if (type != "decide") reader.Fail("type", "night or decide wanted");
  if (!has_night_) reader.Fail("type", "a night first");
  RETURN_IF_ERROR(reader.status());

  // The nodes stay known even if the rest of the line is wrong.
  reader.List(json, "reveal", "", [&](const Json& n, const std::string& at) {
    // The number alone, or the node with its number and place.
    const Json* value = reader.Get(n, "node", at);
    const bool has_place = value != nullptr && value->is_object();
    const int node = has_place ? reader.Integer(*value, "id", at + ".node")
                               : reader.Integer(value, at + ".node");
    Node place;
    if (has_place) {
      place.x = reader.Number(*value, "x", at + ".node");
      place.y = reader.Number(*value, "y", at + ".node");
    }
    const std::vector<double> to = reader.Numbers(n, "to", at);
    const std::vector<double> from = reader.Numbers(n, "from", at);
    const size_t known = night_.nodes.size();
    if (node != static_cast<int>(known)) {
      reader.Fail(at + ".node", absl::StrCat(known, " wanted"));
    }
    if (to.size() != known || from.size() != known || known >= kMaxNodes) {
      reader.Fail(at, absl::StrCat(known, " times each way wanted"));
    }
    if (!reader.status().ok()) return;
    night_.expected.Grow(to, from);
    night_.nodes.push_back(place);
  });
  Situation situation;
  situation.now = reader.Number(json, "now", "");
  situation.cars.resize(night_.cars.size());
  situation.physicians.resize(night_.physicians.size());
  std::vector<char> seen_cars(night_.cars.size());
  std::vector<char> seen_physicians(night_.physicians.size());
  reader.List(json, "cars", "", [&](const Json& car, const std::string& at) {
    const int index = KnownIndex(reader, night_.cars,
                                 reader.Integer(car, "id", at), at + ".id");
    if (!reader.status().ok()) return;
    situation.cars[index] = ReadCarNow(reader, night_, car, at);
    seen_cars[index] = 1;
  });
  reader.List(json, "doctors", "", [&](const Json& d, const std::string& at) {
    const int index = KnownIndex(reader, night_.physicians,
                                 reader.Integer(d, "id", at), at + ".id");
    if (!reader.status().ok()) return;
    situation.physicians[index] = ReadPhysicianNow(reader, night_, d, at);
    seen_physicians[index] = 1;
  });
  for (const char seen : seen_cars) {
    if (!seen) reader.Fail("cars", "every car wanted");
  }
  for (const char seen : seen_physicians) {
    if (!seen) reader.Fail("doctors", "every doctor wanted");
  }
  reader.List(json, "calls", "", [&](const Json& c, const std::string& at) {
    CallNow call;
    ReadCall(reader, night_, c, at, &call);
    call.due_time = reader.Number(c, "due", at);
    if (IndexOfId(situation.calls, call.id).has_value()) {
      reader.Fail(at + ".id", "each once wanted");
    }
    situation.calls.push_back(std::move(call));
  });
  RETURN_IF_ERROR(reader.status());
  situation_ = std::move(situation);
  return Kind::kDecide;
}

std::string Protocol::Write(const Orders& orders) const {
  Json plans = Json::object();
  for (const auto& [car, stops] : orders.plans) {
    Json list = Json::array();
    for (const Stop& stop : stops) {
      Json json;
      switch (stop.op) {
        case Op::kPick:
          json["op"] = "pick";
          break;
        case Op::kVisit:
          json["op"] = "visit";
          break;
        case Op::kHome:
          json["op"] = "home";
          break;
        case Op::kGoto:
          json["op"] = "goto";
          break;
      }
      if (stop.physician >= 0) {
        json["doctor"] = night_.physicians[stop.physician].id;
      }
      if (stop.call >= 0) json["call"] = stop.call;
      if (stop.node >= 0) json["node"] = stop.node;
      list.push_back(std::move(json));
    }
    plans[absl::StrCat(night_.cars[car].id)] = std::move(list);
  }
  Json answer;
  answer["plans"] = std::move(plans);
  if (orders.wake_time.has_value()) answer["wake"] = *orders.wake_time;
  return answer.dump();
}

}  // namespace housecall::night
