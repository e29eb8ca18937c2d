"""x_pb2.pyi and x_pb2_grpc.pyi: clean under mypy --strict, alone and in use, and they catch what is wrong."""
import pathlib
import tempfile
import unittest

import support

# A keyword cannot be a module's name for mypy either.
PROTOS = [p for p in support.ALL_PROTOS if not p.startswith("class/")]

USER = """
from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncIterator, Iterator
from concurrent import futures

import grpc
import grpc.aio

PACKAGEimport plain_pb2, plain_pb2_grpc, scalars_pb2, well_known_pb2
from PREFIXshop.v1 import item_pb2, shop_pb2, shop_pb2_grpc
from PREFIXcommon import base_pb2
from google.protobuf import empty_pb2


class Shop(shop_pb2_grpc.ShopServicer):
    def Find(self, request: base_pb2.Base, context: grpc.ServicerContext) -> item_pb2.Item:
        context.set_code(grpc.StatusCode.OK)
        return item_pb2.Item(base=request, kind=base_pb2.EXPORTED_SOME)

    def All(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> Iterator[item_pb2.Item]:
        yield item_pb2.Item(base={"id": "a"}, kind="EXPORTED_SOME")

    def Sell(self, request_iterator: Iterator[item_pb2.Item], context: grpc.ServicerContext) -> shop_pb2.Order:
        return shop_pb2.Order(items=request_iterator, at=datetime.datetime.now())


class AsyncShop(shop_pb2_grpc.ShopServicer):
    async def Find(self, request: base_pb2.Base,
                   context: grpc.aio.ServicerContext[base_pb2.Base, item_pb2.Item]) -> item_pb2.Item:
        return item_pb2.Item(base=request)

    async def All(self, request: empty_pb2.Empty,
                  context: grpc.aio.ServicerContext[empty_pb2.Empty, item_pb2.Item]) -> AsyncIterator[item_pb2.Item]:
        yield item_pb2.Item()

    async def Sell(self, request_iterator: AsyncIterator[item_pb2.Item],
                   context: grpc.aio.ServicerContext[item_pb2.Item, shop_pb2.Order]) -> shop_pb2.Order:
        return shop_pb2.Order(items=[item async for item in request_iterator])

    async def Talk(self, request_iterator: AsyncIterator[plain_pb2.Plain],
                   context: grpc.aio.ServicerContext[plain_pb2.Plain, plain_pb2.Plain]) -> None:
        async for plain in request_iterator:
            await context.write(plain)


def serve() -> grpc.Server:
    server = grpc.server(futures.ThreadPoolExecutor())
    shop_pb2_grpc.add_ShopServicer_to_server(Shop(), server)
    return server


async def serve_async() -> grpc.aio.Server:
    server = grpc.aio.server()
    shop_pb2_grpc.add_ShopServicer_to_server(AsyncShop(), server)
    await server.start()
    return server


def any_stub(stub: shop_pb2_grpc.ShopStub) -> None:
    print(stub.Find(base_pb2.Base(id="a")).cents)


async def any_async_stub(stub: shop_pb2_grpc.ShopStub) -> None:
    print((await stub.Find(base_pb2.Base(id="a"))).cents)


def call() -> str:
    with grpc.insecure_channel("localhost:1") as channel:
        stub = shop_pb2_grpc.ShopStub(channel)
        any_stub(stub)
        total: int = stub.Find(base_pb2.Base(id="a"), timeout=3, metadata=(("k", "v"),)).cents
        for item in stub.All(empty_pb2.Empty()):
            total += item.cents
        order: shop_pb2.Order = stub.Sell(iter([item_pb2.Item()]))
        for plain in stub.Talk(iter([plain_pb2.Plain(text="x")])):
            print(plain.text)
        return order.items[0].base.id + str(total)


async def call_async() -> str:
    async with grpc.aio.insecure_channel("localhost:1") as channel:
        stub = shop_pb2_grpc.ShopStub(channel)
        await any_async_stub(stub)
        same: shop_pb2_grpc.ShopAsyncStub = stub
        item = await same.Find(base_pb2.Base(id="a"))
        async for other in stub.All(empty_pb2.Empty()):
            print(other.cents)
        return item.base.id


def messages() -> None:
    scalars = scalars_pb2.Scalars(a_double=1, some_bytes=b"x")
    scalars.an_int32 += 1
    maps = scalars_pb2.Maps(numbers={"a": 1}, levels={1: scalars_pb2.LEVEL_LOW})
    maps.messages["a"].CopyFrom(scalars)
    for key, value in maps.numbers.items():
        print(key + "x", value + 1)
    repeated = scalars_pb2.Repeated(doubles=[1, 2.5])
    repeated.messages.add(a_string="x").a_bool = True
    repeated.levels.append(scalars_pb2.Level.LEVEL_HIGH)
    choice = scalars_pb2.Choice(text="x", level="LEVEL_LOW")
    kind = choice.WhichOneof("kind")
    if kind == "text":
        print(choice.text.upper())
    choice.level = scalars_pb2.Level.Value("LEVEL_LOW")
    print(scalars_pb2.Level.Name(choice.level), scalars_pb2.Level.keys(), choice.HasField("text"))
    nested = scalars_pb2.Nested(inner=scalars_pb2.Nested.Inner(colors=[scalars_pb2.Nested.Inner.RED]))
    nested.color = scalars_pb2.Nested.Inner.Color.GREEN
    known = well_known_pb2.WellKnown(timestamp=datetime.datetime.now(), duration=datetime.timedelta(seconds=1))
    known.any.Pack(scalars)
    known.struct.update({"a": 1})
    print(known.timestamp.ToJsonString(), scalars_pb2.Level.DESCRIPTOR.full_name, scalars.DESCRIPTOR.full_name)


asyncio.run(call_async())
"""

# Lines that are wrong; each must be found.
WRONG = """
import grpc
import grpc.aio
import plain_pb2, plain_pb2_grpc, scalars_pb2
stub = plain_pb2_grpc.PlainsStub(grpc.insecure_channel("x"))
asynchronous = plain_pb2_grpc.PlainsStub(grpc.aio.insecure_channel("x"))
stub.Echo("text")
stub.Echo(plain_pb2.Plain(text=1))
stub.Echo(plain_pb2.Plain(txt="x"))
stub.Ecco(plain_pb2.Plain())
stub.Echo(plain_pb2.Plain()).txt
asynchronous.Echo(plain_pb2.Plain()).text
scalars_pb2.Choice().level = 5
scalars_pb2.Level.NONE
plain_pb2_grpc.PlainsStub("localhost:1")
class Plains(plain_pb2_grpc.PlainsServicer):
    def Echo(self, request: int, context: grpc.ServicerContext) -> plain_pb2.Plain: return plain_pb2.Plain()
"""
FIRST_WRONG_LINE = 7


class TypesTest(unittest.TestCase):
    def setUp(self):
        if not support.MYPY.exists():
            self.skipTest(f"no {support.MYPY}: python3 tests/python_codegen/support.py makes it")
        folder = tempfile.TemporaryDirectory(prefix="godwit-types-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def mypy(self, *files):
        return support.run([support.MYPY, "--strict", "--explicit-package-bases", "--cache-dir", self.folder / "cache", *files],
                           self.folder)

    def check_all(self, generated, user):
        (self.folder / "user.py").write_text(user)
        files = [p.relative_to(self.folder) for p in generated.rglob("*.pyi")
                 if "class" not in p.parts and not p.name.startswith("2_")]
        self.assertGreater(len(files), 15)
        done = self.mypy("user.py", *files)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_beside_each_other(self):
        support.generate(self.folder, PROTOS)
        self.check_all(self.folder, USER.replace("PACKAGE", "").replace("PREFIX", ""))

    def test_in_a_package(self):
        support.generate(self.folder / "gen/pb", PROTOS, "--pyi_opt=relative")
        self.check_all(self.folder / "gen", USER.replace("PACKAGE", "from gen.pb ").replace("PREFIX", "gen.pb."))

    def test_mistakes_are_found(self):
        support.generate(self.folder, ["plain.proto", "scalars.proto"])
        (self.folder / "wrong.py").write_text(WRONG)
        done = self.mypy("wrong.py")
        for number, line in enumerate(WRONG.splitlines(), 1):
            if number >= FIRST_WRONG_LINE and not line.startswith("class"):
                self.assertIn(f"wrong.py:{number}: error:", done.stdout, line)


if __name__ == "__main__":
    unittest.main()
