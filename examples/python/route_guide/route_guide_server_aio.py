"""Serves routeguide.RouteGuide with asyncio: route_guide_server_aio.py [ADDRESS]

Ctrl-C or SIGTERM lets running calls end for 2 seconds.
"""
import asyncio
import collections
import signal
import sys
import time
from collections.abc import AsyncIterator

import features
import grpc
import route_guide_pb2 as pb
import route_guide_pb2_grpc


class Guide(route_guide_pb2_grpc.RouteGuideServicer):
    def __init__(self) -> None:
        self._places = features.read_places()
        self._names = {(place.latitude, place.longitude): place.name for place in self._places}
        # All handlers run on one event loop: no lock is needed between two awaits.
        self._notes: dict[tuple[int, int], list[str]] = collections.defaultdict(list)

    async def GetFeature(self, request: pb.Point, context: grpc.aio.ServicerContext[pb.Point, pb.Feature]) -> pb.Feature:
        return pb.Feature(name=self._names.get((request.latitude, request.longitude), ""), location=request)

    async def ListFeatures(
        self, request: pb.Rectangle, context: grpc.aio.ServicerContext[pb.Rectangle, pb.Feature]
    ) -> AsyncIterator[pb.Feature]:
        for place in self._places:
            if features.contains(request, place):
                yield pb.Feature(name=place.name, location=features.point_of(place))

    async def RecordRoute(
        self, request_iterator: AsyncIterator[pb.Point], context: grpc.aio.ServicerContext[pb.Point, pb.RouteSummary]
    ) -> pb.RouteSummary:
        start = time.monotonic()
        route = features.Route(self._names)
        async for point in request_iterator:
            route.add(point)
        route.summary.elapsed_time = int(time.monotonic() - start)
        return route.summary

    async def RouteChat(
        self, request_iterator: AsyncIterator[pb.RouteNote], context: grpc.aio.ServicerContext[pb.RouteNote, pb.RouteNote]
    ) -> AsyncIterator[pb.RouteNote]:
        async for note in request_iterator:
            notes = self._notes[note.location.latitude, note.location.longitude]
            before = list(notes)
            notes.append(note.message)
            for message in before:
                yield pb.RouteNote(location=note.location, message=message)


async def serve(address: str) -> None:
    server = grpc.aio.server()
    route_guide_pb2_grpc.add_RouteGuideServicer_to_server(Guide(), server)
    port = server.add_insecure_port(address)
    await server.start()
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    print(f"listening on port {port}", flush=True)
    await stopping.wait()
    await server.stop(grace=2)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:50052"))
