// SPDX-License-Identifier: Apache-2.0

#include "sim/testing/run_files.h"

#include <cstdlib>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "sim/trace/html.h"
#include "sim/trace/pcapng.h"
#include "sim/trace/write_file.h"

namespace pollux::sim {

namespace {

// Bazel's folder lies in a sandbox that goes with the test; what was in it is then to be had from
// the root of the project.
std::string WhereTheyAreAfterwards(const std::string& folder) {
  constexpr absl::string_view kLogs = "/testlogs/";
  const size_t logs = folder.rfind(kLogs);
  if (logs == std::string::npos) return folder;
  return absl::StrCat("bazel-testlogs/", folder.substr(logs + kLogs.size()));
}

}  // namespace

struct RunFiles::Sinks {
  explicit Sinks(Network& net)
      : capture(net.trace(), net.scene()), page(net.trace(), net.scene()) {}

  PcapngTrace capture;
  HtmlTrace page;
};

RunFiles::RunFiles(Network& net) : net_(net) {
  // lint: allow(environment) it says where files go, and is in no run
  const char* folder = std::getenv("TEST_UNDECLARED_OUTPUTS_DIR");
  if (folder == nullptr || *folder == '\0') return;
  folder_ = folder;
  sinks_ = std::make_unique<Sinks>(net);
}

RunFiles::~RunFiles() = default;

std::string RunFiles::Write(absl::string_view test) const {
  if (sinks_ == nullptr) return "";
  const std::string name = absl::StrReplaceAll(test, {{"/", "_"}});
  const std::string path = absl::StrCat(folder_, "/", name);
  const std::string title = absl::StrCat(test, ", seed ", net_.Story().seed);
  absl::Status status = WriteFile(absl::StrCat(path, ".pcapng"), sinks_->capture.File());
  status.Update(WriteFile(absl::StrCat(path, ".html"),
                          sinks_->page.Page({.title = title, .story = net_.Story().ToString()})));
  if (!status.ok()) return absl::StrCat("\nThe run could not be kept: ", status.message(), "\n");
  const std::string shown = WhereTheyAreAfterwards(folder_);
  return absl::StrCat("\nThe whole run, for Wireshark and for a browser",
                      shown == folder_ ? "" : " (or in outputs.zip there)", ":\n\n  ", shown, "/",
                      name, ".pcapng\n  ", shown, "/", name, ".html\n");
}

}  // namespace pollux::sim
