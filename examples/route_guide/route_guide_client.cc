// route_guide_client [TARGET [FEATURES.tsv]]: makes one call of each kind and shows what comes back.
#include <cstddef>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "features.h"
#include "godwit/client.h"
#include "route_guide.grpc.pb.h"

namespace {

using godwit::Status;
using godwit::Task;
using namespace routeguide;

void set_point(Point& point, int latitude, int longitude) {
  point.set_latitude(latitude);
  point.set_longitude(longitude);
}

Task<Status> get_feature(RouteGuide::Stub& guide, const Place& place) {
  Point point;
  set_point(point, place.latitude, place.longitude);
  auto feature = co_await guide.GetFeature(point);
  if (!feature.ok()) co_return std::move(feature.error());
  std::cout << "GetFeature: " << (*feature)->name() << "\n";
  co_return Status();
}

Task<Status> list_features(RouteGuide::Stub& guide) {
  Rectangle europe;
  set_point(*europe.mutable_lo(), 360'000'000, -100'000'000);
  set_point(*europe.mutable_hi(), 650'000'000, 250'000'000);
  auto features = guide.ListFeatures(europe);
  int count = 0;
  std::string first;
  while (const Feature* feature = co_await features.read()) {
    if (count++ == 0) first = feature->name();
  }
  Status status = co_await features.finish();
  if (status.ok()) std::cout << "ListFeatures: " << count << " places in Europe, the first is " << first << "\n";
  co_return status;
}

Task<Status> record_route(RouteGuide::Stub& guide, const std::vector<Place>& places) {
  auto route = guide.RecordRoute();
  for (std::size_t i = 0; i < places.size(); i += 10) {
    Point point;
    set_point(point, places[i].latitude, places[i].longitude);
    if (!co_await route.write(point)) break;
  }
  auto summary = co_await route.finish();
  if (!summary.ok()) co_return std::move(summary.error());
  std::cout << "RecordRoute: " << (*summary)->point_count() << " points, " << (*summary)->feature_count() << " features, "
            << (*summary)->distance() / 1000 << " km\n";
  co_return Status();
}

Task<Status> route_chat(RouteGuide::Stub& guide, const Place& place) {
  auto chat = guide.RouteChat();
  int answers = 0;
  for (const char* text : {"first", "second", "third"}) {
    RouteNote note;
    set_point(*note.mutable_location(), place.latitude, place.longitude);
    note.set_message(text);
    if (!co_await chat.write(note)) break;
  }
  chat.close_writing();
  while (const RouteNote* note = co_await chat.read()) {
    ++answers;
    std::cout << "RouteChat: at this place before: " << note->message() << "\n";
  }
  Status status = co_await chat.finish();
  if (status.ok() && answers < 3) status = Status(godwit::StatusCode::kDataLoss, "notes are missing");
  co_return status;
}

Task<Status> all(godwit::Channel& channel, const std::vector<Place>& places) {
  RouteGuide::Stub guide(channel);
  Status status = co_await get_feature(guide, places.front());
  if (status.ok()) status = co_await list_features(guide);
  if (status.ok()) status = co_await record_route(guide, places);
  if (status.ok()) status = co_await route_chat(guide, places.front());
  co_return status;
}

}  // namespace

int main(int argc, char** argv) {
  auto places = read_places(argc > 2 ? argv[2] : ROUTE_GUIDE_FEATURES);
  if (!places.ok()) return std::cerr << "error: " << places.error().message << "\n", 1;
  auto client = godwit::Client::create(argc > 1 ? argv[1] : "127.0.0.1:50052");
  if (!client.ok()) return std::cerr << "error: " << client.error().message << "\n", 1;
  const Status status = client->run(all(client->channel(), *places));
  if (!status.ok()) return std::cerr << "error: " << status.text() << "\n", 1;
}
