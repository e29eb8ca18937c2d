// The JSON mapping by the sections of its specification (protobuf.dev/programming-guides/json): what errors say, what the
// options do, the well-known types, generated and dynamic messages. json_golden_test.cc has the many values.
#include "godwit/proto/json/json.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "godwit/proto/json/json_test_types.h"
#include "godwit/proto/message/reflection.h"
#include "godwit/proto/message/serializer.h"

namespace godwit::proto {
namespace {

namespace pb = google::protobuf;

class Json : public testing::Test {
 protected:
  // The error of a text, or "ok".
  std::string error_of(std::string_view type, std::string_view json) {
    DynamicMessage message(test_.table(type));
    const auto parsed = from_json(json, *message, parse_);
    return parsed.ok() ? "ok" : parsed.error().to_text();
  }
  std::string printed(const Message& message) {
    const auto text = to_json(message, print_);
    return text.ok() ? *text : "! " + text.error().message;
  }
  // Parsed and printed again.
  std::string echo(std::string_view type, std::string_view json) {
    DynamicMessage message(test_.table(type));
    const auto parsed = from_json(json, *message, parse_);
    return parsed.ok() ? printed(*message) : "! " + parsed.error().to_text();
  }

  JsonTestTypes test_;
  JsonParseOptions parse_{.types = &test_.registry()};
  JsonPrintOptions print_{.types = &test_.registry()};
};

TEST_F(Json, ErrorsNamePlaceAndPath) {
  const struct {
    std::string_view type, json, error;
  } kTests[] = {
      {"Scalars", "{\n  \"text\": 5}", "2:11: text: expected string, got number"},
      {"Scalars", "[]", "1:1: expected object, got array"},
      {"Scalars", "{\"i32\":\"x\"}", "1:8: i32: expected int32, got \"x\""},
      {"Scalars", "{\"i32\":{}}", "1:8: i32: expected int32, got object"},
      {"Scalars", "{\"i32\":1.5}", "1:8: i32: expected int32, got 1.5, which is not an integer"},
      {"Scalars", "{\"sf32\":2147483648}", "1:9: sf32: 2147483648 is out of the range of sfixed32 (-2147483648 to 2147483647)"},
      {"Scalars", "{\"u64\":-1}", "1:8: u64: -1 is out of the range of uint64 (0 to 18446744073709551615)"},
      {"Scalars", "{\"u64\":\"\"}", "1:8: u64: expected uint64, got \"\""},
      {"Scalars", "{\"u32\":0.1}", "1:8: u32: expected uint32, got 0.1, which is not an integer"},
      {"Scalars", "{\"u32\":true}", "1:8: u32: expected uint32, got true"},
      {"Scalars", "{\"dbl\":1e999}", "1:8: dbl: 1e999 is out of the range of double"},
      {"Scalars", "{\"dbl\":\"inf\"}", "1:8: dbl: expected double, got \"inf\""},
      {"Scalars", "{\"flt\":1e39}", "1:8: flt: 1e39 is out of the range of float"},
      {"Scalars", "{\"flt\":\"1 \"}", "1:8: flt: expected float, got \"1 \""},
      {"Scalars", "{\"flt\":[]}", "1:8: flt: expected float, got array"},
      {"Scalars", "{\"dbl\":{}}", "1:8: dbl: expected double, got object"},
      {"Scalars", "{\"flag\":\"true\"}", "1:9: flag: expected true or false, got string"},
      {"Scalars", "{\"data\":\"***\"}", "1:9: data: \"***\": not a character of base64"},
      {"Scalars", "{\"data\":\"A\"}", "1:9: data: \"A\": base64 text is cut off"},
      {"Scalars", "{\"data\":\"AQ=\"}", "1:9: data: \"AQ=\": base64 text has the wrong padding"},
      {"Scalars", "{\"data\":\"+_==\"}", "1:9: data: \"+_==\": base64 text mixes its two alphabets (+ / and - _)"},
      {"Scalars", "{\"data\":1}", "1:9: data: expected string with base64, got number"},
      {"Scalars", "{\"color\":\"COLOR_RAD\"}", "1:10: color: enum json_test.Color has no value \"COLOR_RAD\"; did you mean \"COLOR_RED\"?"},
      {"Scalars", "{\"color\":true}", "1:10: color: expected name or number of a value of enum json_test.Color, got true"},
      {"Scalars", "{\"color\":3000000000}", "1:10: color: 3000000000 is out of the range of enum (-2147483648 to 2147483647)"},
      {"Scalars", "{\"txt\":\"\"}", "1:2: json_test.Scalars has no field \"txt\"; did you mean \"text\"?"},
      {"Scalars", "{\"[a.b]\":\"\"}", "1:2: json_test.Scalars has no field \"[a.b]\"; extensions have no JSON form here"},
      {"Scalars", "{\"i32\":1,\"i32\":2}", "1:10: duplicate key \"i32\" of field i32"},
      {"Scalars", "{\"maybeI32\":null,\"maybe_i32\":2}", "1:18: duplicate key \"maybe_i32\" of field maybe_i32"},
      {"Scalars", "{\"childMessage\":{\"child_message\":{\"text\":1}}}", "1:42: childMessage.child_message.text: expected string, got number"},
      {"Scalars", "{\"childMessage\":{\"i32\":}}", "1:24: childMessage.i32: expected a value, got \"}\""},
      {"Lists", "{\"text\":{}}", "1:9: text: expected array, got object"},
      {"Lists", "{\"i32\":[1,null]}", "1:11: i32[1]: null cannot be an element of a list"},
      {"Lists", "{\"lists\":[{},{\"text\":[\"\",5]}]}", "1:26: lists[1].text[1]: expected string, got number"},
      {"Maps", "{\"i32\":[]}", "1:8: i32: expected object, got array"},
      {"Maps", "{\"i32\":{\"x\":1}}", "1:9: i32[\"x\"]: expected int32, got \"x\""},
      {"Maps", "{\"u32\":{\"-1\":1}}", "1:9: u32[\"-1\"]: -1 is out of the range of uint32 (0 to 4294967295)"},
      {"Maps", "{\"flag\":{\"yes\":true}}", "1:10: flag[\"yes\"]: expected true or false, got \"yes\""},
      {"Maps", "{\"i32\":{\"1\":1,\"1e0\":1}}", "1:15: i32: duplicate key \"1e0\""},
      {"Maps", "{\"text\":{\"a\":null}}", "1:14: text[\"a\"]: null cannot be a value of a map"},
      {"Maps", "{\"maps\":{\"a\":{\"i32\":{\"1\":true}}}}", "1:26: maps[\"a\"].i32[\"1\"]: expected int32, got true"},
      {"Choice", "{\"number\":1,\"text\":\"\"}", "1:20: text: oneof kind has two members: number is set already"},
      {"WellKnown", "{\"time\":\"2024-02-30T00:00:00Z\"}", "1:9: time: \"2024-02-30T00:00:00Z\": timestamp has a date that does not exist"},
      {"WellKnown", "{\"time\":\"2024-02-20T25:00:00Z\"}", "1:9: time: \"2024-02-20T25:00:00Z\": timestamp has a time of day that does not exist"},
      {"WellKnown", "{\"time\":\"2024-02-20T00:00:00\"}", "1:9: time: \"2024-02-20T00:00:00\": timestamp has no offset; a Z at its end stands for UTC"},
      {"WellKnown", "{\"time\":\"2024-02-20T00:00:00+25:00\"}", "1:9: time: \"2024-02-20T00:00:00+25:00\": timestamp has an offset that does not exist"},
      {"WellKnown", "{\"time\":1}", "1:9: time: expected string with a timestamp, got number"},
      {"WellKnown", "{\"span\":\"1\"}", "1:9: span: \"1\": not a duration such as \"1.5s\""},
      {"WellKnown", "{\"span\":{}}", "1:9: span: expected string with a duration, got object"},
      {"WellKnown", "{\"mask\":\"a,b_c\"}", "1:9: mask: \"b_c\": paths of a field mask are written in lowerCamelCase, without \"_\""},
      {"WellKnown", "{\"mask\":[]}", "1:9: mask: expected string with the paths of a field mask, got array"},
      {"WellKnown", "{\"object\":{\"a\":[{\"b\":1e999}]}}", "1:22: object[\"a\"][0][\"b\"]: 1e999 is out of the range of double"},
      {"WellKnown", "{\"object\":{\"a\":1,\"a\":2}}", "1:18: object: duplicate key \"a\""},
      {"WellKnown", "{\"list\":{}}", "1:9: list: expected array, got object"},
      {"WellKnown", "{\"i32\":{}}", "1:8: i32: expected int32, got object"},
      {"WellKnown", "{\"times\":[\"1970-01-01T00:00:00Z\",\"\"]}", "1:34: times[1]: \"\": not a timestamp such as \"2024-02-29T12:30:00.5Z\""},
      {"WellKnown", "{\"any\":{\"i32\":1}}", "1:8: any: an Any needs \"@type\", the name of the type that it holds"},
      {"WellKnown", "{\"any\":{\"i32\":[}}", "1:16: any: expected a value, got \"}\""},
      {"WellKnown", "{\"any\":{\"@type\":5}}", "1:17: any.@type: expected string with the name of a type, got number"},
      {"WellKnown", "{\"any\":{\"@type\":\"\"}}", "1:17: any.@type: expected string with the name of a type, got \"\""},
      {"WellKnown", "{\"any\":{\"@type\":\"Foo\"}}", "1:17: any.@type: \"Foo\" names no type; write it as \"type.googleapis.com/package.Message\""},
      {"WellKnown", "{\"any\":{\"@type\":\"x/a.B\"}}",
       "1:17: any.@type: type \"a.B\" is not known here; give its descriptor to the TypeRegistry of the options"},
      {"WellKnown", "{\"any\":{\"@type\":\"x/json_test.Lists\",\"text\":[1]}}", "1:45: any.text[0]: expected string, got number"},
      {"WellKnown", "{\"any\":{\"@type\":\"x/json_test.Lists\",\"@type\":\"x/json_test.Maps\"}}", "1:37: any: duplicate key \"@type\""},
      {"WellKnown", "{\"any\":{\"@type\":\"x/google.protobuf.Duration\"}}", "1:8: any: an Any of google.protobuf.Duration needs \"value\""},
      {"WellKnown", "{\"any\":{\"@type\":\"x/google.protobuf.Duration\",\"value\":1}}", "1:54: any.value: expected string with a duration, got number"},
      {"WellKnown", "{\"any\":{\"@type\":\"x/google.protobuf.Duration\",\"value\":\"1s\",\"value\":\"1s\"}}", "1:59: any: duplicate key \"value\""},
      {"WellKnown", "{\"any\":{\"@type\":\"x/google.protobuf.Duration\",\"seconds\":1}}",
       "1:46: any: an Any of google.protobuf.Duration has the members \"@type\" and \"value\", not \"seconds\""},
      {"WellKnown", "{\"any\":{\"@type\":\"x/google.protobuf.Any\",\"value\":[]}}", "1:49: any.value: expected object with \"@type\", got array"},
      {"Legacy", "{\"kind\":7}", "1:9: kind: closed enum json_test.Legacy.Kind has no value of number 7"},
  };
  for (const auto& test : kTests) EXPECT_EQ(error_of(test.type, test.json), test.error) << test.json;
}

TEST_F(Json, NullIsNoValueButForValueAndNullValue) {
  EXPECT_EQ(echo("Scalars", R"({"i32":null,"text":null,"data":null,"maybeI32":null,"childMessage":null,"color":null})"), "{}");
  EXPECT_EQ(echo("WellKnown", R"({"time":null,"object":null,"list":null,"any":null,"empty":null,"i32":null,"times":null})"), "{}");
  EXPECT_EQ(echo("WellKnown", R"({"value":null,"values":[null],"nulls":[null]})"), R"({"value":null,"values":[null],"nulls":[null]})");
  EXPECT_EQ(echo("Choice", R"({"number":null,"text":"a","scalars":null})"), R"({"text":"a"})");
  EXPECT_EQ(echo("Choice", R"({"null":null})"), R"({"null":null})");
  EXPECT_EQ(echo("Choice", R"({"value":null})"), R"({"value":null})");
}

TEST_F(Json, ParsingReplacesTheContent) {
  DynamicMessage message(test_.table("Scalars"));
  ASSERT_TRUE(from_json(R"({"i32":1,"text":"a"})", *message).ok());
  ASSERT_TRUE(from_json(R"({"i64":"2"})", *message).ok());
  EXPECT_EQ(printed(*message), R"({"i64":"2"})");
}

TEST_F(Json, OptionIgnoreUnknownFields) {
  parse_.ignore_unknown_fields = true;
  EXPECT_EQ(echo("Scalars", R"({"nope":{"a":[1,{"b":null}]},"i32":1,"color":"NOPE","x":1,"x":2})"), R"({"i32":1})");
  EXPECT_EQ(echo("Lists", R"({"color":["NOPE","COLOR_RED",5]})"), R"({"color":["COLOR_RED",5]})");
  EXPECT_EQ(echo("Maps", R"({"color":{"a":"NOPE","b":"COLOR_RED"}})"), R"({"color":{"b":"COLOR_RED"}})");
  EXPECT_EQ(echo("Choice", R"({"color":"NOPE","number":1})"), R"({"number":1})");
  EXPECT_EQ(echo("Legacy", R"({"kind":9})"), "{}");
  EXPECT_EQ(echo("WellKnown", R"({"any":{"@type":"x/google.protobuf.Duration","other":[],"value":"1s"}})"),
            R"({"any":{"@type":"x/google.protobuf.Duration","value":"1s"}})");
  // What is skipped is still JSON, and what is known is still checked.
  EXPECT_EQ(error_of("Scalars", R"({"nope":[1,]})"), "1:12: expected a value after the comma, got \"]\"");
  EXPECT_EQ(error_of("WellKnown", R"({"any":{"@type":"x/google.protobuf.Duration","other":[}})"), "1:55: any: expected a value, got \"}\"");
  EXPECT_EQ(error_of("Scalars", R"({"text":5})"), "1:9: text: expected string, got number");
}

TEST_F(Json, OptionAlwaysPrintFieldsWithoutPresence) {
  print_.always_print_fields_without_presence = true;
  EXPECT_EQ(echo("Scalars", "{}"),
            R"({"i32":0,"i64":"0","u32":0,"u64":"0","s32":0,"s64":"0","f32":0,"f64":"0","sf32":0,"sf64":"0","flt":0,"dbl":0,)"
            R"("flag":false,"text":"","data":"","color":"COLOR_NONE","@other":0})");
  EXPECT_EQ(echo("Lists", "{}"), R"({"i32":[],"i64":[],"dbl":[],"flag":[],"text":[],"data":[],"color":[],"lists":[],"flt":[],"u64":[]})");
  EXPECT_EQ(echo("Choice", R"({"text":""})"), R"({"text":""})");
  EXPECT_EQ(echo("Legacy", "{}"), R"({"kinds":[]})");
  const std::string maps = echo("Maps", "{}");
  EXPECT_EQ(maps.substr(0, 19), R"({"i32":{},"i64":{},)");
}

TEST_F(Json, OptionsOfNamesAndEnums) {
  const std::string_view json = R"({"color":"COLOR_RED","maybeText":"a","childMessage":{},"@other":1})";
  EXPECT_EQ(echo("Scalars", json), R"({"color":"COLOR_RED","maybeText":"a","childMessage":{},"@other":1})");
  print_.preserve_proto_field_names = true;
  EXPECT_EQ(echo("Scalars", json), R"({"color":"COLOR_RED","maybe_text":"a","child_message":{},"renamed":1})");
  print_.enums_as_ints = true;
  EXPECT_EQ(echo("Scalars", json), R"({"color":1,"maybe_text":"a","child_message":{},"renamed":1})");
  print_.pretty = true;
  EXPECT_EQ(echo("Lists", R"({"i32":[1,2],"lists":[{}]})"), "{\n  \"i32\": [\n    1,\n    2\n  ],\n  \"lists\": [\n    {}\n  ]\n}");
}

TEST_F(Json, DepthIsLimitedBothWays) {
  const auto nested = [](int levels) {
    std::string text;
    for (int i = 1; i < levels; ++i) text += "{\"childMessage\":";
    return text + "{}" + std::string(static_cast<std::size_t>(levels - 1), '}');
  };
  EXPECT_EQ(echo("Scalars", nested(200)), nested(200));
  parse_.max_depth = 3;
  EXPECT_EQ(error_of("Scalars", nested(4)), "1:49: childMessage.childMessage.childMessage: more than 3 levels of objects and arrays");
  parse_.max_depth = 1000000;  // cut to the greatest there is
  EXPECT_NE(error_of("Scalars", nested(100000)).find("more than 500 levels"), std::string::npos);
  DynamicMessage message(test_.table("Scalars"));
  ASSERT_TRUE(from_json(nested(4), *message).ok());
  print_.max_depth = 3;
  EXPECT_EQ(printed(*message),
            "! json_test.Scalars has no JSON form: childMessage.childMessage.childMessage: more than 3 levels of objects and arrays");
  for (const char* type : {"value", "object"}) {
    std::string deep = std::string("{\"") + type + "\":";
    for (int i = 0; i < 600; ++i) deep += i % 2 ? "[" : "{\"a\":";
    EXPECT_NE(error_of("WellKnown", deep).find("more than 500 levels"), std::string::npos);
  }
  std::string anys = "{\"any\":";
  for (int i = 0; i < 600; ++i) anys += R"({"@type":"x/google.protobuf.Any","value":)";
  EXPECT_NE(error_of("WellKnown", anys).find("more than 500 levels"), std::string::npos);
}

TEST_F(Json, WhatHasNoJsonForm) {
  DynamicMessage message(test_.table("Scalars"));
  set(*message, *message->Table().find(14), Value::of_string("a\xff"));
  EXPECT_EQ(printed(*message), "! json_test.Scalars has no JSON form: text: the string is not valid UTF-8");
  std::string out = "before";
  EXPECT_FALSE(append_json(*message, out).ok());
  EXPECT_EQ(out, "before");

  DynamicMessage maps(test_.table("Maps"));
  map_set(*maps, *maps->Table().find(6), Value::of_string("\xff"), Value::of_string(""));
  EXPECT_EQ(printed(*maps), "! json_test.Maps has no JSON form: text[\"\\xff\"]: the string is not valid UTF-8");
  maps.Clear();
  map_set(*maps, *maps->Table().find(6), Value::of_string("k"), Value::of_string("\xff"));
  EXPECT_EQ(printed(*maps), "! json_test.Maps has no JSON form: text[\"k\"]: the string is not valid UTF-8");
  DynamicMessage lists(test_.table("Lists"));
  add(*lists, *lists->Table().find(5), Value::of_string("\xff"));
  EXPECT_EQ(printed(*lists), "! json_test.Lists has no JSON form: text[0]: the string is not valid UTF-8");

  const auto time = [&](std::int64_t seconds, std::int32_t nanos) {
    pb::Timestamp value;
    value.set_seconds(seconds);
    value.set_nanos(nanos);
    return printed(value);
  };
  EXPECT_EQ(time(253402300799, 999999999), "\"9999-12-31T23:59:59.999999999Z\"");
  EXPECT_NE(time(253402300800, 0).find("timestamp is not between"), std::string::npos);
  EXPECT_NE(time(-62135596801, 0).find("timestamp is not between"), std::string::npos);
  EXPECT_NE(time(0, -1).find("nanos that are not between 0 and"), std::string::npos);
  EXPECT_NE(time(0, 1000000000).find("nanos that are not between 0 and"), std::string::npos);
  const auto span = [&](std::int64_t seconds, std::int32_t nanos) {
    pb::Duration value;
    value.set_seconds(seconds);
    value.set_nanos(nanos);
    return printed(value);
  };
  EXPECT_EQ(span(-315576000000, 0), "\"-315576000000s\"");
  EXPECT_EQ(span(0, -1000), "\"-0.000001s\"");
  EXPECT_NE(span(315576000001, 0).find("duration is not between"), std::string::npos);
  EXPECT_NE(span(-315576000000, -1).find("duration is not between"), std::string::npos);
  EXPECT_NE(span(1, -1).find("different signs"), std::string::npos);
  EXPECT_NE(span(-1, 1).find("different signs"), std::string::npos);
  EXPECT_NE(span(0, 1000000000).find("nanos that are not between"), std::string::npos);

  // FieldMask: only paths that come back as they were.
  const auto mask = [&](std::string_view path) {
    pb::FieldMask value;
    value.add_paths(path);
    return printed(value);
  };
  EXPECT_EQ(mask("foo_bar.b_c9"), "\"fooBar.bC9\"");
  for (const char* path : {"fooBar", "foo__bar", "foo_3_bar", "foo_", "foo-bar", "", "a,b"}) {
    EXPECT_EQ(mask(path).substr(0, 43), "! google.protobuf.FieldMask has no JSON for") << path;
  }

  pb::Value value;
  EXPECT_NE(printed(value).find("without a kind"), std::string::npos);
  value.set_number_value(std::numeric_limits<double>::infinity());
  EXPECT_NE(printed(value).find("no NaN and no infinity"), std::string::npos);
  value.set_string_value("\xff");
  EXPECT_NE(printed(value).find("not valid UTF-8"), std::string::npos);
  value.mutable_list_value()->add_values()->mutable_struct_value();
  value.mutable_list_value()->add_values();
  EXPECT_NE(printed(value).find(": [1]: a google.protobuf.Value without a kind"), std::string::npos);

  pb::Any any;
  EXPECT_EQ(printed(any), "{}");
  any.set_value("x");
  EXPECT_NE(printed(any).find("without a type_url"), std::string::npos);
  any.set_type_url("Foo");
  EXPECT_NE(printed(any).find("names no type"), std::string::npos);
  any.set_type_url("x/a.B");
  EXPECT_NE(printed(any).find("type \"a.B\" is not known here"), std::string::npos);
  any.set_type_url("x/json_test.Scalars");
  EXPECT_NE(printed(any).find("the value is no json_test.Scalars"), std::string::npos);
  any.set_type_url("\xff/json_test.Scalars");
  any.set_value("");
  EXPECT_NE(printed(any).find("type_url is not valid UTF-8"), std::string::npos);
  any.set_type_url("x/google.protobuf.Value");
  EXPECT_NE(printed(any).find(": value: a google.protobuf.Value without a kind"), std::string::npos);
}

TEST_F(Json, AnyNeedsARegistryForTypesOfAPool) {
  const std::string_view json = R"({"@type":"type.googleapis.com/json_test.Scalars","i32":1,"childMessage":{"text":"x"}})";
  pb::Any any;
  EXPECT_FALSE(from_json(json, any).ok());
  EXPECT_FALSE(from_json(json, any, {.types = std::make_unique<TypeRegistry>().get()}).ok());
  ASSERT_TRUE(from_json(json, any, parse_).ok());
  EXPECT_EQ(any.type_url(), "type.googleapis.com/json_test.Scalars");
  EXPECT_EQ(printed(any), json);
  EXPECT_FALSE(to_json(any).ok());
  // Not a message of its own.
  EXPECT_EQ(test_.registry().find("json_test.Maps.TextEntry"), nullptr);
  // Generated types are found without one.
  const std::string_view duration = R"({"@type":"type.googleapis.com/google.protobuf.Duration","value":"1.500s"})";
  ASSERT_TRUE(from_json(duration, any).ok());
  EXPECT_EQ(*to_json(any), duration);
  EXPECT_EQ(type_name_of_url("a/b/c.D"), "c.D");
  EXPECT_EQ(type_name_of_url("a/"), "");
  EXPECT_EQ(type_name_of_url("c.D"), "");
}

TEST_F(Json, GeneratedMessages) {
  pb::DescriptorProto message;
  const std::string_view json =
      R"({"name":"M","field":[{"name":"f","number":1,"label":"LABEL_OPTIONAL","type":"TYPE_INT32","jsonName":"F"}],"reservedRange":[{"start":5,"end":6}]})";
  const auto parsed = from_json(json, message);
  ASSERT_TRUE(parsed.ok()) << parsed.error().to_text();
  ASSERT_EQ(message.field_size(), 1);
  EXPECT_EQ(message.field(0).name(), "f");
  EXPECT_EQ(message.field(0).type(), pb::FieldDescriptorProto::TYPE_INT32);
  EXPECT_EQ(printed(message), json);
  const auto failed = from_json(R"({"field":[{},{"nam":"x"}]})", message);
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().path, "field[1]");
  EXPECT_EQ(failed.error().position.column, 15u);
  EXPECT_EQ(failed.error().position.offset, 14u);

  pb::Struct object;
  ASSERT_TRUE(from_json(R"({"a":[1,null,{"b":true}],"c":"d"})", object).ok());
  EXPECT_EQ(object.fields().size(), 2u);
  EXPECT_EQ(printed(object), R"({"a":[1,null,{"b":true}],"c":"d"})");
  pb::StringValue text;
  ASSERT_TRUE(from_json("\"x\"", text).ok());
  EXPECT_EQ(text.value(), "x");
}

// A type may bear a well-known name and have other fields: then it is a message like any other.
TEST_F(Json, WellKnownNamesWithOtherFields) {
  pb::FileDescriptorProto file;
  ASSERT_TRUE(from_json(R"({"name":"odd.proto","package":"google.protobuf","syntax":"proto3","messageType":[
      {"name":"Timestamp","field":[{"name":"seconds","number":1,"type":"TYPE_STRING","label":"LABEL_OPTIONAL"}]},
      {"name":"Duration","field":[{"name":"seconds","number":1,"type":"TYPE_INT64","label":"LABEL_REPEATED"}]},
      {"name":"Any"},{"name":"FieldMask"},{"name":"Struct"},{"name":"ListValue"},{"name":"Int32Value"},{"name":"Other"},
      {"name":"Value","field":[{"name":"a","number":1,"type":"TYPE_STRING","label":"LABEL_OPTIONAL"}]}]})", file).ok());
  DescriptorPool pool;
  const auto added = pool.add(file);
  ASSERT_TRUE(added.ok());
  DynamicTypes types;
  for (const MessageDescriptor& type : (*added)->messages()) {
    DynamicMessage message(**types.table(type));
    EXPECT_TRUE(from_json("{}", *message).ok()) << type.full_name();
    EXPECT_EQ(printed(*message), "{}") << type.full_name();
    EXPECT_FALSE(from_json("1", *message).ok());
  }
  DynamicMessage time(**types.table(*pool.find_message("google.protobuf.Timestamp")));
  ASSERT_TRUE(from_json(R"({"seconds":"x"})", *time).ok());
  EXPECT_EQ(printed(*time), R"({"seconds":"x"})");
}

TEST_F(Json, ManyFields) {
  pb::FileDescriptorProto file;
  file.set_name("many.proto");
  file.set_syntax("proto3");
  auto* type = file.add_message_type();
  type->set_name("Many");
  std::string json = "{", same_keys = "{";
  for (int i = 1; i <= 200; ++i) {
    auto* field = type->add_field();
    field->set_name("field_" + std::to_string(i));
    field->set_number(i);
    field->set_label(pb::FieldDescriptorProto::LABEL_OPTIONAL);
    field->set_type(pb::FieldDescriptorProto::TYPE_INT32);
    json += (i == 1 ? "\"field" : ",\"field") + std::to_string(i) + "\":" + std::to_string(i);
  }
  json += "}";
  DescriptorPool pool;
  ASSERT_TRUE(pool.add(file).ok());
  DynamicTypes types;
  DynamicMessage message(**types.table(*pool.find_message("Many")));
  ASSERT_TRUE(from_json(json, *message).ok());
  EXPECT_EQ(printed(*message), json);
  ASSERT_TRUE(from_json(R"({"field200":1,"field_199":2,"field3":3})", *message).ok());
  EXPECT_EQ(printed(*message), R"({"field3":3,"field199":2,"field200":1})");
  EXPECT_FALSE(from_json(R"({"field200":1,"field199":2,"field_200":3})", *message).ok());
  EXPECT_FALSE(from_json(R"({"field201":1})", *message).ok());
}

}  // namespace
}  // namespace godwit::proto
