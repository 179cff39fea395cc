// SPDX-License-Identifier: Apache-2.0

#include "tests/differential/guest_queue.h"

#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdint>

#include "absl/strings/str_cat.h"

namespace pollux::differential {
namespace {

constexpr int kLoopback = 1;

void Append(std::string& bytes, const void* data, size_t size) {
  bytes.append(static_cast<const char*>(data), size);
  bytes.resize(RTA_ALIGN(bytes.size()));
}

// Unless it is there. Whether it is shows when it is used.
void LoadModule(const std::string& kind) {
  utsname kernel = {};
  ::uname(&kernel);
  const std::string path =
      absl::StrCat("/usr/lib/uml/modules/", kernel.release, "/kernel/net/sched/sch_", kind, ".ko");
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  ::syscall(SYS_finit_module, fd, "", 0);
  ::close(fd);
}

}  // namespace

std::string Attribute(int type, const std::string& value) {
  rtattr header = {};
  header.rta_len = static_cast<uint16_t>(RTA_LENGTH(value.size()));
  header.rta_type = static_cast<uint16_t>(type);
  std::string bytes;
  Append(bytes, &header, sizeof(header));
  Append(bytes, value.data(), value.size());
  return bytes;
}

absl::StatusOr<std::unique_ptr<GuestQueue>> GuestQueue::Open() {
  // The first process is the guest's own, and this one its child.
  if (::getppid() != 1) {
    return absl::FailedPreconditionError(
        "this would change the network of a machine; run it by \"inside uml\"");
  }
  absl::StatusOr<std::unique_ptr<lab::Netlink>> netlink = lab::Netlink::Open();
  if (!netlink.ok()) return netlink.status();
  if (absl::Status s = (*netlink)->SetUp(kLoopback, true); !s.ok()) return s;
  return std::unique_ptr<GuestQueue>(new GuestQueue(*std::move(netlink)));
}

absl::Status GuestQueue::Set(const std::string& kind, const std::string& options) {
  LoadModule(kind);
  const absl::Status set = netlink_->SetRootQueue(kLoopback, kind.c_str(), options);
  if (set.ok()) return set;
  return absl::UnimplementedError(absl::StrCat("this kernel has no ", kind, ": ", set.message()));
}

}  // namespace pollux::differential
