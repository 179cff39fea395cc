// SPDX-License-Identifier: Apache-2.0
//
// File: resolver.h
//
// `Resolver` looks host names up without holding up the loop: the operating system's resolver
// blocks, so it is asked on a thread of its own, which is started by the first name. It knows no
// operating system: a `NameService` asks and starts the thread.

#ifndef POLLUX_PLATFORM_COMMON_RESOLVER_H_
#define POLLUX_PLATFORM_COMMON_RESOLVER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "udp/ip_address.h"
#include "udp/socket_engine.h"

namespace pollux::internal {

// The blocking resolver of an operating system. Thread-safe: `Lookup` runs on the resolver's
// thread.
class NameService {
 public:
  virtual ~NameService() = default;

  // Looks `name` up, for as long as it takes. At least one address, or an error.
  virtual absl::StatusOr<std::vector<IpAddress>> Lookup(const std::string& name) = 0;
  // Runs `body` on a new thread that nobody waits for.
  virtual absl::Status StartThread(absl::AnyInvocable<void()> body) = 0;
};

// Loop thread only. Destroying it drops the callbacks that did not run yet, and never waits: a
// lookup that is under way ends on its thread, and is forgotten there.
class Resolver {
 public:
  // For `engine`, which owns it.
  Resolver(SocketEngine& engine, std::shared_ptr<NameService> names);
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  ~Resolver();

  // As `SocketEngine::Resolve`.
  void Resolve(absl::string_view name, SocketEngine::ResolveCallback callback);

 private:
  struct Shared;  // What the thread and this object have in common.

  static void Work(const std::shared_ptr<Shared>& shared);
  absl::Status StartOnce();
  // Posts the end of request `id`.
  void PostResult(uint64_t id, absl::StatusOr<std::vector<IpAddress>> result);
  void Finish(uint64_t id, absl::StatusOr<std::vector<IpAddress>> result);

  SocketEngine& engine_;
  std::shared_ptr<Shared> shared_;
  bool started_ = false;
  uint64_t next_id_ = 0;
  // Callbacks stay on the loop's thread, where what they own belongs.
  std::map<uint64_t, SocketEngine::ResolveCallback> waiting_;
};

}  // namespace pollux::internal

#endif  // POLLUX_PLATFORM_COMMON_RESOLVER_H_
