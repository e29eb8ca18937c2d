"""Stand-ins for imported files: their names of types only, which is all that a generated module takes from its imports."""
from google.protobuf import descriptor_pb2

_Field = descriptor_pb2.FieldDescriptorProto
_MAXIMUM = 536870912  # behind the largest field number


class Unknown(Exception):
    """Which imported file declares a type cannot be told."""


def imports_of(file, find, for_services):
    """Stand-ins for what `file` imports, each behind what it imports itself.

    find(name): the descriptor of an imported file, or None where nobody has it. for_services: the home of each type
    matters, because code of services imports it.
    """
    files, unknown = {}, []

    def add(name):
        if name in files or name.startswith("google/protobuf/"):
            return
        found = find(name)
        if found is None:
            unknown.append(name)
            files[name] = descriptor_pb2.FileDescriptorProto(name=name, syntax=file.syntax)
            return
        stand_in = _bare(found, file.syntax)
        for index in found.public_dependency:
            stand_in.public_dependency.append(len(stand_in.dependency))
            stand_in.dependency.append(found.dependency[index])
            add(found.dependency[index])
        files[name] = stand_in

    for name in file.dependency:
        add(name)
    declared = set().union(_declared(file), *map(_declared, files.values()))
    used = _used(file)
    missing = {name: kind for name, kind in used.items()
               if name not in declared and not name.startswith("google.protobuf.")}
    if missing:
        if for_services and len(unknown) > 1:
            for method in (each for service in file.service for each in service.method):
                for name in (method.input_type[1:], method.output_type[1:]):
                    if name in missing:
                        raise Unknown(f"which of these files declares {name}? Put their modules where it imports them "
                                      f"from: {', '.join(unknown)}")
        _declare(missing, files[unknown[0]] if unknown else next(iter(files.values()), None), files)
    return list(files.values())


def _bare(found, syntax):
    """A file with the types of another one, without fields, services and options. syntax: what stands for editions."""
    bare = descriptor_pb2.FileDescriptorProto(name=found.name, package=found.package,
                                              syntax=syntax if found.syntax == "editions" else found.syntax)

    def copy(old, new, nested):
        for enum in old.enum_type:
            new.enum_type.add().CopyFrom(enum)
        for message in nested(old):
            made = new.message_type.add() if new is bare else new.nested_type.add()
            made.name = message.name
            made.extension_range.extend(message.extension_range)
            copy(message, made, lambda each: each.nested_type)

    copy(found, bare, lambda each: each.message_type)
    return bare


def _declared(file):
    """The full names of a file's types."""
    names = set()

    def walk(messages, enums, scope):
        names.update(scope + enum.name for enum in enums)
        for message in messages:
            names.add(scope + message.name)
            walk(message.nested_type, message.enum_type, scope + message.name + ".")

    walk(file.message_type, file.enum_type, file.package + "." if file.package else "")
    return names


def _used(file):
    """The full names of the types that a file uses: False for messages, for enums the set of the values it names."""
    used = {}

    def take(fields):
        for field in fields:
            if field.extendee:
                used.setdefault(field.extendee[1:], False)
            if field.type == _Field.TYPE_ENUM:
                values = used.setdefault(field.type_name[1:], set())
                values.update([field.default_value] if field.default_value else [])
            elif field.type_name:
                used.setdefault(field.type_name[1:], False)

    def walk(messages):
        for message in messages:
            take(message.field)
            take(message.extension)
            walk(message.nested_type)

    walk(file.message_type)
    take(file.extension)
    for service in file.service:
        for method in service.method:
            used.setdefault(method.input_type[1:], False)
            used.setdefault(method.output_type[1:], False)
    return used


def _declare(missing, home, files):
    """Adds types to `home`; those of a package that it does not have to another file, which it imports publicly."""
    if home is None:
        return
    homes = {home.package: home} if home.package or home.message_type or home.enum_type else {}
    made = {}
    for name in sorted(missing, key=lambda each: each.count(".")):
        parts = name.split(".")
        # Names of types begin with a capital letter, names of packages do not: what else would tell?
        split = next((index for index, part in enumerate(parts) if part[:1].isupper()), len(parts) - 1)
        package = ".".join(parts[:split])
        if package not in homes:
            if homes:
                extra = descriptor_pb2.FileDescriptorProto(name=f"{home.name}.{len(homes)}.proto", syntax=home.syntax)
                home.public_dependency.append(len(home.dependency))
                home.dependency.append(extra.name)
                homes[package] = files[extra.name] = extra
            else:
                homes[package] = home
            homes[package].package = package
        scope, path = homes[package], (package,)
        for part in parts[split:-1]:
            path += (part,)
            if path not in made:
                made[path] = _message(scope, part, homes[package])
            scope = made[path]
        path += (parts[-1],)
        if path in made:
            continue
        if missing[name] is False:
            made[path] = _message(scope, parts[-1], homes[package])
        else:
            enum = scope.enum_type.add(name=parts[-1])
            for number, value in enumerate(sorted(missing[name]) or [f"{parts[-1]}_0_"]):
                enum.value.add(name=value, number=number)


def _message(scope, name, file):
    message = scope.message_type.add(name=name) if scope is file else scope.nested_type.add(name=name)
    if file.syntax != "proto3":
        message.extension_range.add(start=1, end=_MAXIMUM)
    return message
