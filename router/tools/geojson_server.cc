#include "router/tools/geojson_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "router/tools/map_geojson.h"
#include "router/travel_time_source.h"

namespace housecall::router {
namespace {

constexpr size_t kMaxRequestBytes = 16384;
constexpr size_t kMaxRoads = 20'000;
constexpr size_t kMaxPlaces = 200;
constexpr double kRadiusMeters = 500;

HttpAnswer Error(int status, absl::string_view message) {
  return {status, Dump(Json{{"error", std::string(message)}})};
}

// "%2C" is ",", "+" a space. What is no escape stays.
std::string Unescaped(absl::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      plain += ' ';
    } else if (text[i] == '%' && i + 2 < text.size() &&
               absl::ascii_isxdigit(static_cast<unsigned char>(text[i + 1])) &&
               absl::ascii_isxdigit(static_cast<unsigned char>(text[i + 2]))) {
      plain += absl::HexStringToBytes(text.substr(i + 1, 2));
      i += 2;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

using Parameters = std::map<std::string, std::string>;

absl::StatusOr<std::vector<double>> Numbers(const Parameters& parameters,
                                            const std::string& name) {
  const auto it = parameters.find(name);
  if (it == parameters.end()) {
    return absl::InvalidArgumentError(absl::StrCat(name, " is missing"));
  }
  std::vector<double> numbers;
  for (const absl::string_view part : absl::StrSplit(it->second, ',')) {
    double number;
    if (!absl::SimpleAtod(part, &number)) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, ": '", part, "' is not a number"));
    }
    numbers.push_back(number);
  }
  return numbers;
}

// One or more "LAT,LNG" with semicolons between them.
absl::StatusOr<std::vector<LatLng>> Places(const Parameters& parameters,
                                           const std::string& name) {
  const auto it = parameters.find(name);
  if (it == parameters.end()) {
    return absl::InvalidArgumentError(absl::StrCat(name, " is missing"));
  }
  std::vector<LatLng> places;
  for (const absl::string_view part : absl::StrSplit(it->second, ';')) {
    const absl::StatusOr<std::vector<double>> numbers =
        Numbers({{name, std::string(part)}}, name);
    if (!numbers.ok()) return numbers.status();
    if (numbers->size() != 2) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, ": '", part, "' is not LAT,LNG"));
    }
    places.push_back({(*numbers)[0], (*numbers)[1]});
    if (absl::Status status = CheckLatLng(places.back()); !status.ok()) {
      return status;
    }
  }
  if (places.size() > kMaxPlaces) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": more than ", kMaxPlaces, " places"));
  }
  return places;
}

HttpAnswer AnswerRoute(std::shared_ptr<const RoadMap> map,
                       const Parameters& parameters) {
  const absl::StatusOr<std::vector<LatLng>> from = Places(parameters, "from");
  if (!from.ok()) return Error(400, from.status().message());
  const absl::StatusOr<std::vector<LatLng>> to = Places(parameters, "to");
  if (!to.ok()) return Error(400, to.status().message());
  if (from->size() != 1 || to->size() != 1) {
    return Error(400, "a route has one from and one to");
  }
  const absl::StatusOr<Route> route =
      RoadTravelTimes(map).FindRoute(from->front(), to->front());
  if (!route.ok()) return Error(422, route.status().message());
  return {200, Dump(RouteGeoJson(*route, map->data()))};
}

HttpAnswer AnswerIsochrone(const std::shared_ptr<const RoadMap>& map,
                           const Parameters& parameters) {
  const absl::StatusOr<std::vector<LatLng>> from = Places(parameters, "from");
  if (!from.ok()) return Error(400, from.status().message());
  const absl::StatusOr<std::vector<double>> minutes =
      Numbers(parameters, "minutes");
  if (!minutes.ok()) return Error(400, minutes.status().message());
  if (minutes->size() > 10) return Error(400, "minutes: more than 10 numbers");
  const absl::StatusOr<std::vector<Reach>> reaches =
      FindReach(*StateOfMap(map), *from, *minutes, kRadiusMeters);
  if (!reaches.ok()) {
    return Error(absl::IsInvalidArgument(reaches.status()) ? 400 : 422,
                 reaches.status().message());
  }
  return {200, Dump(ReachGeoJson(*reaches, {}, map->data()))};
}

HttpAnswer AnswerRoads(const RoadMap& map, const Parameters& parameters) {
  const absl::StatusOr<std::vector<double>> box = Numbers(parameters, "bbox");
  if (!box.ok()) return Error(400, box.status().message());
  if (box->size() != 4) {
    return Error(400, "bbox: WEST,SOUTH,EAST,NORTH in degrees is wanted");
  }
  const BoundingBox bounds = {{(*box)[1], (*box)[0]}, {(*box)[3], (*box)[2]}};
  for (const LatLng& corner : {bounds.south_west, bounds.north_east}) {
    if (absl::Status status = CheckLatLng(corner); !status.ok()) {
      return Error(400, status.message());
    }
  }
  return {200, Dump(RoadsGeoJson(map, bounds, kMaxRoads))};
}

const char* Phrase(int status) {
  return status == 200   ? "OK"
         : status == 400 ? "Bad Request"
         : status == 404 ? "Not Found"
         : status == 405 ? "Method Not Allowed"
                         : "Unprocessable Content";
}

void SendAll(int descriptor, absl::string_view text) {
  while (!text.empty()) {
    const ssize_t sent =
        send(descriptor, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return;
    text.remove_prefix(static_cast<size_t>(sent));
  }
}

void AnswerConnection(const std::shared_ptr<const RoadMap>& map,
                      int descriptor) {
  const timeval patience = {5, 0};
  setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  std::string request;
  while (!absl::StrContains(request, "\r\n\r\n")) {
    char buffer[4096];
    const ssize_t got = recv(descriptor, buffer, sizeof(buffer), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 || request.size() > kMaxRequestBytes) return;
    request.append(buffer, static_cast<size_t>(got));
  }
  const std::vector<absl::string_view> words = absl::StrSplit(
      absl::string_view(request).substr(0, request.find('\r')), ' ');
  const HttpAnswer answer = words.size() != 3 ? Error(400, "this is not HTTP")
                            : words[0] != "GET"
                                ? Error(405, "only GET is answered")
                                : AnswerGet(map, words[1]);
  SendAll(descriptor,
          absl::StrCat("HTTP/1.1 ", answer.status, " ", Phrase(answer.status),
                       "\r\nContent-Type: application/geo+json\r\n"
                       "Content-Length: ",
                       answer.body.size(),
                       "\r\nAccess-Control-Allow-Origin: *\r\n"
                       "Cache-Control: no-store\r\nConnection: close\r\n\r\n",
                       answer.body));
}

}  // namespace

HttpAnswer AnswerGet(std::shared_ptr<const RoadMap> map,
                     absl::string_view target) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(target, absl::MaxSplits('?', 1));
  Parameters parameters;
  for (const absl::string_view pair :
       absl::StrSplit(parts.second, '&', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> parameter =
        absl::StrSplit(pair, absl::MaxSplits('=', 1));
    parameters[Unescaped(parameter.first)] = Unescaped(parameter.second);
  }
  if (parts.first == "/route") return AnswerRoute(std::move(map), parameters);
  if (parts.first == "/isochrone") return AnswerIsochrone(map, parameters);
  if (parts.first == "/roads") return AnswerRoads(*map, parameters);
  if (parts.first == "/") {
    const BoundingBox& bounds = map->bounds();
    return {200, Dump(Json{{"map", map->data().name},
                           {"attribution", map->data().attribution},
                           {"bbox",
                            {bounds.south_west.longitude_degrees,
                             bounds.south_west.latitude_degrees,
                             bounds.north_east.longitude_degrees,
                             bounds.north_east.latitude_degrees}},
                           {"paths", {"/route", "/isochrone", "/roads"}}})};
  }
  return Error(404, "there is /, /route, /isochrone and /roads");
}

absl::Status ServeGeoJson(std::shared_ptr<const RoadMap> map, uint16_t port,
                          const std::function<void(uint16_t port)>& ready) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0) return absl::ErrnoToStatus(errno, "cannot open a socket");
  const int yes = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener, 16) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) !=
          0) {
    const absl::Status status = absl::ErrnoToStatus(
        errno, absl::StrCat("cannot listen on 127.0.0.1:", port));
    close(listener);
    return status;
  }
  ready(ntohs(address.sin_port));
  while (true) {
    const int connection = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      const absl::Status status = absl::ErrnoToStatus(errno, "cannot accept");
      close(listener);
      return status;
    }
    AnswerConnection(map, connection);
    close(connection);
  }
}

}  // namespace housecall::router
