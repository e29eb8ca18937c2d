#include "features.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <numbers>
#include <string_view>

namespace routeguide {
namespace {

bool take_number(std::string_view& line, int& value) {
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
  if (error != std::errc() || end == line.data() + line.size() || *end != '\t') return false;
  line.remove_prefix(static_cast<std::size_t>(end - line.data()) + 1);
  return true;
}

double radians(int e7) { return e7 / 1e7 * std::numbers::pi / 180; }

}  // namespace

godwit::Result<std::vector<Place>, godwit::Error> read_places(const std::string& path) {
  std::ifstream file(path);
  if (!file) return godwit::Failure(godwit::Error(path + ": can't be read"));
  std::vector<Place> places;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.empty() || line.front() == '#') continue;
    std::string_view rest = line;
    Place place{};
    if (!take_number(rest, place.latitude) || !take_number(rest, place.longitude)) {
      return godwit::Failure(godwit::Error(path + ":" + std::to_string(number) +
                                           ": expected latitude, longitude and name, separated by tabs"));
    }
    place.name = rest;
    places.push_back(std::move(place));
  }
  return places;
}

bool contains(const Rectangle& r, const Place& place) {
  const auto [south, north] = std::minmax({r.lo().latitude(), r.hi().latitude()});
  const auto [west, east] = std::minmax({r.lo().longitude(), r.hi().longitude()});
  return place.latitude >= south && place.latitude <= north && place.longitude >= west && place.longitude <= east;
}

double distance_metres(const Point& from, const Point& to) {
  constexpr double kEarthRadius = 6'371'000;
  const double half_latitude = std::sin((radians(to.latitude()) - radians(from.latitude())) / 2);
  const double half_longitude = std::sin((radians(to.longitude()) - radians(from.longitude())) / 2);
  const double a = half_latitude * half_latitude +
                   std::cos(radians(from.latitude())) * std::cos(radians(to.latitude())) * half_longitude * half_longitude;
  return kEarthRadius * 2 * std::atan2(std::sqrt(a), std::sqrt(1 - a));
}

}  // namespace routeguide
