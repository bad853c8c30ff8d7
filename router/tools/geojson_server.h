// A map's answers over HTTP on this machine, for a map on a screen.
#ifndef HOUSECALL_ROUTER_TOOLS_GEOJSON_SERVER_H_
#define HOUSECALL_ROUTER_TOOLS_GEOJSON_SERVER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "router/router.h"

namespace housecall::router {

struct HttpAnswer {
  int status = 200;
  std::string body;
};

// The answer to a GET of a path with its query:
//
//   /                                         what there is
//   /route?from=LAT,LNG&to=LAT,LNG            RouteGeoJson
//   /isochrone?from=LAT,LNG;…&minutes=10,20   ReachGeoJson
//   /roads?bbox=WEST,SOUTH,EAST,NORTH         RoadsGeoJson
//
// 400: a parameter is missing or wrong; 404: nothing is there; 422: the
// parameters are fine, but the map has no answer. Errors are {"error": …}.
HttpAnswer AnswerGet(std::shared_ptr<const RoadMap> map,
                     absl::string_view target);

// Listens on 127.0.0.1 only, and answers one request after the other until the
// process ends. Port 0 is any free one; `ready` is told which. Whoever sends
// nothing for five seconds is hung up on. Returns an error if it cannot listen.
absl::Status ServeGeoJson(std::shared_ptr<const RoadMap> map, uint16_t port,
                          const std::function<void(uint16_t port)>& ready);

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_TOOLS_GEOJSON_SERVER_H_
