"""x_pb2.py: the same messages as those of grpcio-tools, under every release of protobuf at hand, in both implementations."""
import json
import tempfile
import unittest

import support

MODULES = [support.module_of(p) for p in support.ALL_PROTOS if p not in support.ONLY_OURS]


def dump(python, folder, **environment):
    # Warnings are errors: nothing that is deprecated may be in use.
    return json.loads(support.must([python, "-I", "-W", "error::SyntaxWarning", "-B", support.HERE / "dump_modules.py", folder,
                                    *MODULES], **environment))


def implementations(python):
    for name in ("upb", "python"):
        yield name, {"PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": name}


def without(dumped, *keys):
    """A copy of the dump without what differs between releases of protobuf."""
    if isinstance(dumped, dict):
        return {k: without(v, *keys) for k, v in dumped.items() if k not in keys}
    return [without(v, *keys) for v in dumped] if isinstance(dumped, list) else dumped


class MessagesTest(unittest.TestCase):
    maxDiff = 3000

    def test_like_those_of_grpcio_tools(self):
        if not support.PEERS.exists():
            self.skipTest("no grpcio-tools: tools/setup peers-python installs them")
        with tempfile.TemporaryDirectory() as folder:
            support.generate_by_reference(folder, [p for p in support.ALL_PROTOS if p not in support.ONLY_OURS])
            for name, environment in implementations(support.PEERS):
                ours = dump(support.PEERS, support.generated(), **environment)
                theirs = dump(support.PEERS, folder, **environment)
                self.assertEqual(sorted(ours), sorted(theirs))
                for module in ours:
                    with self.subTest(module=module, implementation=name):
                        self.assertEqual(ours[module], theirs[module])

    def test_the_same_under_every_release(self):
        pythons = support.need_python()
        first = None
        for name, python in pythons:
            for implementation, environment in implementations(python):
                dumped = without(dump(python, support.generated(), **environment), "names", "proto", "class", "serialized")
                first = first or dumped
                for module in first:
                    with self.subTest(protobuf=name, implementation=implementation, module=module):
                        self.assertEqual(dumped[module], first[module])


if __name__ == "__main__":
    unittest.main()
