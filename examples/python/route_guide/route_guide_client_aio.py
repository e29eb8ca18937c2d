"""Makes one call of each kind with asyncio and shows what comes back: route_guide_client_aio.py [TARGET]"""
import asyncio
import sys
from collections.abc import AsyncIterator

import features
import grpc
import route_guide_pb2 as pb
import route_guide_pb2_grpc
from route_guide_client import EUROPE


async def main(target: str = "127.0.0.1:50052") -> None:
    places = features.read_places()
    async with grpc.aio.insecure_channel(target) as channel:
        guide = route_guide_pb2_grpc.RouteGuideStub(channel)

        feature = await guide.GetFeature(features.point_of(places[0]))
        print(f"GetFeature: {feature.name}")

        names = [feature.name async for feature in guide.ListFeatures(EUROPE)]
        print(f"ListFeatures: {len(names)} places in Europe, the first is {names[0]}")

        async def route() -> AsyncIterator[pb.Point]:
            for place in places[::10]:
                yield features.point_of(place)

        summary = await guide.RecordRoute(route())
        print(f"RecordRoute: {summary.point_count} points, {summary.feature_count} features, {summary.distance // 1000} km")

        # Writing and reading by hand: what is written goes out at once.
        chat = guide.RouteChat()
        for message in ("first", "second", "第三"):
            await chat.write(pb.RouteNote(location=features.point_of(places[0]), message=message))
        await chat.done_writing()
        async for note in chat:
            print(f"RouteChat: at this place before: {note.message}")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
