"""Mistakes in handlers: a status for the client, and in the log the method, the place and the cure."""
import grpc
import pytest
from conftest import su, us, uu
from google.protobuf.wrappers_pb2 import StringValue

WORDS = {"request_deserializer": StringValue.FromString, "response_serializer": StringValue.SerializeToString}


def failure(function):
    with pytest.raises(grpc.RpcError) as caught:
        function()
    return caught.value.code(), caught.value.details()


def number_of(details):
    return details.split("[error id ")[1].split("]")[0]


def test_an_exception_is_not_told_to_the_client(serve, errors, caplog):
    def handler(request, context):
        raise ValueError("the password is 1234")

    code, details = failure(lambda: serve({"M": uu(handler)}).unary()(b""))
    assert code is grpc.StatusCode.UNKNOWN
    assert details == f"Exception calling application: ValueError [error id {number_of(details)}]"
    (text,) = errors()
    assert "/t.T/M" in text and number_of(details) in text and __file__ in text
    assert "the password is 1234" in caplog.text and "Traceback" in caplog.text


def test_the_text_by_option(serve):
    def handler(request, context):
        raise ValueError("the details")

    def stream(request, context):
        yield b"1"
        raise ValueError("the details")

    s = serve({"M": uu(handler), "S": us(stream)}, options=[("godwit.exception_text", 1)])
    assert failure(lambda: s.unary()(b""))[1] == "Exception calling application: the details"
    assert failure(lambda: list(s.channel.unary_stream("/t.T/S")(b"")))[1] == "Exception iterating responses: the details"


def test_a_chosen_status_wins_over_the_exception(serve):
    def handler(request, context):
        context.set_code(grpc.StatusCode.INVALID_ARGUMENT)
        context.set_details("chosen")
        raise ValueError()

    assert failure(lambda: serve({"M": uu(handler)}).unary()(b"")) == (grpc.StatusCode.INVALID_ARGUMENT, "chosen")


def test_a_chosen_ok_does_not_hide_the_exception(serve):
    def handler(request, context):
        context.set_code(grpc.StatusCode.OK)
        context.set_details("fine")
        raise ValueError()

    code, details = failure(lambda: serve({"M": uu(handler)}).unary()(b""))
    assert code is grpc.StatusCode.UNKNOWN and details.startswith("Exception calling application: ValueError")


def test_a_code_that_is_none(serve, errors):
    def handler(request, context):
        context.set_code("NOT_FOUND")
        return b""

    code, details = failure(lambda: serve({"M": uu(handler)}).unary()(b""))
    assert code is grpc.StatusCode.UNKNOWN and details.startswith("set_code() was called with NOT_FOUND [error id ")
    (text,) = errors()
    assert "set_code('NOT_FOUND')" in text and number_of(details) in text and __file__ in text


def test_without_context(serve, errors):
    code, details = failure(lambda: serve({"M": uu(lambda request: request)}).unary()(b""))
    assert code is grpc.StatusCode.UNKNOWN and "TypeError" in details
    (text,) = errors()
    assert "(request, context)" in text and "def Method(self, request, context)" in text and __file__ in text


def test_forgotten_return(serve, errors):
    s = serve({"M": uu(lambda r, c: None, **WORDS), "S": us(lambda r, c: None), "B": uu(lambda r, c: None)})
    code, details = failure(lambda: s.unary(request_serializer=StringValue.SerializeToString)(StringValue()))
    assert code is grpc.StatusCode.INTERNAL and details.startswith("Failed to serialize response!")
    assert failure(lambda: s.unary("B")(b""))[0] is grpc.StatusCode.INTERNAL
    assert failure(lambda: list(s.channel.unary_stream("/t.T/S")(b"")))[0] is grpc.StatusCode.UNKNOWN
    texts = errors()
    assert len(texts) == 3 and all("it returned None" in t and __file__ in t for t in texts)
    assert "`return`" in texts[0] and "`yield`" in texts[2]


@pytest.mark.filterwarnings("error")
def test_async_handlers_in_a_sync_server(serve, errors):
    async def reply(request, context):
        return request

    async def replies(request, context):
        yield request

    s = serve({"M": uu(reply), "S": us(replies), "U": us(reply)})
    assert failure(lambda: s.unary()(b""))[0] is grpc.StatusCode.INTERNAL
    for name in "SU":
        assert failure(lambda: list(s.channel.unary_stream("/t.T/" + name)(b"")))[0] is grpc.StatusCode.UNKNOWN
    texts = errors()
    assert len(texts) == 3 and all("async def" in t and "grpc.aio.server()" in t and __file__ in t for t in texts)


def test_replies_of_the_wrong_kind(serve, errors):
    def generator(request, context):
        yield b""

    s = serve({"Yields": uu(generator, **WORDS), "Str": uu(lambda r, c: "text"), "Dict": uu(lambda r, c: {}, **WORDS),
               "One": us(lambda r, c: 7)})
    for name in ("Yields", "Str", "Dict"):
        assert failure(lambda: s.unary(name)(b""))[0] is grpc.StatusCode.INTERNAL
    assert failure(lambda: list(s.channel.unary_stream("/t.T/One")(b"")))[0] is grpc.StatusCode.UNKNOWN
    texts = errors()
    assert "it yields, but the method has one reply" in texts[0]
    assert "it gave str" in texts[1] and "replies are bytes" in texts[1]
    assert "dict" in texts[2]
    assert "it gave int" in texts[3]


def generated():
    """A service in protobuf's pool, as generated code puts it there."""
    from google.protobuf import descriptor_pb2, descriptor_pool
    file = descriptor_pb2.FileDescriptorProto(name="types_test.proto", package="types_test", syntax="proto3")
    file.dependency.append("google/protobuf/wrappers.proto")
    method = file.service.add(name="S").method.add(name="M")
    method.input_type = method.output_type = ".google.protobuf.StringValue"
    try:
        descriptor_pool.Default().Add(file)
    except AttributeError:
        descriptor_pool.Default().AddSerializedFile(file.SerializeToString())


def test_another_message_than_the_proto_file_says(serve, errors):
    from google.protobuf.wrappers_pb2 import Int32Value
    generated()
    s = serve({})
    other = grpc.server(s.pool)
    other.add_registered_method_handlers("types_test.S", {"M": uu(lambda r, c: Int32Value(value=1), **WORDS)})
    port = other.add_insecure_port("127.0.0.1:0")
    other.start()
    with grpc.insecure_channel(f"localhost:{port}") as channel:
        call = channel.unary_unary("/types_test.S/M", StringValue.SerializeToString, StringValue.FromString)
        assert failure(lambda: call(StringValue()))[0] is grpc.StatusCode.INTERNAL
        assert failure(lambda: call(Int32Value()))[0] is grpc.StatusCode.INTERNAL
    other.stop(None)
    texts = errors()
    assert "it gave Int32Value instead of StringValue: make a StringValue" in texts[0]
    assert "/types_test.S/M: Int32Value can't be sent: the method takes StringValue" in texts[1]


def test_requests_that_can_not_be_parsed(serve, errors):
    s = serve({"M": uu(lambda r, c: r, **WORDS), "S": su(lambda r, c: StringValue(value=str(len(list(r)))), **WORDS)})
    for call in (s.unary(), s.channel.unary_unary("/t.T/S")):
        code, details = failure(lambda: call(b"\xff\xff"))
        assert code is grpc.StatusCode.INTERNAL and details.startswith("Exception deserializing request!")
    assert all("could not be parsed" in text for text in errors()) and len(errors()) == 2


@pytest.mark.parametrize("code", [grpc.StatusCode.OK, 5, None, "NOT_FOUND"])
def test_abort_with_a_code_that_is_none(serve, errors, code):
    result, details = failure(lambda: serve({"M": uu(lambda r, c: c.abort(code, "why"))}).unary()(b""))
    assert result is grpc.StatusCode.UNKNOWN
    (text,) = errors()
    assert "/t.T/M" in text and "abort()" in text and __file__ in text and "other than OK" in text


def test_abort_is_not_an_error(serve, errors):
    def handler(request, context):
        context.abort(grpc.StatusCode.PERMISSION_DENIED, "nein")

    def swallows(request, context):
        try:
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "nein")
        except Exception:
            return b"reply"

    class Status(grpc.Status):
        code, details, trailing_metadata = grpc.StatusCode.DATA_LOSS, "gone", (("k", "v"),)

    s = serve({"M": uu(handler), "W": uu(swallows), "S": us(handler), "A": uu(lambda r, c: c.abort_with_status(Status()))})
    expected = (grpc.StatusCode.PERMISSION_DENIED, "nein")
    assert failure(lambda: s.unary()(b"")) == failure(lambda: s.unary("W")(b"")) == expected
    assert failure(lambda: list(s.channel.unary_stream("/t.T/S")(b""))) == expected
    assert failure(lambda: s.unary("A")(b"")) == (grpc.StatusCode.DATA_LOSS, "gone")
    assert errors() == []


def test_bad_metadata_of_a_handler(serve, errors, caplog):
    s = serve({"T": uu(lambda r, c: c.set_trailing_metadata((("Bad Key", "x"),))),
               "I": uu(lambda r, c: c.send_initial_metadata((("key", "line\n"),)))})
    for name in "TI":
        assert failure(lambda: s.unary(name)(b""))[0] is grpc.StatusCode.UNKNOWN
    assert "Bad Key" in caplog.text and "set_trailing_metadata" in caplog.text and "send_initial_metadata" in caplog.text


def test_set_code_and_details(serve):
    def handler(request, context):
        assert context.code() is None and context.details() is None and context.trailing_metadata() is None
        context.set_code(grpc.StatusCode.OUT_OF_RANGE)
        context.set_details("größer")
        assert context.code() is grpc.StatusCode.OUT_OF_RANGE and context.details() == "größer".encode()
        return b""

    assert failure(lambda: serve({"M": uu(handler)}).unary()(b"")) == (grpc.StatusCode.OUT_OF_RANGE, "größer")


def test_system_exit_in_a_handler_does_not_end_the_server(serve):
    import sys
    s = serve({"M": uu(lambda r, c: sys.exit(1)), "E": uu(lambda r, c: r)}, workers=1)
    assert failure(lambda: s.unary()(b"", timeout=10))[0] is grpc.StatusCode.UNKNOWN
    assert s.unary("E")(b"on") == b"on"
