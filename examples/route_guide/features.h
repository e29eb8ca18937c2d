#pragma once

#include <string>
#include <vector>

#include "godwit/base/error.h"
#include "godwit/base/result.h"
#include "route_guide.pb.h"

// The places that the guide knows, and the geometry it needs.
namespace routeguide {

struct Place {
  int latitude;
  int longitude;
  std::string name;
};

// Reads lines of "latitude TAB longitude TAB name"; lines that begin with '#' are comments. The error names file and line.
godwit::Result<std::vector<Place>, godwit::Error> read_places(const std::string& path);

bool contains(const Rectangle& rectangle, const Place& place);

// Along a great circle, in metres (haversine).
double distance_metres(const Point& from, const Point& to);

}  // namespace routeguide
