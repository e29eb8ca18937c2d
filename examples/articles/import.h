#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "godwit/base/error.h"
#include "godwit/base/result.h"
#include "store.h"

namespace articles {

struct ImportReport {
  std::size_t imported = 0;
  std::size_t skipped = 0;  // not UTF-8, too large, unreadable: each was reported
};

// Loads the .txt and .md files below `folder`, in the order of their names, in one transaction. An article's title is the first
// heading or line, its time that of the file. `progress(done, total)` after each file; `skip(path, why)` for each that
// is left out.
godwit::Result<ImportReport, godwit::Error> import_folder(Connection& connection, const std::string& folder,
                                                          const std::function<void(std::size_t, std::size_t)>& progress,
                                                          const std::function<void(const std::string&, const std::string&)>& skip);

}  // namespace articles
