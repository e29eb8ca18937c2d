"""Serves routeguide.RouteGuide, all four kinds of call: route_guide_server.py [ADDRESS]

Ctrl-C or SIGTERM lets running calls end for 2 seconds.
"""
import collections
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent import futures

import features
import grpc
import route_guide_pb2 as pb
import route_guide_pb2_grpc


class Guide(route_guide_pb2_grpc.RouteGuideServicer):
    def __init__(self) -> None:
        self._places = features.read_places()
        self._names = {(place.latitude, place.longitude): place.name for place in self._places}
        self._notes: dict[tuple[int, int], list[str]] = collections.defaultdict(list)
        self._lock = threading.Lock()  # handlers run on several threads

    def GetFeature(self, request: pb.Point, context: grpc.ServicerContext) -> pb.Feature:
        return pb.Feature(name=self._names.get((request.latitude, request.longitude), ""), location=request)

    def ListFeatures(self, request: pb.Rectangle, context: grpc.ServicerContext) -> Iterator[pb.Feature]:
        for place in self._places:
            if features.contains(request, place):
                yield pb.Feature(name=place.name, location=features.point_of(place))

    def RecordRoute(self, request_iterator: Iterator[pb.Point], context: grpc.ServicerContext) -> pb.RouteSummary:
        start = time.monotonic()
        route = features.Route(self._names)
        for point in request_iterator:
            route.add(point)
        route.summary.elapsed_time = int(time.monotonic() - start)
        return route.summary

    def RouteChat(self, request_iterator: Iterator[pb.RouteNote], context: grpc.ServicerContext) -> Iterator[pb.RouteNote]:
        for note in request_iterator:
            with self._lock:
                notes = self._notes[note.location.latitude, note.location.longitude]
                before = list(notes)
                notes.append(note.message)
            for message in before:
                yield pb.RouteNote(location=note.location, message=message)


def serve(address: str) -> None:
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=10))
    route_guide_pb2_grpc.add_RouteGuideServicer_to_server(Guide(), server)
    port = server.add_insecure_port(address)
    server.start()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: server.stop(grace=2))
    print(f"listening on port {port}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    serve(sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:50052")
