// route_guide_server [ADDRESS [FEATURES.tsv]]
#include <chrono>
#include <iostream>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "features.h"
#include "godwit/server.h"
#include "route_guide.grpc.pb.h"

namespace {

using godwit::ServerContext;
using godwit::Status;
using godwit::Task;
using namespace routeguide;

class Guide final : public RouteGuide::Service {
 public:
  explicit Guide(std::vector<Place> places) : places_(std::move(places)) {}

 private:
  Task<Status> GetFeature(ServerContext&, const Point& point, Feature& reply) override {
    reply.mutable_location()->CopyFrom(point);
    if (const Place* place = find(point)) reply.set_name(place->name);
    co_return Status();
  }

  Task<Status> ListFeatures(ServerContext&, const Rectangle& rectangle, godwit::ServerWriter<Feature>& writer) override {
    for (const Place& place : places_) {
      if (!contains(rectangle, place)) continue;
      Feature feature;
      feature.set_name(place.name);
      feature.mutable_location()->set_latitude(place.latitude);
      feature.mutable_location()->set_longitude(place.longitude);
      if (!co_await writer.write(feature)) break;
    }
    co_return Status();
  }

  Task<Status> RecordRoute(ServerContext& context, godwit::ServerReader<Point>& reader, RouteSummary& summary) override {
    const godwit::TimePoint start = context.executor().clock().now();
    Point previous;
    double distance = 0;
    int points = 0;
    int features = 0;
    while (const Point* point = co_await reader.read()) {
      if (find(*point)) ++features;
      if (points++ > 0) distance += distance_metres(previous, *point);
      previous.CopyFrom(*point);
    }
    const auto elapsed = context.executor().clock().now() - start;
    summary.set_point_count(points);
    summary.set_feature_count(features);
    summary.set_distance(static_cast<int>(distance));
    summary.set_elapsed_time(static_cast<int>(std::chrono::duration_cast<std::chrono::seconds>(elapsed).count()));
    co_return Status();
  }

  Task<Status> RouteChat(ServerContext&, godwit::ServerReaderWriter<RouteNote, RouteNote>& stream) override {
    while (const RouteNote* note = co_await stream.read()) {
      for (const std::string& earlier : leave_note(*note)) {
        RouteNote answer;
        answer.mutable_location()->CopyFrom(note->location());
        answer.set_message(earlier);
        if (!co_await stream.write(answer)) co_return Status();
      }
    }
    co_return Status();
  }

  const Place* find(const Point& point) const {
    for (const Place& place : places_) {
      if (place.latitude == point.latitude() && place.longitude == point.longitude()) return &place;
    }
    return nullptr;
  }

  // The notes that were at the place before this one. Calls run on several loops: the notes are guarded.
  std::vector<std::string> leave_note(const RouteNote& note) {
    std::lock_guard lock(mutex_);
    std::vector<std::string>& notes = notes_[{note.location().latitude(), note.location().longitude()}];
    std::vector<std::string> before = notes;
    notes.emplace_back(note.message());
    return before;
  }

  const std::vector<Place> places_;
  std::mutex mutex_;
  std::map<std::pair<int, int>, std::vector<std::string>> notes_;
};

}  // namespace

int main(int argc, char** argv) {
  auto places = read_places(argc > 2 ? argv[2] : ROUTE_GUIDE_FEATURES);
  if (!places.ok()) return std::cerr << "error: " << places.error().message << "\n", 1;
  Guide guide(std::move(places.value()));
  godwit::Server server;
  server.add(guide);
  return server.run(argc > 1 ? argv[1] : "127.0.0.1:50052");
}
