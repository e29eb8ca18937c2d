#!/usr/bin/env python3
"""Writes descriptors.inc, the types of the JSON tests, and golden_table.inc: what the protobuf package of Python makes of JSON texts, for json_golden_test.cc.

Run by hand, when cases are added: needs the packages protobuf and grpcio-tools. The build does not.
"""
import argparse
import json
import math
import pathlib
import random
import struct

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
import google.protobuf.any_pb2, google.protobuf.duration_pb2, google.protobuf.empty_pb2, google.protobuf.field_mask_pb2
import google.protobuf.struct_pb2, google.protobuf.timestamp_pb2, google.protobuf.wrappers_pb2
from grpc_tools import protoc
import importlib.resources
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SEED = 20261120

# (type, JSON, why we refuse it or, behind a +, why we take it, whatever Python does;
# behind a =, why we take it as something else; empty when we do as Python does)
CASES = []


def case(type_name, text, deviation=""):
    CASES.append((type_name, text, deviation))


def integers(field, low, high):
    for good in (low, high, 0, 1):
        case("Scalars", '{"%s":%d}' % (field, good))
        case("Scalars", '{"%s":"%d"}' % (field, good))
    for bad in (low - 1, high + 1, 10**30):
        case("Scalars", '{"%s":%d}' % (field, bad))
        case("Scalars", '{"%s":"%d"}' % (field, bad))
    for text in ("1e2", "1.0", "120e-1", "100000.000", "1E+2"):
        case("Scalars", '{"%s":%s}' % (field, text))
    case("Scalars", '{"%s":"1e2"}' % field, "+integers in quotes may have an exponent")
    case("Scalars", '{"%s":-0}' % field)
    for text in ("0.5", "1e-1", "true", "[]", "{}", '""', '" 1"', '"1 "', '"x"', '"0x10"', '"1.5"', "01", "+1", "1.", ".5", "- 1", "NaN"):
        case("Scalars", '{"%s":%s}' % (field, text))
    case("Scalars", '{"%s":"1_000"}' % field, "a string with an integer has the form of a JSON number")
    case("Scalars", '{"%s":"+1"}' % field, "a string with an integer has the form of a JSON number")
    case("Scalars", '{"%s":"007"}' % field, "a string with an integer has the form of a JSON number")
    case("Scalars", '{"%s":null}' % field)


def make_cases():
    for field in ("i32", "s32", "sf32"):
        integers(field, -(2**31), 2**31 - 1)
    for field in ("i64", "s64", "sf64"):
        integers(field, -(2**63), 2**63 - 1)
    for field in ("u32", "f32"):
        integers(field, 0, 2**32 - 1)
    for field in ("u64", "f64"):
        integers(field, 0, 2**64 - 1)

    for field in ("flt", "dbl"):
        for text in ("0", "-0", "-0.0", "1", "1.5", "-1.5e3", "1e2", "1e-3", "0.1", "123456789", "1e15", "1e16", "1e17", "1e21", "1e22",
                     "0.0001", "0.00001", '"1.5"', '"-1e3"', '"NaN"', '"Infinity"', '"-Infinity"', "3.4028234e38",
                     "1e-50", "-1e-400", "true", '"abc"', '""', '"1.5 "', '"0x1p3"', "NaN", "Infinity", "-Infinity", "[]", '"nano"'):
            deviation = ""
            if text == "-0":
                deviation = "=the sign of zero is kept"
            if text == "true":
                deviation = "true is no number"
            if text in ("NaN", "Infinity", "-Infinity"):
                deviation = "not in quotes it is no JSON"
            if text == '"1.5 "':
                deviation = "a string with a number has the form of a JSON number"
            case("Scalars", '{"%s":%s}' % (field, text), deviation)
        for text in ('"inf"', '"nan"', '"-inf"', '"infinity"', '"+Infinity"', '"-NaN"'):
            case("Scalars", '{"%s":%s}' % (field, text), "three words are there for what JSON cannot write")
    case("Scalars", '{"flt":3.4028235e38}', "+it rounds to the largest float")
    case("Scalars", '{"flt":3.5e38}')
    case("Scalars", '{"flt":-3.5e38}')
    case("Scalars", '{"flt":1.17549e-39}')
    case("Scalars", '{"flt":16777217}')
    case("Scalars", '{"dbl":1.7976931348623157e308}')
    case("Scalars", '{"dbl":1.7976931348623159e308}')
    case("Scalars", '{"dbl":-1e309}')
    case("Scalars", '{"dbl":5e-324}')
    case("Scalars", '{"dbl":2.2250738585072011e-308}')

    for text in ("true", "false", "null", '"true"', "1", "0", '"false"', "True"):
        case("Scalars", '{"flag":%s}' % text)

    for text in ('"abc"', '""', '"\\u00e9\\n\\t\\"\\\\\\/\\b\\f\\r"', '"\\ud83d\\ude00"', '"\u4f60\u597d"', '"\\u0000"', "1", "true", "[]", "{}", '"\\ud83d"',
                 '"\\ude00"', '"\\ud83dx"', '"\\ud83d\\u0041"', '"\\x41"', '"\\u12"', '"a\tb"', '"abc', "'abc'"):
        case("Scalars", '{"text":%s}' % text)

    for text in ('""', '"AQI="', '"AQID"', '"AQ=="', '"_-8="', '"-_"', '"AQI"', '"AQ"', '"/+8="', '"AR=="', "1", "null"):
        case("Scalars", '{"data":%s}' % text)
    for text in ('"***"', '"AQ="', '"A"', '"AQI=="', '"AQ==="', '"A Q="', '"AQ\\n=="', '"=AQ"', '"AQ==AQ=="', '"+_"', '"AQID\\u00e9"'):
        case("Scalars", '{"data":%s}' % text, "base64 is strict")

    for text in ('"COLOR_RED"', "1", "-2", "7", '"COLOR_BLUE"', '"COLOR_GREEN"', "2147483648", "null", '""', '"color_red"'):
        case("Scalars", '{"color":%s}' % text)
    case("Scalars", '{"color":1.5}', "numbers of enums are integers")
    case("Scalars", '{"color":true}', "numbers of enums are integers")
    case("Scalars", '{"color":1.0}', "+a number is one in any spelling")
    case("Scalars", '{"color":"1"}', "a number in quotes is no name")

    for text in ("{}", '{"maybeI32":0}', '{"maybe_i32":0}', '{"maybeText":""}', '{"maybeText":null}', '{"childMessage":{}}',
                 '{"child_message":{"childMessage":{"i32":1}}}', '{"childMessage":null}', '{"@other":5}', '{"renamed":5}', '{"Renamed":5}', '{"i32":1,"i32":2}',
                 '{"maybeI32":1,"maybe_i32":2}', '{"nope":1}', '{"":1}', '{"I32":1}', '{"childMessage":1}', "1", "null", "", " ", "{", "{}}",
                 '{"i32":1,}', '{"i32" 1}', "{i32:1}", '{"i32":1 "i64":1}', '{"childMessage":{"nope":1}}', '{ "i32" : 1 , "i64" : 2 }\n'):
        case("Scalars", text)

    case("Scalars", '{"childMessage":[]}', "a message is an object")
    case("Scalars", "[]", "a message is an object")
    case("WellKnown", '{"empty":[]}', "a message is an object")
    case("WellKnown", '{"dbl":true}', "true is no number")
    case("Maps", '{"nulls":{"a":null}}', "+null is the value of NullValue")
    case("WellKnown", "+null is the value of NullValue")

    for text in ('{"i32":[1,"2",3e0]}', '{"i32":[]}', '{"i32":null}', '{"i32":[null]}', '{"i32":1}', '{"i32":[1,[2]]}', '{"i64":["-1",2]}',
                 '{"dbl":["NaN",1.5,-0.0]}', '{"flag":[true,false]}', '{"text":["","a"]}', '{"text":[1]}', '{"data":["AQ==",""]}', '{"color":["COLOR_RED",0,9]}',
                 '{"color":["NOPE"]}', '{"lists":[{},{"lists":[{"i32":[1]}]}]}', '{"lists":[null]}', '{"lists":{}}', '{"flt":[0.1,1e30]}', '{"u64":["18446744073709551615"]}',
                 '{"i32":[1,]}', '{"i32":[,1]}', '{"i32":[1'):
        case("Lists", text)

    for text in ('{"i32":{"1":2}}', '{"i32":{"-2147483648":2147483647}}', '{"i32":{"2147483648":1}}', '{"i32":{"x":1}}', '{"i32":{"1":null}}', '{"i32":{"":1}}',
                 '{"i64":{"-9223372036854775808":"1"}}', '{"u32":{"4294967295":1}}', '{"u32":{"-1":1}}', '{"u64":{"18446744073709551615":"1"}}',
                 '{"flag":{"true":false}}', '{"flag":{"True":false}}', '{"flag":{"1":false}}', '{"text":{"":""}}', '{"text":{"a":"b"}}', '{"text":{"a":1}}',
                 '{"text":{"a":"1","a":"2"}}', '{"color":{"a":"COLOR_RED"}}', '{"color":{"a":1}}', '{"color":{"a":"NOPE"}}', '{"maps":{"a":{"maps":{"b":{}}}}}',
                 '{"s32":{"-1":"NaN"}}', '{"f64":{"1":"AQ=="}}', '{"sf64":{"-1":0.5}}', '{"values":{"a":null}}', '{"values":{"a":[1,{"b":"c"}]}}', '{"i32":null}',
                 '{"i32":[]}', '{"text":{"\\u00e9":"x"}}', '{"maps":{"a":null}}'):
        case("Maps", text)
    case("Maps", '{"i32":{" 1":1}}', "a key with an integer has the form of a JSON number")

    for text in ('{"number":0}', '{"text":""}', '{"number":1,"text":"a"}', '{"number":null,"text":"a"}', '{"text":"a","number":null}', '{"scalars":{}}', '{"null":null}',
                 '{"value":null}', '{"value":1}', '{"null":"NULL_VALUE"}', '{"color":"COLOR_NONE"}', '{"wrapped":0}', '{"scalars":{"i32":1},"color":1}', '{"number":1,"number":1}'):
        case("Choice", text)

    times = ["1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "2024-02-29T12:30:45.5Z", "2000-02-29T00:00:00.000001Z",
             "1972-01-01T10:00:20.021Z", "1969-12-31T23:59:59.999999999Z", "2015-05-21T14:43:35+08:00", "2015-05-21T14:43:35-23:59", "1970-01-01T00:00:00.010Z",
             "1900-03-01T00:00:00Z", "2100-02-28T23:59:59Z", "0004-02-29T00:00:00Z", "1970-01-01T00:00:00.1234567Z"]
    bad_times = ["", "2024-02-30T00:00:00Z", "2023-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2024-13-01T00:00:00Z", "2024-00-01T00:00:00Z", "2024-01-00T00:00:00Z",
                 "2024-01-01T24:00:00Z", "2024-01-01T00:60:00Z", "2024-01-01T00:00:61Z", "2024-01-01T00:00:00", "2024-01-01 00:00:00Z", "2024-01-01", "x",
                 "10000-01-01T00:00:00Z", "0000-01-01T00:00:00Z", "2024-01-01T00:00:00.1234567890Z", "2024-01-01T00:00:00ZZ", "2024-01-01T00:00:00z"]
    for text in times + bad_times:
        case("WellKnown", '{"time":"%s"}' % text)
    for text, why in (("2024-01-01t00:00:00Z", ""), ("2024-1-1T0:0:0Z", "fields of RFC 3339 have a fixed width"),
                      ("2024-01-01T00:00:00.Z", "a point is followed by digits"), ("2024-01-01T00:00:00+24:00", "offsets end at 23:59"),
                      ("2024-01-01T00:00:00+08", "an offset has minutes"), ("0001-01-01T00:00:00+01:00", "the range counts in UTC"),
                      ("9999-12-31T23:59:59-01:00", "the range counts in UTC"), (" 2024-01-01T00:00:00Z", "")):
        case("WellKnown", '{"time":"%s"}' % text, why)
    case("WellKnown", '{"time":1}')
    case("WellKnown", '{"time":null}')

    for text in ("0s", "1s", "-1s", "1.5s", "-0.5s", "0.000000001s", "-3.000000001s", "315576000000s", "-315576000000s", "1.010s", "1.000001s", "1.1234567s"):
        case("WellKnown", '{"span":"%s"}' % text)
    for text, why in (("", ""), ("1", ""), ("s", ""), ("1.5", ""), ("315576000001s", ""), ("-315576000001s", ""), ("1.1234567890s", "nanoseconds are the finest"), ("1.s", "a point is followed by digits"),
                      (".5s", "a point follows a digit"), ("+1s", "no plus sign"), ("1 s", "no spaces"), (" 1s", "no spaces"), ("1e3s", ""), ("--1s", ""), ("1m", ""), ("999999999999999999999s", ""),
                      ("315576000000.5s", "the fraction counts for the range"), ("1_0s", "digits only")):
        case("WellKnown", '{"span":"%s"}' % text, why)

    for text in ("", "a", "a,b", "fooBar", "a.bC.dE,f", "foo1"):
        case("WellKnown", '{"mask":"%s"}' % text)
    for text, why in (("foo_bar", "paths are lowerCamelCase"), ("a,,b", "paths are not empty"), (",", "paths are not empty"), ("a b", "letters and digits only")):
        case("WellKnown", '{"mask":"%s"}' % text, why)
    case("WellKnown", '{"mask":["a"]}')

    for text in ("{}", '{"a":1}', '{"a":null}', '{"a":{"b":[1,"x",true,null,{}]}}', "[]", "null", '{"a":1e400}'):
        case("WellKnown", '{"object":%s}' % text)
    for text in ("null", "1", "-1.5", '"x"', "true", "[]", "{}", "[[[]]]", '{"a":{"a":{}}}', '"NaN"'):
        case("WellKnown", '{"value":%s}' % text)
    for text in ("[]", '[1,null,"a",[],{}]', "{}", "null"):
        case("WellKnown", '{"list":%s}' % text)

    prefix = '"@type":"type.googleapis.com/'
    for text in ("{}", "{" + prefix + 'json_test.Scalars"}', "{" + prefix + 'json_test.Scalars","i32":1}', '{"i32":1,' + prefix + 'json_test.Scalars","text":"x"}',
                 "{" + prefix + 'json_test.Nope"}', '{"@type":"json_test.Scalars"}', '{"@type":""}', '{"@type":1}', '{"i32":1}', "{" + prefix + 'json_test.Scalars","nope":1}',
                 "{" + prefix + 'google.protobuf.Duration","value":"1.5s"}', "{" + prefix + 'google.protobuf.Int32Value","value":5}',
                 "{" + prefix + 'google.protobuf.Struct","value":{"a":1}}', "{" + prefix + 'google.protobuf.Value","value":null}',
                 "{" + prefix + 'google.protobuf.Duration"}', "{" + prefix + 'google.protobuf.Timestamp","value":1}', "{" + prefix + 'google.protobuf.Empty"}',
                 "{" + prefix + 'google.protobuf.Any","value":{' + prefix + 'json_test.Scalars","i32":1}}', "{" + prefix + 'json_test.WellKnown","span":"1s"}',
                 '{"@type":"a/b/json_test.Scalars","i32":1}', "null", "1", "[]"):
        why = "a type_url has a slash" if text == '{"@type":"json_test.Scalars"}' else ""
        why = "an empty type is none" if text == '{"@type":""}' else why
        case("WellKnown", '{"any":%s}' % text, why)
    case("WellKnown", '{"any":{' + prefix + 'google.protobuf.Duration","value":"1s","more":1}}', "nothing beside the value")
    case("WellKnown", '{"any":{' + prefix + 'google.protobuf.Empty","value":{}}}', "+what protobuf-go writes")
    for text in ("{}", "null", '{"a":1}'):
        case("WellKnown", '{"empty":%s}' % text)
    for text in ("null", '"NULL_VALUE"', "0"):
        case("WellKnown", '{"null":%s}' % text)

    for field, good, bad in (("dbl", ("1.5", '"NaN"', "null", "0"), ('"x"',)), ("flt", ("0.5", "0"), ("1e39",)), ("i64", ('"1"', "0"), ('"x"',)), ("u64", ('"1"',), ("-1",)),
                             ("i32", ("1", "0"), ("2147483648", "{}")), ("u32", ("1",), ("-1",)), ("flag", ("true", "false"), ("1",)), ("text", ('""', '"a"'), ("1",)),
                             ("data", ('""', '"AQ=="'), ("1",))):
        for text in good + bad:
            case("WellKnown", '{"%s":%s}' % (field, text))
    for text in ('{"times":["1970-01-01T00:00:00Z"]}', '{"times":[null]}', '{"values":[null,1,"a"]}', '{"i32s":[0,1]}', '{"i32s":[null]}', '{"anys":[{}]}'):
        case("WellKnown", text)

    for text in ('{"FieldName5":1}', '{"fieldName5":1}', '{"FieldName3":1}', '{"_field_name3":1}', '{"fieldName4":1}', '{"field__name4":1}', '{"field0name":1}', '{"field0Name6":1}',
                 '{"field_0_name6":1}', '{"fieldname":1}', '{"far":1}', '{"far":1,"fieldname":2,"field0name":3}'):
        case("Unusual", text)

    for text in ('{"needed":1}', '{"needed":1,"number":0}', '{"needed":1,"kind":"FIRST"}', '{"needed":1,"kind":2}', '{"needed":1,"kinds":["FIRST",2]}', '{"needed":1,"text":""}', '{"needed":1,"kind":"THIRD"}'):
        case("Legacy", text)
    case("Legacy", '{"needed":1,"kind":3}', "a closed enum has no other numbers")


def load_pool():
    with tempfile.NamedTemporaryFile() as out:
        include = str(importlib.resources.files("grpc_tools") / "_proto")
        if protoc.main(["protoc", f"-I{HERE}", f"-I{include}", f"--descriptor_set_out={out.name}", "json_test.proto", "legacy.proto"]) != 0:
            raise SystemExit("the test's .proto files do not compile")
        data = pathlib.Path(out.name).read_bytes()
    pool = descriptor_pool.Default()
    for file in descriptor_pb2.FileDescriptorSet.FromString(data).file:
        pool.Add(file) if hasattr(pool, "Add") else pool.AddSerializedFile(file.SerializeToString())
    return pool, data


def dump(value):
    """The text of our printer: no spaces, no escapes but the necessary ones, 1 for 1.0."""
    if isinstance(value, dict):
        return "{" + ",".join(dump(str(k)) + ":" + dump(v) for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(dump, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, float):
        text = repr(value)
        return text.removesuffix(".0")
    return json.dumps(value)


class Maker:
    """Random messages by reflection; at most one entry in a map, whose order is nobody's business."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def text(self):
        return "".join(self.random.choice(["a", "Z", " ", '"', "\\", "\n", "\x01", "\x7f", "é", "中", "😀", "\u2028", "/", "<"]) for _ in range(self.random.randrange(12)))

    def integer(self, low, high):
        return self.random.choice([low, high, 0, 1, self.random.randint(low, high)])

    def double(self):
        pick = self.random.randrange(4)
        if pick == 0:
            return self.random.choice([0.0, -0.0, 1.0, math.inf, -math.inf, math.nan, 5e-324, 1.7976931348623157e308, 1e15, 1e16, 1e17, 1e-4, 1e-5, 123456.789])
        if pick == 1:
            return self.random.uniform(-1000, 1000)
        value = struct.unpack("d", self.random.randbytes(8))[0]
        return value if math.isfinite(value) else 0.5

    def float32(self):
        value = struct.unpack("f", self.random.randbytes(4))[0]
        return value if math.isfinite(value) else self.random.choice([math.nan, math.inf, -math.inf, 0.1])

    def scalar(self, field):
        t = field.type
        if t in (5, 15, 17):
            return self.integer(-(2**31), 2**31 - 1)
        if t in (3, 16, 18):
            return self.integer(-(2**63), 2**63 - 1)
        if t in (13, 7):
            return self.integer(0, 2**32 - 1)
        if t in (4, 6):
            return self.integer(0, 2**64 - 1)
        if t == 1:
            return self.double()
        if t == 2:
            return self.float32()
        if t == 8:
            return self.random.random() < 0.5
        if t == 9:
            return self.text()
        if t == 12:
            return self.random.randbytes(self.random.randrange(9))
        if field.enum_type.full_name == "google.protobuf.NullValue":
            return 0
        return self.random.choice([v.number for v in field.enum_type.values] + ([] if field.enum_type.is_closed else [77]))

    def fill(self, message, depth=0):
        name = message.DESCRIPTOR.full_name
        if name == "google.protobuf.Timestamp":
            message.seconds = self.random.choice([-62135596800, 253402300799, 0, self.random.randint(-62135596800, 253402300799)])
            message.nanos = self.random.choice([0, 1, 999999999, 500000000, 1000, 20000000, self.random.randrange(10**9)])
            return
        if name == "google.protobuf.Duration":
            message.seconds = self.random.choice([0, 1, 315575999999, self.random.randrange(315576000000)])
            message.nanos = self.random.choice([0, 1, 999999999, 500000000, 1000, self.random.randrange(10**9)])
            if self.random.random() < 0.5:
                message.seconds, message.nanos = -message.seconds, -message.nanos
            return
        if name == "google.protobuf.FieldMask":
            message.paths.extend(self.random.sample(["a", "foo_bar", "a.b_c.d", "x1", "_a"], self.random.randrange(4)))
            return
        if name == "google.protobuf.Any":
            if depth < 4 and self.random.random() < 0.8:
                inner = self.new(self.random.choice(["json_test.Scalars", "json_test.Lists", "google.protobuf.Duration", "google.protobuf.StringValue", "google.protobuf.Any"]))
                self.fill(inner, depth + 1)
                message.Pack(inner)
            return
        if name == "google.protobuf.Value":
            pick = self.random.randrange(6 if depth < 5 else 4)
            if pick == 0:
                message.null_value = 0
            elif pick == 1:
                value = self.double()
                message.number_value = value if math.isfinite(value) else 1.25
            elif pick == 2:
                message.string_value = self.text()
            elif pick == 3:
                message.bool_value = self.random.random() < 0.5
            elif pick == 4:
                message.struct_value.SetInParent()
                self.fill(message.struct_value, depth + 1)
            else:
                message.list_value.SetInParent()
                self.fill(message.list_value, depth + 1)
            return
        for field in message.DESCRIPTOR.fields:
            if self.random.random() < 0.5 or (depth > 3 and field.message_type):
                continue
            if field.message_type and field.message_type.GetOptions().map_entry:
                key = self.scalar(field.message_type.fields_by_name["key"])
                value = field.message_type.fields_by_name["value"]
                if value.message_type:
                    self.fill(getattr(message, field.name)[key], depth + 1)
                else:
                    getattr(message, field.name)[key] = self.scalar(value)
            elif field.is_repeated:
                for _ in range(self.random.randrange(4)):
                    if field.message_type:
                        self.fill(getattr(message, field.name).add(), depth + 1)
                    else:
                        getattr(message, field.name).append(self.scalar(field))
            elif field.message_type:
                getattr(message, field.name).SetInParent()
                self.fill(getattr(message, field.name), depth + 1)
            else:
                setattr(message, field.name, self.scalar(field))

    def new(self, name):
        return message_factory.GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(name))()


def literal(data):
    """Bytes as C++ string literals."""
    out, line = [], ""
    octal = False
    for byte in data:
        c = chr(byte)
        if c in '"\\':
            piece = "\\" + c
        elif 32 <= byte < 127 and c != "?":
            piece = c
        else:
            piece = "\\%03o" % byte
        line += piece
        if len(line) > 110:
            out.append('"' + line + '"')
            line = ""
    if line or not out:
        out.append('"' + line + '"')
    return "\n    ".join(out)


def view(data):
    return "std::string_view(%s, %d)" % (literal(data), len(data))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=pathlib.Path, default=HERE / "golden_table.inc")
    parser.add_argument("--random", type=int, default=120, help="random messages")
    arguments = parser.parse_args()
    pool, descriptors = load_pool()
    make_cases()
    maker = Maker(SEED)
    lines = ["// Made by make_golden.py: what the protobuf package of Python does. Do not edit.", ""]
    (arguments.output.parent / "descriptors.inc").write_text(
        "// Made by make_golden.py: json_test.proto and legacy.proto. Do not edit.\n\n"
        "constexpr std::string_view kJsonTestDescriptors = %s;\n" % view(descriptors))
    lines.append("constexpr GoldenCase kGoldenCases[] = {")
    for type_name, text, deviation in CASES:
        message = maker.new("json_test." + type_name)
        accepted, wire, printed = True, b"", ""
        try:
            json_format.Parse(text, message, descriptor_pool=pool, max_recursion_depth=100)
            wire = message.SerializePartialToString(deterministic=True)
            printed = dump(json_format.MessageToDict(message))
        except Exception:
            accepted = False
            wire, printed = b"", ""
        ours = deviation[0] in "+=" if deviation else accepted
        if ours == accepted and not deviation.startswith("="):
            deviation = ""
        lines.append("    {%s, %s, %s, %s, %s, %s}," % (json.dumps(type_name), view(text.encode("utf-8", "surrogatepass")), "true" if ours else "false",
                                                     view(wire), view(printed.encode()), json.dumps(deviation.lstrip("+="))))
    lines.append("};\n")
    lines.append("constexpr GoldenMessage kGoldenMessages[] = {")
    for i in range(arguments.random):
        type_name = ["Scalars", "Lists", "Maps", "Choice", "WellKnown", "Unusual"][i % 6]
        message = maker.new("json_test." + type_name)
        maker.fill(message)
        variants = [dump(json_format.MessageToDict(message, **options)) for options in (
            {}, {"preserving_proto_field_name": True, "use_integers_for_enums": type_name in ("Scalars", "Lists")})]
        lines.append("    {%s, %s, %s, %s}," % (json.dumps(type_name), view(message.SerializeToString()), view(variants[0].encode()), view(variants[1].encode())))
    lines.append("};")
    arguments.output.write_text("\n".join(lines) + "\n")
    print(f"{len(CASES)} cases, {arguments.random} random messages, {arguments.output.stat().st_size} bytes")


if __name__ == "__main__":
    main()
