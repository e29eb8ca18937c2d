"""--descriptor_set_out, compared with the reference's compiler: the same FileDescriptorSets."""
import pytest
from google.protobuf import descriptor_pb2
from tools_support import PEER_PYTHON, REPOSITORY, SAMPLES, protoc

pytestmark = pytest.mark.skipif(not PEER_PYTHON.exists(),
                                reason="the reference is not installed: tools/setup peers-python")

EVERYTHING = """syntax = "proto3";
// Detached.

// Of the package.
package every.thing;

import public "google/protobuf/struct.proto";
import "google/protobuf/descriptor.proto";

option java_package = "org.every";
option optimize_for = SPEED;

extend google.protobuf.FieldOptions {
  string note = 50001;
}

// A message.
message Scalars {
  double a = 1;  // behind a
  repeated sint32 b = 2 [packed = false];
  optional bytes c = 3 [deprecated = true, json_name = "see"];
  map<int32, Scalars> d = 4;
  oneof kind {
    // first
    string e = 5 [(note) = "a \\"note\\""];
    google.protobuf.Value f = 6;
  }
  reserved 10, 20 to 30, 1000 to max;
  reserved "gone", "left";
  enum Inner { option allow_alias = true; ZERO = 0; NULL = 0; MINUS = -1; reserved 5 to 9; }
  message
  Nested { Inner inner = 1; }
}

/* The service. */
service S {
  option deprecated = true;
  rpc Unary(Scalars) returns (Scalars.Nested) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Stream(stream Scalars) returns (stream .every.thing.Scalars);
}
"""


def protos():
    for folder in (SAMPLES, *sorted((REPOSITORY / "examples").rglob("*.proto"))):
        yield (folder, "shop/orders.proto") if folder == SAMPLES else (folder.parent, folder.name)


def sets(folder, name, out, flags):
    found = []
    for python in (None, PEER_PYTHON):
        path = out / f"set{len(found)}"
        more = {"python": python} if python else {}
        done = protoc(f"-I{folder}", f"--descriptor_set_out={path}", *flags, name, cwd=out, **more)
        assert done.returncode == 0, done.stderr
        found.append(descriptor_pb2.FileDescriptorSet.FromString(path.read_bytes()))
    return found


@pytest.mark.parametrize("flags", [[], ["--include_imports"], ["--include_imports", "--include_source_info"]], ids=len)
def test_everything(tmp_path, flags):
    (tmp_path / "every.proto").write_text(EVERYTHING)
    ours, theirs = sets(tmp_path, "every.proto", tmp_path, flags)
    assert ours == theirs


@pytest.mark.parametrize("folder, name", list(protos()), ids=lambda value: getattr(value, "name", value))
def test_examples(tmp_path, folder, name):
    ours, theirs = sets(folder, name, tmp_path, ["--include_source_info"])
    assert ours == theirs
