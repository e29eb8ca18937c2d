#include "godwit/compiler/codegen/grpc_cpp/grpc_cpp_generator.h"

#include <algorithm>
#include <set>
#include <unordered_set>

#include "godwit/compiler/codegen/cpp/names.h"
#include "godwit/compiler/codegen/cpp/printer.h"

namespace godwit::compiler {
namespace {

using cpp::Printer;
using proto::FileDescriptor;
using proto::MethodDescriptor;
using proto::ServiceDescriptor;

// The class of a service; it cannot have the name of a class inside of it.
std::string class_of(const ServiceDescriptor& s) {
  std::string name = cpp::safe_identifier(s.name());
  for (std::string_view inner : {"Service", "BlockingService", "Stub", "BlockingStub"}) {
    if (name == inner) return name + "_";
  }
  return name;
}

// Names that a method's function cannot have inside of the generated classes.
std::string method_name(const MethodDescriptor& m) {
  static const std::unordered_set<std::string_view> kTaken = {"Service", "BlockingService", "Stub",   "BlockingStub",
                                                              "methods", "service_name",    "blocks", "channel_"};
  std::string name = cpp::safe_identifier(m.name());
  if (kTaken.contains(name) || name == class_of(m.service())) name += '_';
  return name;
}

struct MethodText {
  std::string name, path, kind, factory, request, reply;
  // Parameters of the server's functions, and result and parameters of the client's.
  std::string server, blocking_server;
  std::string server_types, blocking_server_types;
  std::string call, blocking_call;
  bool takes_request = false;  // the client's function
};

MethodText describe(const MethodDescriptor& m) {
  MethodText t;
  t.name = method_name(m);
  t.path = "/" + std::string(m.service().full_name()) + "/" + std::string(m.name());
  t.request = cpp::qualified_class_name(m.input_type());
  t.reply = cpp::qualified_class_name(m.output_type());
  std::string both = t.request + ", " + t.reply;
  const std::string& q = t.request;
  const std::string& p = t.reply;
  if (!m.client_streaming() && !m.server_streaming()) {
    t.kind = "kUnary";
    t.factory = "unary_method";
    t.server = t.blocking_server = "const " + q + "& request, " + p + "& reply";
    t.server_types = t.blocking_server_types = "const " + q + "&, " + p + "&";
    t.call = "::godwit::UnaryCall<" + both + ">";
    t.blocking_call = "::godwit::StatusOr<::godwit::Owned<" + p + ">>";
    t.takes_request = true;
  } else if (!m.client_streaming()) {
    t.kind = "kServerStreaming";
    t.factory = "server_streaming_method";
    t.server = "const " + q + "& request, ::godwit::ServerWriter<" + p + ">& writer";
    t.blocking_server = "const " + q + "& request, ::godwit::BlockingServerWriter<" + p + ">& writer";
    t.server_types = "const " + q + "&, ::godwit::ServerWriter<" + p + ">&";
    t.blocking_server_types = "const " + q + "&, ::godwit::BlockingServerWriter<" + p + ">&";
    t.call = "::godwit::ClientReader<" + both + ">";
    t.blocking_call = "::godwit::BlockingReader<" + both + ">";
    t.takes_request = true;
  } else if (!m.server_streaming()) {
    t.kind = "kClientStreaming";
    t.factory = "client_streaming_method";
    t.server = "::godwit::ServerReader<" + q + ">& reader, " + p + "& reply";
    t.blocking_server = "::godwit::BlockingServerReader<" + q + ">& reader, " + p + "& reply";
    t.server_types = "::godwit::ServerReader<" + q + ">&, " + p + "&";
    t.blocking_server_types = "::godwit::BlockingServerReader<" + q + ">&, " + p + "&";
    t.call = "::godwit::ClientWriter<" + both + ">";
    t.blocking_call = "::godwit::BlockingWriter<" + both + ">";
  } else {
    t.kind = "kBidiStreaming";
    t.factory = "bidi_streaming_method";
    t.server = "::godwit::ServerReaderWriter<" + both + ">& stream";
    t.blocking_server = "::godwit::BlockingServerReaderWriter<" + both + ">& stream";
    t.server_types = "::godwit::ServerReaderWriter<" + both + ">&";
    t.blocking_server_types = "::godwit::BlockingServerReaderWriter<" + both + ">&";
    t.call = "::godwit::ClientReaderWriter<" + both + ">";
    t.blocking_call = "::godwit::BlockingReaderWriter<" + both + ">";
  }
  return t;
}

void comments_of(const MethodDescriptor& m, Printer& out) {
  proto::Comments c = m.comments();
  out.indent();
  out.indent();
  out.comment(c.leading.empty() ? c.trailing : c.leading);
  out.outdent();
  out.outdent();
}

void declare_service(const ServiceDescriptor& s, Printer& out) {
  std::string name = class_of(s);
  proto::Comments c = s.comments();
  out.comment(c.leading.empty() ? c.trailing : c.leading);
  out.print(R"(class $class$ final {
 public:
  static constexpr std::string_view kServiceName = "$full_name$";

  // What a server of coroutines derives from. Methods that are not overridden answer UNIMPLEMENTED.
  class Service : public ::godwit::Service {
   public:
)",
           {{"class", name}, {"full_name", s.full_name()}});
  for (const MethodDescriptor& m : s.methods()) {
    MethodText t = describe(m);
    comments_of(m, out);
    out.print("    virtual ::godwit::Task<::godwit::Status> $name$(::godwit::ServerContext& context, $parameters$);\n",
             {{"name", t.name}, {"parameters", t.server}});
  }
  out.print(R"(    std::string_view service_name() const final;
    std::vector<::godwit::rpc::Method> methods() final;
  };

  // The same for handlers that block; they run on the server's worker threads.
  class BlockingService : public ::godwit::Service {
   public:
)");
  for (const MethodDescriptor& m : s.methods()) {
    MethodText t = describe(m);
    comments_of(m, out);
    out.print("    virtual ::godwit::Status $name$(::godwit::ServerContext& context, $parameters$);\n",
             {{"name", t.name}, {"parameters", t.blocking_server}});
  }
  out.print(R"(    std::string_view service_name() const final;
    std::vector<::godwit::rpc::Method> methods() final;
    bool blocks() const final { return true; }
  };
)");
  for (bool blocking : {false, true}) {
    out.print(R"(
  // $what$
  class $stub$ {
   public:
    explicit $stub$(::godwit::Channel&$channel$) $initializer${}
)",
             {{"stub", blocking ? "BlockingStub" : "Stub"},
              {"channel", s.methods().empty() ? "" : " channel"},
              {"initializer", s.methods().empty() ? "" : ": channel_(channel) "},
              {"what", blocking ? "Calls for threads that wait." : "Calls for coroutines on the channel's loop."}});
    for (const MethodDescriptor& m : s.methods()) {
      MethodText t = describe(m);
      comments_of(m, out);
      const std::string& call = blocking ? t.blocking_call : t.call;
      std::string request = t.takes_request ? "const " + t.request + "& request" : "";
      out.print("    $call$ $name$($request$);\n    $call$ $name$(::godwit::ClientContext& context$comma$$request$);\n",
               {{"call", call}, {"name", t.name}, {"request", request}, {"comma", request.empty() ? "" : ", "}});
    }
    if (!s.methods().empty()) out.print("\n   private:\n    ::godwit::Channel& channel_;\n");
    out.print("  };\n");
  }
  if (!s.methods().empty()) out.print("\n  // The methods, for generic callers.\n");
  for (const MethodDescriptor& m : s.methods()) {
    out.print("  static const ::godwit::ClientMethod& $name$_method();\n", {{"name", m.name()}});
  }
  out.print("};\n\n");
}

void define_server(const ServiceDescriptor& s, bool blocking, Printer& out) {
  std::string scope = class_of(s) + (blocking ? "::BlockingService" : "::Service");
  for (const MethodDescriptor& m : s.methods()) {
    MethodText t = describe(m);
    out.print("$result$ $scope$::$name$(::godwit::ServerContext&, $types$) {\n  $return$ ::godwit::unimplemented(\"$path$\");\n}\n",
             {{"result", blocking ? "::godwit::Status" : "::godwit::Task<::godwit::Status>"},
              {"scope", scope},
              {"name", t.name},
              {"types", blocking ? t.blocking_server_types : t.server_types},
              {"return", blocking ? "return" : "co_return"},
              {"path", t.path}});
  }
  out.print("std::string_view $scope$::service_name() const { return kServiceName; }\n"
           "std::vector<::godwit::rpc::Method> $scope$::methods() {\n"
           "  std::vector<::godwit::rpc::Method> methods;\n",
           {{"scope", scope}});
  for (const MethodDescriptor& m : s.methods()) {
    MethodText t = describe(m);
    out.print("  methods.push_back(::godwit::$factory$(\"$path$\", *this, &$class$::$name$));\n",
             {{"factory", t.factory}, {"path", t.path}, {"class", blocking ? "BlockingService" : "Service"}, {"name", t.name}});
  }
  out.print("  return methods;\n}\n\n");
}

void define_client(const ServiceDescriptor& s, bool blocking, Printer& out) {
  std::string scope = class_of(s) + (blocking ? "::BlockingStub" : "::Stub");
  for (const MethodDescriptor& m : s.methods()) {
    MethodText t = describe(m);
    bool unary = !m.client_streaming() && !m.server_streaming();
    for (bool with_context : {false, true}) {
      std::string parameters = with_context ? "::godwit::ClientContext& context" : "";
      if (t.takes_request) parameters += std::string(with_context ? ", " : "") + "const " + t.request + "& request";
      std::string arguments = std::string("channel_, ") + std::string(m.name()) + "_method(), " + (with_context ? "&context" : "nullptr");
      if (t.takes_request) arguments += ", request";
      std::string body = blocking && unary ? "::godwit::blocking_unary<" + t.request + ", " + t.reply + ">(" + arguments + ")" : "{" + arguments + "}";
      out.print("$call$ $scope$::$name$($parameters$) {\n  return $body$;\n}\n",
               {{"call", blocking ? t.blocking_call : t.call}, {"scope", scope}, {"name", t.name}, {"parameters", parameters}, {"body", body}});
    }
  }
  if (!s.methods().empty()) out.print("\n");
}

void define_service(const ServiceDescriptor& s, Printer& out) {
  for (const MethodDescriptor& m : s.methods()) {
    MethodText t = describe(m);
    out.print(R"(const ::godwit::ClientMethod& $class$::$raw_name$_method() {
  static const ::godwit::ClientMethod method("$path$", ::godwit::MethodKind::$kind$);
  return method;
}
)",
             {{"class", class_of(s)}, {"raw_name", m.name()}, {"path", t.path}, {"kind", t.kind}});
  }
  if (!s.methods().empty()) out.print("\n");
  define_server(s, false, out);
  define_server(s, true, out);
  define_client(s, false, out);
  define_client(s, true, out);
}

}  // namespace

Result<std::vector<GeneratedOutput>, std::vector<GeneratorError>> GrpcCppGenerator::generate(const GeneratorRequest& request) const {
  for (const auto& [key, value] : parse_generator_parameter(request.parameter)) {
    GeneratorError error;
    error.message = "unknown parameter \"" + key + "\"";
    error.help = "this generator takes none";
    return Failure(std::vector<GeneratorError>{error});
  }
  std::vector<GeneratedOutput> out;
  for (const FileDescriptor* file : request.files) {
    std::string stem(strip_proto_extension(file->name()));
    std::string space = cpp::namespace_of(*file);

    Printer header;
    header.print("// Generated by godwit from $file$. Do not edit.\n#pragma once\n\n#include <string_view>\n#include <vector>\n\n", {{"file", file->name()}});
    std::set<std::string> includes = {cpp::header_path(*file)};
    for (const ServiceDescriptor& s : file->services()) {
      for (const MethodDescriptor& m : s.methods()) {
        includes.insert(cpp::header_path(m.input_type().file()));
        includes.insert(cpp::header_path(m.output_type().file()));
      }
    }
    includes.insert("godwit/stub/generated.h");
    for (const std::string& include : includes) header.print("#include \"$include$\"\n", {{"include", include}});
    header.print("\n");
    if (!space.empty()) header.print("namespace $space$ {\n\n", {{"space", space}});
    for (const ServiceDescriptor& s : file->services()) declare_service(s, header);
    if (!space.empty()) header.print("}  // namespace $space$\n", {{"space", space}});
    out.push_back({stem + ".grpc.pb.h", header.take()});

    Printer source;
    source.print("// Generated by godwit from $file$. Do not edit.\n#include \"$stem$.grpc.pb.h\"\n\n", {{"file", file->name()}, {"stem", stem}});
    if (!space.empty()) source.print("namespace $space$ {\n\n", {{"space", space}});
    for (const ServiceDescriptor& s : file->services()) define_service(s, source);
    if (!space.empty()) source.print("}  // namespace $space$\n", {{"space", space}});
    out.push_back({stem + ".grpc.pb.cc", source.take()});
  }
  return out;
}

}  // namespace godwit::compiler
