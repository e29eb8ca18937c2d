"""Prints as JSON what generated modules hold, so that those of two compilers, or under two releases of protobuf, compare.

usage: dump_modules.py FOLDER MODULE...
"""
import importlib
import json
import sys

NUMBERS = {"double": -1.5, "float": 0.25, "int": -7, "unsigned": 7}


def describe(value):
    """What a module's attribute is, in a word."""
    if isinstance(value, (bool, int, str, bytes)):
        return repr(value)
    if isinstance(value, type):
        return f"class {value.__module__}.{value.__qualname__} {value.DESCRIPTOR.full_name}"
    if hasattr(value, "DESCRIPTOR") and hasattr(value, "items"):
        return f"enum {value.DESCRIPTOR.full_name} {value.items()}"
    if hasattr(value, "full_name"):
        return f"{type(value).__name__} {value.full_name}"
    return type(value).__name__


def scalar(field, salt):
    kind = field.type
    if kind in (field.TYPE_STRING, field.TYPE_BYTES):
        text = f"{field.name} 中文 {salt}"
        return text if kind == field.TYPE_STRING else text.encode() + b"\xff\x00"
    if kind == field.TYPE_BOOL:
        return True
    if kind in (field.TYPE_DOUBLE, field.TYPE_FLOAT):
        return NUMBERS["double"] * (field.number + salt)
    if kind == field.TYPE_ENUM:
        return field.enum_type.values[salt % len(field.enum_type.values)].number
    if kind in (field.TYPE_UINT32, field.TYPE_UINT64, field.TYPE_FIXED32, field.TYPE_FIXED64):
        return NUMBERS["unsigned"] + field.number + salt
    return NUMBERS["int"] - field.number - salt


def is_map(field):
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def fill(message, depth, salt):
    """Gives every field a value that follows from its place."""
    if message.DESCRIPTOR.full_name == "google.protobuf.Any":
        return  # it compares what it names
    for field in message.DESCRIPTOR.fields:
        oneof = field.containing_oneof
        if oneof is not None and oneof.fields[salt % len(oneof.fields)] != field:
            continue
        target = getattr(message, field.name)
        if is_map(field):
            key = scalar(field.message_type.fields_by_name["key"], salt)
            value = field.message_type.fields_by_name["value"]
            if value.message_type is None:
                target[key] = scalar(value, salt)
            elif depth:
                fill(target[key], depth - 1, salt + 1)
        elif isinstance(field.default_value, list):
            for i in range(2):
                if field.message_type is None:
                    target.append(scalar(field, salt + i))
                elif depth:
                    fill(target.add(), depth - 1, salt + i)
        elif field.message_type is None:
            setattr(message, field.name, scalar(field, salt))
        elif depth:
            target.SetInParent()
            fill(target, depth - 1, salt + 1)


def defaults(message):
    def plain(value):
        return f"{value:.6g}" if isinstance(value, float) else repr(value)

    return {f.name: plain(getattr(message, f.name)) for f in message.DESCRIPTOR.fields if f.message_type is None
            and not isinstance(f.default_value, list)}


def options_text(descriptor):
    """The options, with the extensions that the loaded modules know."""
    def plain(value):
        return value.SerializeToString(deterministic=True).hex() if hasattr(value, "DESCRIPTOR") else repr(value)

    fields = sorted(descriptor.GetOptions().ListFields(), key=lambda pair: pair[0].number)
    return [(f.full_name, [plain(v) for v in value] if isinstance(f.default_value, list) else plain(value))
            for f, value in fields]


def dump_message(cls, out):
    descriptor = cls.DESCRIPTOR
    samples = []
    for salt in range(3):
        message = cls()
        fill(message, 2, salt)
        data = message.SerializeToString(deterministic=True)
        again = cls.FromString(data)
        assert again == message, descriptor.full_name
        samples.append(data.hex())
    copy = descriptor_pb2.DescriptorProto()
    descriptor.CopyToProto(copy)
    out[descriptor.full_name] = {
        "samples": samples,
        "defaults": defaults(cls()),
        "class": f"{cls.__module__}.{cls.__qualname__}",
        "options": options_text(descriptor),
        "fields": {f.name: [f.number, f.type, options_text(f)] for f in descriptor.fields},
        "oneofs": {o.name: options_text(o) for o in descriptor.oneofs},
        "numbers": [getattr(cls, f.name.upper() + "_FIELD_NUMBER") for f in descriptor.fields],
        "proto": copy.SerializeToString(deterministic=True).hex(),
    }
    for nested in descriptor.nested_types:
        if not nested.GetOptions().map_entry:
            dump_message(getattr(cls, nested.name), out)


def dump_file(module):
    file = module.DESCRIPTOR
    out = {
        "serialized": file.serialized_pb.hex(),
        "names": {n: describe(v) for n, v in sorted(vars(module).items()) if not n.startswith("_")
                  and type(v).__name__ != "module"},
        "options": options_text(file),
        "messages": {},
        "enums": {e.full_name: [options_text(e), [(v.name, v.number, options_text(v)) for v in e.values]]
                  for e in file.enum_types_by_name.values()},
        "services": {s.full_name: [options_text(s), [(m.name, m.input_type.full_name, options_text(m)) for m in s.methods]]
                     for s in file.services_by_name.values()},
    }
    for name in file.message_types_by_name:
        dump_message(getattr(module, name), out["messages"])
    return out


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    from google.protobuf import descriptor_pb2
    modules = [importlib.import_module(name) for name in sys.argv[2:]]
    print(json.dumps({module.__name__: dump_file(module) for module in modules}, indent=1, sort_keys=True))
