#include "cli/call_method.h"

#include <filesystem>

#include "godwit/proto/schema/suggest.h"

namespace godwit::cli {

using proto::FileDescriptor;
using proto::MethodDescriptor;
using proto::ServiceDescriptor;

namespace {

constexpr std::size_t kMostNames = 40;  // listed in one error

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::string path_text(const MethodDescriptor& method) {
  return std::string(method.service().full_name()) + "/" + std::string(method.name());
}

std::string did_you_mean(std::string_view name, const std::vector<std::string_view>& candidates,
                         std::string_view prefix, std::string_view suffix) {
  std::string_view nearest = proto::nearest_name(name, candidates);
  if (nearest.empty()) return {};
  return "\ndid you mean " + std::string(prefix) + std::string(nearest) + std::string(suffix) + "?";
}

// One line for each method: "  SayHello(helloworld.HelloRequest) returns (helloworld.HelloReply)".
std::string methods_text(const ServiceDescriptor& service) {
  std::string text = "\n" + std::string(service.full_name()) + " has";
  if (service.methods().empty()) return text + " no methods";
  text += ":";
  std::size_t shown = 0;
  for (const MethodDescriptor& m : service.methods()) {
    if (shown++ == kMostNames) return text + "\n  ...";
    text += "\n  " + std::string(m.name()) + "(" + (m.client_streaming() ? "stream " : "") +
            std::string(m.input_type().full_name()) + ") returns (" + (m.server_streaming() ? "stream " : "") +
            std::string(m.output_type().full_name()) + ")";
  }
  return text;
}

}  // namespace

MethodKind kind_of(const MethodDescriptor& method) {
  if (method.client_streaming()) {
    return method.server_streaming() ? MethodKind::kBidiStreaming : MethodKind::kClientStreaming;
  }
  return method.server_streaming() ? MethodKind::kServerStreaming : MethodKind::kUnary;
}

Result<std::unique_ptr<ServiceCatalog>, Error> ServiceCatalog::compile(const std::vector<std::string>& files,
                                                                       const std::vector<std::string>& folders) {
  std::unique_ptr<ServiceCatalog> catalog(new ServiceCatalog);
  for (const std::string& folder : folders) {
    std::error_code ignored;
    if (!std::filesystem::is_directory(folder, ignored)) {
      return Failure(Error("error: -I " + folder + ": no such folder\n"));
    }
    catalog->tree_.map("", folder);
  }
  if (folders.empty()) {
    catalog->tree_.map("", ".");
    for (const std::string& file : files) {
      std::string parent = std::filesystem::path(file).parent_path().string();
      if (!parent.empty()) catalog->tree_.map("", parent);
    }
  }
  std::vector<std::string> names;
  for (const std::string& file : files) {
    auto name = catalog->tree_.import_name_of(file);
    if (!name.ok()) return Failure(Error("error: --proto " + name.error().message + "\n"));
    names.push_back(std::move(*name));
  }
  compiler::Compiler::Options options;
  options.source_info = false;
  catalog->compiler_ = std::make_unique<compiler::Compiler>(catalog->tree_, catalog->report_, options);
  bool good = true;
  for (const std::string& name : names) good = catalog->compiler_->compile(name) != nullptr && good;
  if (!good) {
    std::string text;
    for (const compiler::Diagnostic& d : catalog->report_.sorted()) {
      text += compiler::render(d, compiler::ErrorFormat::kGcc);
    }
    return Failure(Error(text));
  }
  catalog->registry_ = std::make_unique<proto::TypeRegistry>(catalog->compiler_->pool());
  return catalog;
}

std::vector<const ServiceDescriptor*> ServiceCatalog::services() const {
  std::vector<const ServiceDescriptor*> all;
  for (const FileDescriptor* file : compiler_->pool().files()) {
    for (const ServiceDescriptor& s : file->services()) all.push_back(&s);
  }
  return all;
}

Result<const MethodDescriptor*, Error> ServiceCatalog::find(std::string_view written) const {
  std::string_view name = written;
  if (name.starts_with('/')) name.remove_prefix(1);
  std::size_t cut = name.rfind('/');
  if (cut == std::string_view::npos) {
    // "package.Service.Method", unless it is the service alone.
    const ServiceDescriptor* whole = compiler_->pool().find_service(name);
    cut = name.rfind('.');
    if (whole != nullptr || cut == std::string_view::npos) {
      std::string text = quoted(written) + " names no method\nwrite PACKAGE.SERVICE/METHOD";
      if (whole != nullptr) return Failure(Error(text + methods_text(*whole)));
      return Failure(Error(unknown_service(written, name, "").message));
    }
  }
  const std::string_view service_name = name.substr(0, cut), method_name = name.substr(cut + 1);
  const ServiceDescriptor* service = compiler_->pool().find_service(service_name);
  if (service == nullptr) return Failure(unknown_service(written, service_name, method_name));
  if (const MethodDescriptor* method = service->find_method(method_name)) return method;
  std::vector<std::string_view> names;
  for (const MethodDescriptor& m : service->methods()) names.push_back(m.name());
  return Failure(Error("the service " + std::string(service_name) + " has no method " + quoted(method_name) +
                       did_you_mean(method_name, names, std::string(service_name) + "/", "") + methods_text(*service)));
}

Error ServiceCatalog::unknown_service(std::string_view written, std::string_view service,
                                      std::string_view method) const {
  const std::vector<const ServiceDescriptor*> all = services();
  if (all.empty())
    return Error("the files of --proto declare no service\nname the file that declares " + quoted(written));
  std::string text = "the files of --proto declare no service " + quoted(service);
  const std::string suffix = method.empty() ? "" : "/" + std::string(method);
  // The package is easily forgotten.
  const std::string_view simple = service.substr(service.rfind('.') + 1);
  std::string hint;
  for (const ServiceDescriptor* s : all) {
    if (s->name() != simple) continue;
    if (!s->file().package().empty() && service.find('.') == std::string_view::npos) {
      hint = "\nits package belongs to its name: " + std::string(s->full_name()) + suffix;
    } else {
      hint = "\ndid you mean " + std::string(s->full_name()) + suffix + "?";
    }
    break;
  }
  if (hint.empty()) {
    std::vector<std::string_view> names;
    for (const ServiceDescriptor* s : all) names.push_back(s->full_name());
    hint = did_you_mean(service, names, "", suffix);
  }
  text += hint + "\nthey declare:";
  std::size_t shown = 0;
  for (const ServiceDescriptor* s : all) {
    for (const MethodDescriptor& m : s->methods()) {
      if (shown++ == kMostNames) return Error(text + "\n  ...");
      text += "\n  " + path_text(m);
    }
  }
  return Error(text);
}

}  // namespace godwit::cli
